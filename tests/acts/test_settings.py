"""What a person may ask a setting to be: every bad value has a message with field, value and what is accepted."""

from __future__ import annotations

from typing import Any

import pytest

from ops_dashboard.acts import ChangeSettingRequest, RequestError, check_setting, parse
from ops_dashboard.catalog import Parameter, Setting, ValueType

SIZE = Setting(
    name="ads/batch-size",
    title="Bids per batch",
    owner="Ads",
    value=Parameter(type=ValueType.INTEGER, minimum=1, maximum=1000),
    config_map=None,
    variable="batch_size",
)
FLAG = SIZE.model_copy(update={"value": Parameter(type=ValueType.BOOLEAN)})
ASKED: dict[str, Any] = {"setting": "ads/batch-size", "value": 200, "reason": "x"}
SCALAR = "a text of at most 2000 characters, a number, true or false"


@pytest.mark.parametrize("value", [200, "b", 0.5, True, False, 0, "", -(2**70)])
@pytest.mark.parametrize("expected", [None, 100, "a", 0.25, False])
def test_every_scalar_is_carried_as_it_is(value: Any, expected: Any) -> None:
    request = parse(ChangeSettingRequest, {**ASKED, "value": value, "expected": expected})
    again = parse(ChangeSettingRequest, request.model_dump(mode="json"))

    assert (request.requested, type(request.requested)) == (value, type(value))
    assert (request.expects, type(request.expects)) == (expected, type(expected))
    assert again == request
    assert request.target == "set:ads/batch-size"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"value": None}, f"value: nothing is not accepted; accepted is {SCALAR}"),
    ({"value": float("nan")}, f"value: nan is not accepted; accepted is {SCALAR}"),
    ({"value": float("inf")}, "value: inf is not accepted"),
    ({"value": 10**400}, "value: 1000000"),
    ({"value": [3]}, "value: [3] is not accepted"),
    ({"value": {"a": 3}}, "value: {'a': 3} is not accepted"),
    ({"value": "x" * 2001}, "value: 'xxx"),
    ({"expected": [3]}, "expected: [3] is not accepted; accepted is the value that was seen"),
    ({"expected": float("nan")}, "expected: nan is not accepted"),
    ({"expected_unset": 1}, "expected_unset: 1 is not accepted"),
    ({"expected_unset": None}, "expected_unset: nothing is not accepted"),
    ({"expected_unset": True, "expected": 3}, "expected_unset: True is not accepted; accepted is false when expected"),
    ({"setting": 3}, "setting: 3 is not accepted"),
    ({"setting": "x" * 128}, "setting: 'xxx"),
    ({"user": "admin"}, "user: unknown; accepted are reason, setting, value, expected, expected_unset"),
    ({"reason": " "}, "reason: ' ' is not accepted"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "message"), REFUSED)
def test_what_is_no_scalar_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError) as error:
        parse(ChangeSettingRequest, {**ASKED, **changed})

    assert str(error.value).startswith(message)
    assert len(str(error.value)) < 400


JUDGED: list[tuple[Setting, Any, Any, str]] = [
    (SIZE, "200", None, "value: '200' is not accepted; accepted is"),
    (SIZE, 3.5, None, "value: 3.5 is not accepted"),
    (SIZE, 100.0, None, "value: 100.0 is not accepted"),
    (SIZE, True, None, "value: True is not accepted"),
    (SIZE, 0, None, "value: 0 is not accepted"),
    (SIZE, 1001, None, "value: 1001 is not accepted"),
    (SIZE, 200, True, "expected: True is not accepted; ads/batch-size is of type integer"),
    (SIZE, 200, 1.0, "expected: 1.0 is not accepted"),
    (FLAG, 1, None, "value: 1 is not accepted"),
    (FLAG, "true", None, "value: 'true' is not accepted"),
    (FLAG, True, 1, "expected: 1 is not accepted"),
]  # fmt: skip


@pytest.mark.parametrize(("setting", "value", "expected", "message"), JUDGED)
def test_nothing_is_coerced_to_a_settings_type(setting: Setting, value: Any, expected: Any, message: str) -> None:
    request = parse(ChangeSettingRequest, {**ASKED, "value": value, "expected": expected})

    with pytest.raises(RequestError) as error:
        check_setting(setting, request)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("expected", [None, 5000, "a hundred"])
def test_a_value_that_is_not_accepted_can_have_been_seen(expected: Any) -> None:
    check_setting(SIZE, parse(ChangeSettingRequest, {**ASKED, "expected": expected}))
