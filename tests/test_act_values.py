"""Acts on values that are no counts: recorded as they are, and no limit is judged by them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from ops_dashboard.acts import ActRequest, RequestError
from ops_dashboard.ledger import Outcome, Value
from ops_operators.guarded import GuardedOperator
from ops_operators.steps import Attempt, Effect, Observation
from tests.acting import Run, perform, records


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


# The grant allows changes of at most ten.
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
