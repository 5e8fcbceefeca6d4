"""Give grants and revoke them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ops_dashboard import access
from ops_dashboard.acts import ChangeGrantRequest, check_grant, find_revocable, grant_in_words
from ops_operators.guarded import GuardedOperator
from ops_operators.sessions import session
from ops_operators.steps import Attempt, Effect, Observation
from ops_operators.verdicts import RefusedError

if TYPE_CHECKING:
    from ops_dashboard.access import Grant

_TIME_LIMIT = timedelta(minutes=2)


class ChangeGrantOperator(GuardedOperator[ChangeGrantRequest, "Grant | None"]):
    """Give a group a grant, or revoke one that was given here. The catalog's are changed in Git alone."""

    request_model = ChangeGrantRequest

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(time_limit=_TIME_LIMIT, **kwargs)

    def check(self, request: ChangeGrantRequest) -> None:
        """Its fields say it all; the rest depends on what is there."""

    def observe(self, request: ChangeGrantRequest) -> Observation[Grant | None]:
        """Find the grant to revoke, or make sure that it makes sense to give one."""
        with session() as connection:
            if request.change == "grant":
                check_grant(connection, request)
                return Observation(None, None)
            grant = find_revocable(connection, request)
        words = grant_in_words(grant.group, grant.action, grant.limits, grant.expires_at)
        return Observation(f"grant {grant.grant_id}, {words}", grant)

    def act(self, request: ChangeGrantRequest, seen: Grant | None, attempt: Attempt) -> Effect:
        """Give it, or revoke what was found."""
        after = _revoke(seen, attempt) if seen is not None else _give(request, attempt)
        attempt.changed(after)
        return Effect(after)


def _give(request: ChangeGrantRequest, attempt: Attempt) -> str:
    with session() as connection:
        grant_id = access.give_grant(
            connection,
            request.group,
            request.action,
            request.bounds,
            request.expires_at,
            by=attempt.by,
            reason=attempt.why,
        )
    return f"grant {grant_id}, {request.requested}"


def _revoke(grant: Grant, attempt: Attempt) -> str:
    with session() as connection:
        if not access.revoke_grant(connection, grant.grant_id, by=attempt.by):
            raise RefusedError(f"grant {grant.grant_id} was revoked meanwhile; nothing was changed")
    return "revoked"
