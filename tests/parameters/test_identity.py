"""What counts as the same value, for as many runs as may go on with it."""

from __future__ import annotations

from typing import Any

import pytest

from ops_dashboard.acts import run_request
from ops_dashboard.catalog import Operation, Parameter, TextFormat, ValueType
from ops_dashboard.parameters import identity_of

NUMBER, TEXT = Parameter(type=ValueType.NUMBER), Parameter(type=ValueType.STRING)
MOMENT = Parameter(type=ValueType.STRING, format=TextFormat.DATE_TIME)
SAME: list[tuple[Parameter, Any, Any]] = [
    (NUMBER, 1, 1.0),
    (NUMBER, 0, -0.0),
    (NUMBER, 1e3, 1000),
    (MOMENT, "2026-11-01T03:00:00Z", "2026-11-01T04:00:00+01:00"),
    (MOMENT, "2026-11-01T03:00:00Z", "2026-11-01T03:00:00.0Z"),
    (TEXT, "a", "a"),
]
OTHERS: list[tuple[Parameter, Any, Any]] = [
    (NUMBER, 1, 1.5),
    (NUMBER, 1, "1"),
    (TEXT, "1", 1),
    (TEXT, "null", None),
    (TEXT, "2026-11-01T03:00:00Z", "2026-11-01T04:00:00+01:00"),
    (MOMENT, "2026-11-01T03:00:00Z", "2026-11-01T03:00:01Z"),
    (Parameter(type=ValueType.BOOLEAN), True, "true"),
]


@pytest.mark.parametrize(("parameter", "one", "other"), SAME)
def test_the_same_however_it_is_written(parameter: Parameter, one: Any, other: Any) -> None:
    assert identity_of(parameter, one) == identity_of(parameter, other)


@pytest.mark.parametrize(("parameter", "one", "other"), OTHERS)
def test_others_are_others(parameter: Parameter, one: Any, other: Any) -> None:
    assert identity_of(parameter, one) != identity_of(parameter, other)


OPERATION = Operation.model_validate(
    {
        "name": "act",
        "title": "Act",
        "owner": "Ads",
        "parameters": {"share": {"type": "number"}, "note": {"type": "string", "optional": True}},
        "script": {"file": "act", "interpreter": "sh"},
        "concurrency": {"per": "share"},
    }
)


@pytest.mark.parametrize(
    ("recorded", "held"),
    [
        ('{"share": 1.0, "note": "x"}', True),
        ('{"share": 1}', True),
        ('{"share": 2}', False),
        ('{"share": 1, "note": "cut of…', True),
        (None, True),
        ("[1]", True),
    ],
)
def test_runs_on_record_that_hold_the_same_lock(recorded: str | None, held: bool) -> None:
    asked = run_request(OPERATION).model_validate({"share": 1, "reason": "because"})
    assert asked.is_held_by(recorded) is held
