"""Judge what a sync would change: is it so much that a person shall look at it first?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops_dashboard.directory.differences import Differences, GrantedGroup
    from ops_dashboard.directory.settings import Guards


def reasons_to_hold(found: Differences, guards: Guards) -> list[str]:
    """Tell each guard that the differences run into, for people to read; none if all is well."""
    reasons = []
    if not guards.users_removed.allows(found.active_users_gone, found.users_before):
        reasons.append(f"{found.active_users_gone} of {found.users_before} active users would be removed")
    if not guards.memberships_removed.allows(found.active_memberships_gone, found.memberships_before):
        reasons.append(f"{found.active_memberships_gone} of {found.memberships_before} memberships would be removed")
    reasons += [
        f"group {group.name} would lose all of its {group.had} members"
        for group in found.emptied
        if group.had >= guards.emptied_group_had
    ]
    for group in found.granted:
        reasons += _of_granted(group, guards)
    return reasons


def _of_granted(group: GrantedGroup, guards: Guards) -> list[str]:
    reasons = []
    if group.opened and guards.granted_group_opens == "hold":
        reasons.append(f"everybody in the directory would become a member of {group.name}, which grants name")
    if not guards.granted_group_loses.allows(group.loses, group.had):
        reasons.append(f"{group.name}, which grants name, would lose {group.loses} of {group.had} people")
    if not guards.granted_group_gains.allows(group.gains, group.had):
        reasons.append(f"{group.name}, which grants name, would gain {group.gains} people; it has {group.had}")
    return reasons
