"""What a sync changes: counts for everybody, people's names for those who may decide about it."""

from __future__ import annotations

from collections.abc import Sequence

from ops_dashboard.directory import SyncRun
from ops_dashboard.directory.differences import Change, Differences, GrantedGroup
from ops_dashboard.web.components import (
    Badge,
    Code,
    Column,
    Facts,
    Heading,
    Muted,
    Node,
    Panel,
    Stacked,
    Table,
    Tone,
)

_GRANTED = (
    Column("Group", width=25),
    Column("People now", width=15, numeric=True),
    Column("Loses", numeric=True, broad=True),
    Column("Gains", numeric=True, broad=True),
)
_CHANGES = (Column("Change", width=25), Column("How many", width=15, numeric=True), Column("Examples", broad=True))
_EMPTIED = (Column("Group", width=25), Column("Members now", numeric=True))


def counts(run: SyncRun) -> Facts | None:
    """The sizes of what changes."""
    found = run.differences
    if found is None:
        return None
    readdressed = f", {found.emails_changed} get another e-mail" if found.emails_changed else ""
    before, come, go = found.memberships_before, found.memberships_added, found.memberships_removed
    return Facts(
        (
            "Users",
            f"{found.users} in the directory; {found.active_users_gone} of {found.users_before} active ones leave"
            f"{readdressed}",
        ),
        ("Memberships", f"{come} come, {go} go; active people had {before}"),
        ("Groups in groups", f"{found.nestings_added} come, {found.nestings_removed} go"),
    )


def differences(found: Differences, *, names: bool) -> tuple[Node, ...]:
    """The groups that grants name first: what changes there changes who may do what."""
    return (
        *_table("Groups that grants name", _GRANTED, [_granted(group, names=names) for group in found.granted]),
        *_table("Groups left without anybody", _EMPTIED, [(Code(each.name), each.had) for each in found.emptied]),
        *_table("Users and groups", _CHANGES, [_change(each, names=names) for each in found.changes]),
    )


def _table(title: str, columns: Sequence[Column], rows: Sequence[tuple[Node, ...]]) -> tuple[Node, ...]:
    return (Heading(title), Panel(Table(columns, rows, title), flush=True)) if rows else ()


def _granted(group: GrantedGroup, *, names: bool) -> tuple[Node, ...]:
    name: Node = Code(group.name)
    marks = {"Opens to everybody": group.opened, "Another group than before": group.passes}
    if any(marks.values()):
        name = Stacked(name, *(Badge(text, Tone.WARN) for text, shown in marks.items() if shown))
    return (
        name,
        f"{group.had} now",
        Stacked(_people(group.loses, "leave"), _some(group.losers, group.loses) if names else None),
        Stacked(_people(group.gains, "come"), _some(group.gainers, group.gains) if names else None),
    )


def _change(change: Change, *, names: bool) -> tuple[Node, ...]:
    kind, _, what = change.kind.partition("_")
    shown = names or kind == "group"
    examples: Node = _some(change.examples, change.count) if shown else Muted("names are not shown")
    return f"{kind.capitalize()}s {what}", change.count, examples


def _people(count: int, do: str) -> Node:
    if count == 0:
        return Muted(f"nobody {do}s")
    return f"1 {do}s" if count == 1 else f"{count} {do}"


def _some(examples: Sequence[str], count: int) -> str:
    more = f" and {count - len(examples)} more" if count > len(examples) else ""
    return f"{', '.join(examples)}{more}"
