"""Give a grant, or revoke one that was given here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from ops_dashboard.acts.requests import ActRequest, RequestError
from ops_dashboard.catalog import TIME_IN_WORDS, ActionPattern, GroupName, Limits, OnlyOfNumbers, Time, limits_in_words
from ops_dashboard.strict_yaml import RELATION
from ops_dashboard.text import shown

if TYPE_CHECKING:
    import psycopg

    from ops_dashboard.access import Grant

CHANGE_GRANT_DAG_ID = "ops_change_grant"
_LARGEST_ID = 2**63 - 1


def _only_to(change: str) -> AfterValidator:
    def check(value: object, info: ValidationInfo) -> object:
        asked = info.data.get("change", change)
        if value is not None and asked != change:
            raise PydanticCustomError(RELATION, "nothing when change is {asked}", {"asked": asked})
        return value

    return AfterValidator(check)


class ChangeGrantRequest(ActRequest):
    """Give a group the right to do what an action pattern covers, or revoke such a grant."""

    verb: ClassVar[str] = "manage"

    change: Literal["grant", "revoke"] = Field(description="grant or revoke")
    group: GroupName
    action: ActionPattern
    limits: Annotated[Limits | None, OnlyOfNumbers, _only_to("grant")] = Field(
        default=None, description="a mapping of min, max and max_change, or nothing"
    )
    expires_at: Annotated[Time | None, _only_to("grant")] = Field(
        default=None, description=f"{TIME_IN_WORDS}, or nothing"
    )
    grant_id: Annotated[Annotated[int, Field(ge=1, le=_LARGEST_ID)] | None, _only_to("revoke")] = Field(
        default=None, description="the number of the grant to revoke, or nothing if there is only one"
    )

    @classmethod
    def resource_of(cls, values: Mapping[str, Any]) -> str:
        """What somebody must be allowed to manage who changes grants of an action pattern.

        It is the pattern itself, below `grants/`: `grants/scale/ads/*`. Whichever pattern of theirs covers its text,
        stars included, covers all that it covers: nobody gives what they may not manage.
        """
        pattern = str(values.get("action", ""))
        # The only pattern that means more than it says.
        written_out = "manage:grants*" if pattern == "manage:grants" else pattern
        return f"grants/{written_out.replace(':', '/', 1)}"

    @property
    def requested(self) -> str:
        """The grant in words."""
        if self.change == "grant":
            return grant_in_words(self.group, self.action, self.bounds, self.expires_at)
        which = f"grant {self.grant_id}, " if self.grant_id is not None else ""
        return f"revocation of {which}{self.group} → {self.action}"

    @property
    def bounds(self) -> Limits:
        """The limits, open if none are given."""
        return self.limits or Limits()


def grant_in_words(group: str, action: str, limits: Limits, expires_at: datetime | None) -> str:
    """Write a grant as a record shows it: `ads-oncall → scale:ads/*, 1 to 20, until 2026-12-01 18:00 UTC`."""
    until = f"until {expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if expires_at is not None else ""
    return ", ".join(filter(None, (f"{group} → {action}", limits_in_words(limits), until)))


def check_grant(connection: psycopg.Connection, request: ChangeGrantRequest) -> None:
    """Check that a grant can be given: to a group that there is, for a time to come, and not for a second time.

    Raises:
        RequestError: It can't, whoever asks.
    """
    from ops_dashboard import access

    problems = {"group": unknown_group(connection, request.group)}
    if request.expires_at is not None and not _is_to_come(connection, request.expires_at):
        problems["expires_at"] = f"{request.expires_at:%Y-%m-%d %H:%M} UTC has passed; accepted is a later time"
    if found := {field: problem for field, problem in problems.items() if problem}:
        raise RequestError(found)
    terms = (request.bounds, None, request.expires_at)
    live = access.live_grants(connection, group=request.group, action=request.action)
    same = [grant for grant in live if (grant.limits, grant.valid_from, grant.expires_at) == terms]
    if same:
        raise RequestError({"action": f"grant {same[0].grant_id} gives just this already"})


def unknown_group(connection: psycopg.Connection, name: str) -> str | None:
    """Say that the directory has no group of that name, and which one may be meant; None if it has."""
    from ops_dashboard import access

    names = access.group_names(connection)
    if name in names:
        return None
    guesses = get_close_matches(name, names)
    hint = f"; did you mean {' or '.join(guesses)}?" if guesses else ""
    return f"the company directory has no group {shown(name)}{hint}"


def find_revocable(connection: psycopg.Connection, request: ChangeGrantRequest) -> Grant:
    """Find the one grant that a revocation means: live, about just that group and action, and given here.

    Raises:
        RequestError: There is none, or more than one, or it is the catalog's.
    """
    from ops_dashboard import access

    live = access.live_grants(connection, group=request.group, action=request.action)
    title = f"{request.group} → {request.action}"
    if request.grant_id is None:
        chosen = [grant for grant in live if grant.origin == "page"] or list(live)
    else:
        chosen = [grant for grant in live if grant.grant_id == request.grant_id]
    if not live:
        raise RequestError({"action": f"no grant {title} is live, so there is nothing to revoke"})
    if not chosen:
        raise RequestError({"grant_id": f"{request.grant_id} is no live grant {title}; accepted is {_numbers(live)}"})
    if chosen[0].origin == "catalog":
        raise RequestError({"action": f"grant {_numbers(chosen)} is declared in the catalog; change it in Git"})
    if len(chosen) > 1:
        raise RequestError(
            {"grant_id": f"missing, and there is more than one grant {title}; accepted is {_numbers(chosen)}"}
        )
    return chosen[0]


def _is_to_come(connection: psycopg.Connection, time: datetime) -> bool:
    (answer,) = connection.execute("SELECT %s > clock_timestamp()", [time]).fetchall()[0]
    return bool(answer)


def _numbers(grants: Sequence[Grant]) -> str:
    return " or ".join(str(grant.grant_id) for grant in grants)
