"""The base of every operator that acts for a person.

It walks one fixed path; a subclass supplies what is read and what is done, and can't leave a step out:

    who asked -> what for -> not a replay -> authorised -> locked -> seen -> authorised for what was seen
    -> ledger "started" -> act -> ledger outcome
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTerminated

from ops_dashboard import access, database, ledger
from ops_dashboard.acts import ActRequest, RequestError, parse
from ops_dashboard.locks import ResourceLockedError, resource_lock
from ops_dashboard.text import shown
from ops_operators.record import Record
from ops_operators.runs import NOBODY, identify, refuse_replay
from ops_operators.verdicts import DeniedError, RefusedError, Verdict

if TYPE_CHECKING:
    import psycopg
    from airflow.sdk import Context

    from ops_dashboard.ledger import Value

RequestT = TypeVar("RequestT", bound=ActRequest)
SeenT = TypeVar("SeenT")


@dataclass(frozen=True, slots=True)
class Observation(Generic[SeenT]):
    """What is there before the act.

    Attributes:
        value: The present value, as the ledger and the grant's limits understand it.
        seen: What the act needs to make sure that nobody changed it meanwhile.
    """

    value: Value
    seen: SeenT


@dataclass(frozen=True, slots=True)
class Attempt:
    """An act that is allowed and on record.

    Attributes:
        by: Who asked, by username.
        why: Their reason, as the record has it.
        changed: To be called with the new value as soon as the effect has happened, before any waiting: from then on
            the record tells of the effect whatever becomes of this process.
    """

    by: str
    why: str
    changed: Callable[[Value], None]


@dataclass(frozen=True, slots=True)
class Effect:
    """What is there after the act."""

    after: Value
    ready: int | None = None


class GuardedOperator(BaseOperator, Generic[RequestT, SeenT]):
    """Acts for the person who triggered the run: authorised in the task, at most once, on record.

    Args:
        time_limit: Longest time the act may take. Until then its record says `running`, afterwards `unknown`.
    """

    # Nothing a person typed is ever rendered.
    template_fields = ()
    request_model: type[RequestT]

    def __init__(self, *, time_limit: timedelta, **kwargs: Any) -> None:
        # A retry by Airflow could repeat an effect; transient errors are retried inside the act, where that is safe.
        super().__init__(**{**kwargs, "retries": 0})
        self.time_limit = time_limit

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # By identity over the whole inheritance: a mixin could replace a step as well as the class itself.
        replaced = [name for name in _PATH if getattr(cls, name) is not getattr(GuardedOperator, name)]
        if replaced:
            raise TypeError(f"{cls.__name__} must not override {', '.join(replaced)}: they guard every act")

    @abstractmethod
    def check(self, request: RequestT) -> None:
        """Judge what the request's types can't: raise `RequestError` for what is never accepted."""

    @abstractmethod
    def observe(self, request: RequestT) -> Observation[SeenT]:
        """Read what is there now, changing nothing.

        Raises:
            RequestError: What is there rules out what is asked for.
            RefusedError: The same, when it is not about a single value.
            FailedError: It can't be read; the message says why.
        """

    @abstractmethod
    def act(self, request: RequestT, seen: SeenT, attempt: Attempt) -> Effect:
        """Do it, only if what is there is still what was `seen`, and tell the `attempt` at once.

        Raises:
            RefusedError: It was changed meanwhile, nothing was done.
            FailedError: It did not work out; the message says why.
            UncertainError: Nobody knows whether it had its effect.
        """

    @final
    def execute(self, context: Context) -> dict[str, Any]:
        """Walk the path; every way out but an unreachable database leaves a ledger entry.

        Raises:
            AirflowFailException: The request was denied, refused or failed.
        """
        request = identify(context, self.request_model)
        try:
            record = Record(request, self.time_limit)
        except database.DatabaseDownError as error:
            raise AirflowFailException(f"{error}; without a record nothing is done, nothing was changed") from error
        with record:
            try:
                effect = self._guarded(context, record)
            except Verdict as verdict:
                record.verdict(verdict)
                raise AirflowFailException(str(verdict)) from verdict
            except BaseException as error:
                record.interrupted(error)
                raise
            record.succeeded(effect.after, effect.ready)
        return {"before": record.before, "after": effect.after, "ready": effect.ready}

    @final
    def on_kill(self) -> None:
        """Leave the act at once when Airflow ends the task, so that the record is written."""
        raise AirflowTaskTerminated("ended from outside")

    def _guarded(self, context: Context, record: Record) -> Effect:
        if record.request.actor == NOBODY:
            raise RefusedError("no person triggered this run; trigger it from the page, the form or the REST API")
        try:
            asked = parse(self.request_model, context["dag_run"].conf or {})
            record.asked(asked)
            refuse_replay(context)
            self.check(asked)
        except RequestError as error:
            raise RefusedError(str(error)) from error
        self._authorise(record, asked, current=None)
        try:
            with resource_lock(record.connection, asked.target):
                return self._observe_and_act(record, asked)
        except ResourceLockedError as error:
            raise RefusedError(_who_holds(record.connection, asked)) from error

    def _observe_and_act(self, record: Record, asked: RequestT) -> Effect:
        try:
            observation = self.observe(asked)
        except RequestError as error:
            raise RefusedError(str(error)) from error
        record.before = observation.value
        if asked.expects is not None and asked.expects != observation.value:
            by = _who_set(record.connection, asked, observation.value)
            raise RefusedError(
                f"you saw {shown(asked.expects)}, but {asked.resource} was changed from {shown(asked.expects)} to"
                f" {shown(observation.value)} by {by}; look again and decide"
            )
        self._authorise(record, asked, current=observation.value)
        record.started()
        who = record.request
        return self.act(asked, observation.seen, Attempt(who.actor, who.reason, record.changed))

    def _authorise(self, record: Record, asked: RequestT, current: Value) -> None:
        counts = (_count(asked.requested), _count(current))
        decision = access.decide(record.connection, record.request.actor, asked.target, *counts)
        record.connection.commit()
        record.decision = decision
        if not decision.allowed:
            raise DeniedError(decision.reason)
        self.log.info("Allowed: %s", decision.reason)


def _count(value: Value) -> int | None:
    """The value, if it is one that a grant's limits can judge."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _who_set(connection: psycopg.Connection, asked: ActRequest, value: Value) -> str:
    last = next(iter(ledger.last_changes(connection, asked.verb, [asked.resource])[asked.resource]), None)
    connection.commit()
    return last.actor if last is not None and last.after == value else "somebody outside of this dashboard"


_PATH = ("execute", "on_kill", "_guarded", "_observe_and_act", "_authorise")


def _who_holds(connection: psycopg.Connection, asked: ActRequest) -> str:
    running = ledger.Filter(resource=asked.resource, action=asked.verb, outcome=ledger.Outcome.RUNNING)
    holders = ledger.entries(connection, running, limit=1).entries
    by = f" by {holders[0].actor} (run {holders[0].run_id})" if holders else ""
    return f"{asked.resource} is being changed{by}; one change at a time: wait until that run has ended"
