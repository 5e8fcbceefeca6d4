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
from ops_dashboard.web.pages.access.words import origin, validity, way
from ops_dashboard.web.pages.runs import run
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
    decision = found.decision
    who = person(user, request.user.name)
    return Page(
        f"{'You' if who == 'you' else who} {'may' if decision.allowed else 'may not'}",
        toolbar,
        *_record(request, user),
        Panel(*_decision(request, decision, found.path)),
        *_holders(request, found.holders),
        subject=action,
        lead="By the groups and grants of now. Limits are judged with each request.",
    )


def _reason(request: PageRequest, decision: Decision) -> str:
    """The decision's own words; a refusal speaks to the person it is about."""
    if decision.allowed:
        return f"{decision.reason}."
    if decision.user == request.user.name:
        return f"{decision.reason[:1].upper()}{decision.reason[1:]}."
    return f"They are told: “{decision.reason}”."


def _decision(request: PageRequest, decision: Decision, path: tuple[str, ...]) -> tuple[Node, ...]:
    badge = Badge("Allowed", Tone.OK) if decision.allowed else Badge("Denied", Tone.BAD)
    verdict, grant = Spread(Text(_reason(request, decision)), badge), decision.grant
    if grant is None:
        return (verdict,)
    return (
        verdict,
        Facts(
            ("Grant", Code(str(grant))),
            ("Path", (way(path), " → ", decision.user)),
            ("Limits", grant.bounds or "none but the pool's own"),
            ("Until", validity(grant, request.now)),
            ("Origin", origin(grant, request.user.name)),
        ),
    )


def _record(request: PageRequest, user: str) -> tuple[Node, ...]:
    run_id = request.query.get("run_id", "")
    if not run_id or not (user == request.user.name or request.may("view:audit")):
        return ()
    page = ledger.entries(request.database, Filter(run_id=run_id, actor=user), limit=1)
    if not page.entries:
        return ()
    entry = page.entries[0]
    groups = access.groups_since(request.database, user, entry.at)
    return (Heading("On record"), _recorded(request, entry, groups), Heading("Now"))


def _recorded(request: PageRequest, entry: Entry, groups: GroupsSince) -> Panel:
    href = request.url(run, dag_id=entry.dag_id, run_id=entry.run_id)
    asked = ("Asked ", Time(entry.at), f" · “{entry.reason}” · ", Link("The run", href))
    message = Note(Tone.BAD, entry.message, title="Recorded:") if entry.message else None
    return Panel(Spread(Text(asked), outcome_badge(entry.outcome)), message, _groups_then(groups))


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
        Stacked(holder.name or holder.email, holder.email if holder.name else None),
        way(holder.path),
        Stacked(Code(grant.action), grant.bounds or None),
        validity(grant, request.now),
    )


def _nobody() -> Empty:
    return Empty("Nobody may.", "No grant in force covers it, or nobody is in its group.")
