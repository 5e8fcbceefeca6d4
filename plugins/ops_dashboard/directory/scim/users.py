"""The users of a SCIM server.

The address is the primary one of `emails`; else the `userName`, if it is one; else the only one there is.

Without `active`, or with null, a user stays as known, and is active if new: RFC 7643 (4.1.1) has no default for it and
lets servers leave out what is not assigned (2.5), so only what is said suspends or reinstates. A value that is neither
true nor false, in JSON or in quotes as Entra ID writes them, could be either: that user is left out, and with a user
missing nothing is proven.
"""

from __future__ import annotations

import re

from ops_dashboard.directory.consistent import EMAIL_PATTERN
from ops_dashboard.directory.http import JsonServer
from ops_dashboard.directory.models import DirectoryUser, Listing
from ops_dashboard.directory.scim.paging import Resource, read_all
from ops_dashboard.text import shown

_PATH = "/Users"
_TRUTH = {"true": True, "false": False}


def read_users(server: JsonServer) -> tuple[Listing[DirectoryUser], tuple[str, ...]]:
    """Return all users, and what to know about them; a list without any is none that is proven.

    Raises:
        ServerError: Not even the first page could be read.
    """
    read = read_all(server, _PATH)
    users: list[DirectoryUser] = []
    unclear: list[str] = []
    for resource in read.entries:
        active = _truth(resource.get("active"))
        if active is None and resource.get("active") is not None:
            unclear.append(f"{shown(resource['id'])} has {shown(resource['active'])}")
        else:
            users.append(DirectoryUser(resource["id"], _email(resource), _name(resource), active))
    if unclear:
        problem = f"{_PATH}: active is neither true nor false for {len(unclear)} users"
        return Listing(tuple(users), proof=None, problem=problem), (f"{problem}: {unclear[0]}",)
    if not users:
        problem = read.problem or f"{_PATH} lists nobody; check that the token may read the users"
        return Listing((), proof=None, problem=problem), ()
    return Listing(tuple(users), read.proof, read.problem), ()


def _email(resource: Resource) -> str:
    emails = resource.get("emails")
    known = [email for email in emails if isinstance(email, dict)] if isinstance(emails, list) else []
    primary = [email for email in known if _truth(email.get("primary"))]
    user_name = _text(resource.get("username"))
    if len(primary) != 1 and re.fullmatch(EMAIL_PATTERN, user_name):
        return user_name
    (chosen,) = primary if len(primary) == 1 else known if len(known) == 1 else [{}]
    return _text(chosen.get("value"))


def _name(resource: Resource) -> str:
    name = resource.get("name")
    parts = name if isinstance(name, dict) else {}
    given_and_family = " ".join(filter(None, (_text(parts.get("givenname")), _text(parts.get("familyname")))))
    candidates = (_text(resource.get("displayname")), _text(parts.get("formatted")), given_and_family)
    return next(filter(None, candidates), _text(resource.get("username")))


def _truth(value: object) -> bool | None:
    if isinstance(value, str):
        return _TRUTH.get(value.lower())
    return value if isinstance(value, bool) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
