"""The base of every operator that acts for a person.

It walks one fixed path; a subclass supplies what is read and what is done, and can't leave a step out:

    who asked -> what for -> not a replay -> authorised -> locked -> seen -> authorised for what was seen
    -> approved, if it takes a second person -> ledger "started" -> act -> ledger outcome

What takes a second person leaves the path, with "waiting" in the ledger, and walks it again from its beginning when
there is an answer.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar, final

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTerminated, TaskAwaitingInput

from ops_dashboard import access, database, ledger
from ops_dashboard.acts import ActRequest, Preview, RequestError, in_turn, parse
from ops_dashboard.locks import ResourceLockedError, resource_lock
from ops_dashboard.text import shown
from ops_operators.approval import (
    Answer,
    ApprovalNeeded,
    read_answer,
    refuse_unless_approved,
    require_agreement,
    wait_for_approval,
)
from ops_operators.record import Record
from ops_operators.runs import NOBODY, bundle_version, identify, refuse_odd_id, refuse_replay, refuse_stale
from ops_operators.steps import Attempt, Effect, Observation, SeenT
from ops_operators.verdicts import DeniedError, RefusedError, Verdict

if TYPE_CHECKING:
    from decimal import Decimal

    import psycopg
    from airflow.sdk import Context

    from ops_dashboard.ledger import Value

RequestT = TypeVar("RequestT", bound=ActRequest)

BEYOND_LIMITS_WITHIN = timedelta(hours=1)
"""How long a request that is beyond a grant's limits waits for somebody who approves."""


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

    def approval(self, request: RequestT) -> tuple[str, timedelta] | None:  # noqa: ARG002 - some need one
        """The group of whom somebody has to approve the request in any case, and how long they may take."""
        return None

    @final
    def execute(self, context: Context) -> dict[str, Any]:
        """Walk the path; every way out but an unreachable database leaves a ledger entry of its own.

        Raises:
            AirflowFailException: The request was denied, refused or failed.
            TaskAwaitingInput: A second person has to approve; then the path is walked again.
        """
        return self._carry_out(context, None)

    @final
    def resume(self, context: Context, event: Mapping[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Walk the path again, with somebody's answer; Airflow calls it.

        Raises:
            AirflowFailException: The request was denied, refused or failed.
        """
        return self._carry_out(context, read_answer(event, kwargs))

    @final
    def on_kill(self) -> None:
        """Leave the act at once when Airflow ends the task, so that the record is written."""
        raise AirflowTaskTerminated("ended from outside")

    def _carry_out(self, context: Context, answer: Answer | None) -> dict[str, Any]:
        request = identify(context, self.request_model)
        try:
            record = Record(request, self.time_limit, bundle_version(context), patient=answer is not None)
        except database.DatabaseDownError as error:
            raise AirflowFailException(f"{error}; without a record nothing is done, nothing was changed") from error
        with record:
            try:
                effect = self._act_or_ask(context, record, answer)
            except TaskAwaitingInput:
                raise  # it goes on when there is an answer
            except Verdict as verdict:
                record.verdict(verdict)
                raise AirflowFailException(str(verdict)) from verdict
            except BaseException as error:
                record.interrupted(error)
                raise
            record.succeeded(effect.after, effect.ready)
        return {"before": record.before, "after": effect.after, "ready": effect.ready}

    def _act_or_ask(self, context: Context, record: Record, answer: Answer | None) -> Effect:
        try:
            if answer is None:
                record.end_what_waited()
            else:
                record.take_up(answer.request_id, answer.by, answer.note)
            return self._guarded(context, record, answer)
        except ApprovalNeeded as needed:
            record.waits(needed.group, needed.within)
            wait_for_approval(context, record.request, needed)

    def _guarded(self, context: Context, record: Record, answer: Answer | None) -> Effect:
        if record.request.actor == NOBODY:
            raise RefusedError("no person triggered this run; trigger it from the page, the form or the REST API")
        try:
            asked = parse(self.request_model, context["dag_run"].conf or {})
            record.asked(asked)
            refuse_odd_id(record.request.run_id)
            refuse_replay(context)
            if answer is not None:
                refuse_unless_approved(record.request, answer)
            answered_at = answer.at if answer is not None else None
            refuse_stale(record.connection, answered_at or context["dag_run"].run_after)
            self.check(asked)
        except RequestError as error:
            raise RefusedError(str(error)) from error
        self._authorise(record, asked, current=None)
        try:
            with resource_lock(record.connection, asked.lock.name, asked.lock.holders):
                return self._observe_and_act(record, asked, answer)
        except ResourceLockedError as error:
            raise RefusedError(_who_holds(record.connection, asked)) from error

    def _observe_and_act(self, record: Record, asked: RequestT, answer: Answer | None) -> Effect:
        try:
            observation = self.observe(asked)
        except RequestError as error:
            raise RefusedError(str(error)) from error
        record.before, record.script = observation.value, observation.script
        if asked.expects is not None and asked.expects != observation.value:
            by = _who_set(record.connection, asked, observation.value)
            raise RefusedError(
                f"{shown(asked.expects)} was seen before asking, but {asked.resource} was changed from"
                f" {shown(asked.expects)} to {shown(observation.value)} by {by}; look again and decide"
            )
        beyond_limits = self._authorise(record, asked, current=access.amount(observation.value))
        required = self.approval(asked)
        preview = observation.preview or _change(asked, observation.value)
        for group, within in filter(None, (required, beyond_limits)):
            if answer is None:
                raise ApprovalNeeded(group, within, preview)
            require_agreement(record.connection, record.request, answer, group, preview)
        if answer is not None:
            # What was shown is what was agreed to, also where it would not take a second person any more.
            require_agreement(record.connection, record.request, answer, answer.group, preview)
            record.approved_by = answer.by
        record.started()
        return self.act(asked, observation.seen, Attempt(record.request, record.changed))

    def _authorise(self, record: Record, asked: RequestT, current: Decimal | None) -> tuple[str, timedelta] | None:
        """Return who has to approve, and for how long they are waited for, if it is beyond the limits of a grant."""
        requested = access.amount(asked.requested)
        decision = access.decide(record.connection, record.request.actor, asked.target, requested, current)
        record.connection.commit()
        record.decision = decision
        if decision.approver is not None:
            return decision.approver, BEYOND_LIMITS_WITHIN
        if not decision.allowed:
            raise DeniedError(decision.reason)
        self.log.info("Allowed: %s", decision.reason)
        return None


def _who_set(connection: psycopg.Connection, asked: ActRequest, value: Value) -> str:
    last = next(iter(ledger.last_changes(connection, asked.verb, [asked.resource])[asked.resource]), None)
    connection.commit()
    return last.actor if last is not None and last.after == value else "somebody outside of this dashboard"


def _change(asked: ActRequest, before: Value) -> Preview:
    return Preview(((f"{asked.verb} {asked.resource}", f"{before} → {asked.requested}"),))


_PATH = ("execute", "resume", "on_kill", "_carry_out", "_act_or_ask", "_guarded", "_observe_and_act", "_authorise")


def _who_holds(connection: psycopg.Connection, asked: ActRequest) -> str:
    running = ledger.running(connection, asked.verb, asked.resource)
    holder = next((entry for entry in running if asked.is_held_by(entry.requested)), None)
    by = f" by {holder.actor} (run {holder.run_id})" if holder is not None else ""
    return f"{asked.resource} is being acted on{by}; {in_turn(asked.lock)}"
