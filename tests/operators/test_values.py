"""Acts on values that are no counts: recorded as they are, and beyond every limit where they are no numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from ops_dashboard.acts import ActRequest, RequestError
from ops_dashboard.catalog import Limits
from ops_dashboard.ledger import Outcome, Value
from ops_operators.guarded import GuardedOperator
from ops_operators.steps import Attempt, Effect, Observation
from tests.support.acting import Run, perform, records
from tests.support.company import grant, with_grants


class SetRequest(ActRequest):
    verb: ClassVar[str] = "scale"

    value: int | float | str | bool
    before: int | float | str | bool | None = None

    @classmethod
    def resource_of(cls, values: Mapping[str, Any]) -> str:
        return "ads/setting"

    @property
    def requested(self) -> Value:
        return self.value


class SetValue(GuardedOperator[SetRequest, None]):
    """Sets nothing; what is there before is what the request says."""

    request_model = SetRequest

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(task_id="act", time_limit=timedelta(minutes=5), **kwargs)

    def check(self, request: SetRequest) -> None:
        pass

    def observe(self, request: SetRequest) -> Observation[None]:
        if request.before == "broken":
            raise RequestError({"value": "nothing can be set here"})
        return Observation(request.before, None)

    def act(self, request: SetRequest, seen: None, attempt: Attempt) -> Effect:
        attempt.changed(request.value)
        return Effect(request.value)


VALUES: list[tuple[Value, Value]] = [
    ("eu-west", "us-east"),
    ("99", "1"),
    (True, False),
    (False, True),
    (0.5, 99.5),
    (3, 9),
    (0, None),
    ("grün → blau", None),
    ("x" * 2000, ""),
]


@pytest.mark.parametrize(("value", "before"), VALUES)
def test_a_value_is_recorded_as_it_is(at_work: psycopg.Connection, value: Value, before: Value) -> None:
    with_grants(at_work, grant("ads-oncall", "scale:ads/*"))
    run = Run({"value": value, "before": before, "reason": "because"})
    assert perform(SetValue(), run) == {"before": before, "after": value, "ready": None}
    (record,) = records(at_work, run)
    told = (record.before, record.requested, record.after)
    assert told == (before, value, value)
    assert list(map(type, told)) == [type(before), type(value), type(value)]


def test_a_count_is_still_judged(at_work: psycopg.Connection) -> None:
    run = Run({"value": 30, "before": 3, "reason": "because"})
    with pytest.raises(AirflowFailException, match="changes of at most 10"):
        perform(SetValue(), run)
    assert records(at_work, run)[0].outcome is Outcome.DENIED


def test_what_is_there_can_rule_a_request_out(at_work: psycopg.Connection) -> None:
    run = Run({"value": 30, "before": "broken", "reason": "because"})
    with pytest.raises(AirflowFailException, match="value: nothing can be set here"):
        perform(SetValue(), run)
    (record,) = records(at_work, run)
    assert (record.outcome, record.started_at) == (Outcome.REFUSED, None)


NONE_OF_NUMBERS = "has limits, which judge numbers only, and what you asked for is none"
LIMITED: list[tuple[Value, Value, Limits, str | None]] = [
    (3, 2, Limits(max=10, max_change=1), None),
    (3.0, 2, Limits(max=10, max_change=1), None),
    (2.5, 2, Limits(max=10, max_change=1), None),
    (3.5, 2, Limits(max=10, max_change=1), "changes of at most 1 at a time, you asked for 2 → 3.5"),
    (900000.0, 2, Limits(max=10), "at most 10, you asked for 900000"),
    (9e5, 2, Limits(max=10), "at most 10"),
    (-0.5, 2, Limits(min=0), "at least 0, you asked for -0.5"),
    (9, 2.5, Limits(max_change=1), "changes of at most 1 at a time, you asked for 2.5 → 9"),
    (9, None, Limits(max_change=1), "and what is there now is no number"),
    (9, "text", Limits(max_change=1), "and what is there now is no number"),
    (9, None, Limits(max=10), None),
    ("9", 9, Limits(max=10), NONE_OF_NUMBERS),
    (True, 1, Limits(max=10), NONE_OF_NUMBERS),
    ("text", "text", Limits(min=0), NONE_OF_NUMBERS),
]


@pytest.mark.parametrize(("value", "before", "limits", "message"), LIMITED)
def test_limits_are_judged_whatever_the_value_is(
    at_work: psycopg.Connection, value: Value, before: Value, limits: Limits, message: str | None
) -> None:
    with_grants(at_work, grant("ads-oncall", "scale:ads/*", limits=limits))
    run = Run({"value": value, "before": before, "reason": "because"})
    if message is None:
        assert perform(SetValue(), run)["after"] == value
        return
    with pytest.raises(AirflowFailException):
        perform(SetValue(), run)
    (record,) = records(at_work, run)
    assert (record.outcome, message in str(record.message)) == (Outcome.DENIED, True), record.message


def test_an_unlimited_grant_beside_a_limited_one_allows_what_is_no_number(at_work: psycopg.Connection) -> None:
    with_grants(at_work, grant("ads-oncall", "scale:ads/*", limits=Limits(max=1)), grant("ads-oncall", "scale:*"))
    assert perform(SetValue(), Run({"value": "text", "reason": "because"}))["after"] == "text"
