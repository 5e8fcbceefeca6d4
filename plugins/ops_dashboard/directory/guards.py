"""Judge what a sync would change: is it so much that a person shall look at it first?

What was lost since a day ago counts along, so that nothing is lost little by little; but only if this sync adds to it.
It counts of those who were there then: whoever came since must not make it look little.
The reasons are for everybody to read: they name groups, and no person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops_dashboard.directory.differences import Differences, GrantedGroup
    from ops_dashboard.directory.settings import Bound, Guards

_MOST_NAMED = 5
_A_FEW = 3


def reasons_to_hold(found: Differences, guards: Guards) -> list[str]:
    """Tell each guard that the differences run into, for people to read; none if all is well."""
    reasons = [*_of_users(found, guards)]
    lost, before = found.active_memberships_gone, found.memberships_gone_before
    had = _had(found.memberships_before + before, found.memberships_then)
    if lost and not guards.memberships_removed.allows(lost + before, had):
        removed = f"{lost} of {found.memberships_before} memberships would be removed"
        reasons.append(f"{removed}{_after(before)}{_of_then(found.memberships_before + before, had)}")
    reasons += [
        f"group {group.name} would lose all of its {group.had} members"
        for group in found.emptied
        if group.had >= guards.emptied_group_had
    ]
    return reasons + reasons_of_granted(found, guards)


def reasons_of_granted(found: Differences, guards: Guards) -> list[str]:
    """Tell the same of the guards of groups that grants name, and of the people in them."""
    reasons = []
    if found.emails_passed and guards.granted_email_passes == "hold":
        emails = f"{found.emails_passed} e-mail{'s' if found.emails_passed > 1 else ''}"
        groups = ", ".join(found.emails_passed_in[:_MOST_NAMED])
        reasons.append(f"{emails} would pass to somebody else, from or to people in {groups}, which rights rest on")
    for group in found.granted:
        reasons += _of_granted(group, guards)
    return reasons


def _of_users(found: Differences, guards: Guards) -> list[str]:
    """Whose e-mail changes is lost too: it is by the e-mail that rights are looked up."""
    gone, changed = found.active_users_gone, found.emails_changed
    before = found.users_gone_before + found.emails_changed_before
    now = found.users_before + found.users_gone_before
    lost, had = gone + changed + before, _had(now, found.users_then)
    if not (gone or changed) or (guards.users_removed.allows(lost, had) and not _most(guards.users_removed, lost, had)):
        return []
    removed = f"{gone} of {found.users_before} active users would be removed" if gone or not changed else ""
    readdressed = f"{changed} users would have another e-mail, where {found.users_before} are active" if changed else ""
    return [f"{' and '.join(filter(None, (removed, readdressed)))}{_after(before)}{_of_then(now, had)}"]


def _of_granted(group: GrantedGroup, guards: Guards) -> list[str]:
    title, reasons = f"{group.name}, which rights rest on, would", []
    if group.passes and guards.granted_name_passes == "hold":
        reasons.append(f"{title} be another group than the one that had this name before")
    if group.opened and guards.granted_group_opens == "hold":
        reasons.append(f"everybody in the directory would become a member of {group.name}, which rights rest on")
    now, then = group.had + group.lost_before, group.had + group.lost_before - group.gained_before
    if group.loses and not guards.granted_group_loses.allows(group.loses + group.lost_before, then):
        lost = f"{group.loses} of {group.had} people"
        reasons.append(f"{title} lose {lost}{_after(group.lost_before)}{_of_then(now, then)}")
    elif group.had and group.loses == group.had and not group.gains and guards.granted_group_empties == "hold":
        reasons.append(f"{title} lose {'the last' if group.had == 1 else 'all'} of its people")
    # Those who came before are not among those whom it had then.
    if group.gains and not guards.granted_group_gains.allows(
        group.gains + group.gained_before, group.had - group.gained_before
    ):
        reasons.append(f"{title} gain {group.gains} people; it has {group.had}{_after(group.gained_before)}")
    return reasons


def _had(now: int, then: int | None) -> int:
    return now if then is None else min(now, then)


def _most(bound: Bound, lost: int, of: int) -> bool:
    """A number that is little for most companies may be most of a small one."""
    return lost >= _A_FEW and lost > max(of / 2, of * bound.percent / 100)


def _of_then(now: int, then: int) -> str:
    return f"; a day ago there were {then}" if then < now else ""


def _after(before: int) -> str:
    return f", after {before} within a day" if before else ""
