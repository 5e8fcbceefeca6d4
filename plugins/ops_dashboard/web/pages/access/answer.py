"""May somebody do something, why, and who else may?"""

from __future__ import annotations

from collections.abc import Sequence

from ops_dashboard import access, ledger
from ops_dashboard.access import Decision, GroupsSince, Holder, Holders
from ops_dashboard.ledger import Entry, Filter
from ops_dashboard.web.components import (
    Badge,
    Code,
    Column,
    Empty,
    Facts,
    Heading,
    Link,
    Node,
    Note,
    Page,
    Panel,
    Spread,
    Stacked,
    Table,
    Text,
    Time,
    Tone,
    Toolbar,
)
from ops_dashboard.web.pages.access.words import approval_needed, origin, unknown_resource, validity, way
from ops_dashboard.web.pages.reader import is_reader
from ops_dashboard.web.pages.runs import run_url
from ops_dashboard.web.pages.shared import outcome_badge, person
from ops_dashboard.web.questions import SEES_OTHERS
from ops_dashboard.web.request import PageRequest

_MOST_GROUPS = 50
_COLUMNS = (
    Column("Person", width=30, broad=True),
    Column("Group", width=30, broad=True),
    Column("Grant", width=25),
    Column("Until"),
)


def answer_page(request: PageRequest, user: str, action: str, toolbar: Toolbar) -> Page:
    """Answer in the headline, then the grant and the way into its group, then everybody who may.

    With `run_id` in the address it also tells what the record of that run says, for who wonders why it was refused.
    """
    found = access.explain(request.database, user, action)
    decision, entry = found.decision, _recorded_request(request, user)
    beyond = _beyond_limits(request, decision, entry)
    return Page(
        f"{_name(request, user)} {'may, within limits,' if beyond else 'may' if decision.allowed else 'may not'}",
        toolbar,
        unknown_resource(action),
        approval_needed(action),
        *_record(request, entry),
        Panel(*_decision(request, decision, found.path) if beyond is None else _beyond(request, beyond)),
        *_holders(request, found.holders),
        subject=action,
        lead="By the groups and grants of now. Limits are judged with each request.",
    )


def _name(request: PageRequest, user: str) -> str:
    return "You" if is_reader(request, user) else user


def _recorded_request(request: PageRequest, user: str) -> Entry | None:
    """The request that the reader wonders about, if they may know of it."""
    run_id = request.query.get("run_id", "")
    if not run_id or not (is_reader(request, user) or request.may("view:audit")):
        return None
    page = ledger.entries(request.database, Filter(run_id=run_id, actor=user), limit=1)
    return page.entries[0] if page.entries else None


def _beyond_limits(request: PageRequest, decision: Decision, entry: Entry | None) -> Decision | None:
    """The refusal of just what was asked for, where there is a right but for its limits; None if there is none."""
    if entry is None or not decision.allowed or f"{entry.action}:{entry.resource}" != decision.action:
        return None
    asked = access.amount(entry.requested) if entry.requested is not None else None
    # As the task does: before it looks what is there, and after. Without a grant it has not looked.
    seen = [access.amount(entry.before)] if entry.before is not None or entry.grant is not None else []
    for there in (None, *seen):
        again = access.decide(request.database, decision.user, decision.action, asked, there)
        if not again.allowed:
            return again
    return None


def _reason(request: PageRequest, decision: Decision) -> str:
    """The decision's own words; a refusal speaks to the person it is about."""
    if decision.allowed:
        return f"{decision.reason}."
    if is_reader(request, decision.user):
        return f"{decision.reason[:1].upper()}{decision.reason[1:]}."
    return f"They are told: “{decision.reason}”."


def _beyond(request: PageRequest, beyond: Decision) -> tuple[Node, ...]:
    """The grant that comes closest, which need not be the one that allows it without a value."""
    group = beyond.grant.group if beyond.grant else ""
    path = access.paths_into(request.database, beyond.user, [group]).get(group, ())
    return _decision(request, beyond, path, Badge("Beyond the limits", Tone.WARN))


def _decision(
    request: PageRequest, decision: Decision, path: tuple[str, ...], badge: Badge | None = None
) -> tuple[Node, ...]:
    if badge is None:
        badge = Badge("Allowed", Tone.OK) if decision.allowed else Badge("Denied", Tone.BAD)
    verdict, grant = Spread(Text(_reason(request, decision)), badge), decision.grant
    if grant is None:
        return (verdict,)
    return (
        verdict,
        Facts(
            ("Grant", Code(str(grant))),
            ("Path", (way(path), " → ", person(decision.user, request.user.name))),
            ("Limits", grant.bounds or "none of its own"),
            ("Until", validity(grant, request.now)),
            ("Origin", origin(grant, request.user.name)),
        ),
    )


def _record(request: PageRequest, entry: Entry | None) -> tuple[Node, ...]:
    if entry is None:
        return ()
    groups = access.groups_since(request.database, entry.actor, entry.at)
    return (Heading("On record"), _recorded(request, entry, groups), Heading("Now"))


def _recorded(request: PageRequest, entry: Entry, groups: GroupsSince) -> Panel:
    href = run_url(request, entry)
    asked = ("Asked ", Time(entry.at), f" · “{entry.reason}” · ", Link("The run", href))
    message = Note(Tone.BAD, entry.message, title="Recorded:") if entry.message else None
    return Panel(Spread(Text(asked), outcome_badge(entry)), message, _groups_then(groups))


def _groups_then(groups: GroupsSince) -> Node:
    """A refusal that is no longer understood may be one of other groups."""
    if groups.then == groups.now:
        return Text("The groups were the same as now.", muted=True)
    left = [name for name in groups.then if name not in groups.now]
    joined = [name for name in groups.now if name not in groups.then]
    changes = {"Groups then": groups.then or ("none",), "Left since": left, "Joined since": joined}
    return Facts(*((what, _some(names)) for what, names in changes.items() if names))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_GROUPS} more" if len(names) > _MOST_GROUPS else ""
    return f"{', '.join(names[:_MOST_GROUPS])}{more}"


def _holders(request: PageRequest, holders: Holders) -> tuple[Node, ...]:
    if not request.may(SEES_OTHERS):
        return (Text(f"Who may is shown to those who may {SEES_OTHERS}.", muted=True),)
    people = [_cells(request, each) for each in holders.people]
    table = Table(_COLUMNS, people, "Who may", _nobody())
    return (Heading("Who may", note=_count(holders)), Panel(table, flush=True))


def _count(holders: Holders) -> str | None:
    shown = len(holders.people)
    if shown < holders.count:
        return f"the first {shown} of {holders.count} people"
    return f"{shown} {'person' if shown == 1 else 'people'}" if shown else None


def _cells(request: PageRequest, holder: Holder) -> tuple[Node, ...]:
    grant = holder.grant
    return (
        _person(request, holder),
        way(holder.path),
        Stacked(Code(grant.action), grant.bounds or None),
        validity(grant, request.now),
    )


def _person(request: PageRequest, holder: Holder) -> Node:
    who = person(holder.email, request.user.name)
    return Stacked(holder.name or who, who if holder.name else None)


def _nobody() -> Empty:
    return Empty("Nobody may.", "No grant in force covers it, or nobody is in its group.")
