"""A Google Workspace customer on this machine: as much of the Directory API, and of the token endpoint, as is used.

The sizes of pages, what is left out of an answer and the errors are those of Google, by the discovery document of the
API (admin.directory_v1) and by what people report of it.
"""

from __future__ import annotations

from tests.directory.google.answers import DROPPED, FORBIDDEN, HTML, NO_API, Answer, Fault, Request, error
from tests.directory.google.directory import ACCOUNT, ADMIN, SCOPE, GoogleDirectory
from tests.directory.google.server import served

__all__ = [
    "ACCOUNT",
    "ADMIN",
    "DROPPED",
    "FORBIDDEN",
    "HTML",
    "NO_API",
    "SCOPE",
    "Answer",
    "Fault",
    "GoogleDirectory",
    "Request",
    "error",
    "served",
]
