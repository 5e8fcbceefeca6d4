"""What a page function is given: who asks, what for, and what the page may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request

from ops_dashboard.text import shorten
from ops_dashboard.web.errors import forbidden
from ops_dashboard.web.links import Links, Target, address

if TYPE_CHECKING:
    import psycopg

Values = ImmutableMultiDict[str, str]
"""Query or form values by name: `.get(name, default)` gives one, `.getlist(name)` all."""

NO_VALUES: Values = ImmutableMultiDict()


@dataclass(frozen=True, slots=True)
class User:
    """Who asks.

    Attributes:
        name: Airflow's username; the name that decisions and the ledger use.
        session: What tells this session from the user's others; form tokens are bound to it.
    """

    name: str
    session: str = field(default="", repr=False)


class Decision(Protocol):
    """The answer to "may this user do that?"; `ops_dashboard.access.Decision` is one."""

    @property
    def allowed(self) -> bool:
        """Whether they may."""

    @property
    def reason(self) -> str:
        """Why, or why not, said to the user."""

    @property
    def synced_at(self) -> datetime | None:
        """When the groups that the answer rests on were last read."""

    @property
    def max_age(self) -> timedelta | None:
        """How old they may be; nothing is allowed from older ones."""


class AirflowApi(Protocol):
    """Airflow's REST API, called with the user's own credential."""

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 (decoded JSON)
        """Send a request (`path` from "/api/v2/…") and return the decoded answer.

        Raises:
            Problem: Airflow refused; it carries Airflow's own status and words.
        """


@dataclass(frozen=True, slots=True)
class Host:
    """What the application around the pages provides.

    Attributes:
        authenticate: FastAPI dependency that returns the `User`, or raises HTTPException 401.
        authorise: Decides several actions at once; every action asked for is a key of the answer.
        database: Opens the connection that one request uses; leaving it commits, or rolls back after an exception.
        airflow: Makes the client that calls Airflow as the user of this request.
        secret: Signs form tokens; the same in every web server.
        now: The clock.
        banner: A sentence above every page; empty for none.
        groups_page: Path, below the prefix, of the page that tells how old the groups are and why; empty for none.
        access_page: Path of the page that tells who may do the `action` of its query; empty for none.
    """

    authenticate: Callable[..., Any]
    authorise: Callable[[PageRequest, Sequence[str]], Mapping[str, Decision]]
    database: Callable[[], AbstractContextManager[psycopg.Connection[Any]]]
    airflow: Callable[[Request], AirflowApi]
    secret: str = field(repr=False)
    now: Callable[[], datetime]
    banner: str = ""
    groups_page: str = ""
    access_page: str = ""


@dataclass(frozen=True)
class PageRequest:
    """One request for a page.

    Attributes:
        user: Who asks.
        path: The values in the page's path, by name.
        query: The query of the URL.
        form: What was posted; empty unless a `router.form` function is called.
        now: When the request arrived.
    """

    user: User
    path: Mapping[str, str]
    query: Values
    form: Values
    now: datetime
    links: Links
    host: Host
    http: Request
    resources: ExitStack

    @cached_property
    def database(self) -> psycopg.Connection[Any]:
        """The connection of this request, opened at its first use and committed when the page function returns."""
        return self.resources.enter_context(self.host.database())

    def release_database(self) -> None:
        """Commit and give the connection back before waiting for something else; its next use opens one anew."""
        self.resources.close()
        self.__dict__.pop("database", None)

    @property
    def airflow(self) -> AirflowApi:
        """Airflow's REST API as this user: the page has no privilege of its own.

        Commits, as `release_database` does: Airflow may take its time, and others wait for a connection meanwhile.
        """
        self.release_database()
        return self.host.airflow(self.http)

    def url(self, target: Target, /, **values: str | int) -> str:
        """Give the address of a page: `request.url(scale, team="ads", role="bidder", replicas=9)`.

        Args:
            target: The page function, or a path such as "/workers" below the prefix.
            values: Fill the page's path; the others become its query, empty ones are left out.

        Raises:
            LookupError: The function is no page, or a value of its path is missing.
        """
        return self.links.to(target, values)

    def filled_url(self, target: Target, texts: Mapping[str, str]) -> str:
        """Give the address of a page whose form is filled in with texts: unlike in `url`, an empty one stays."""
        return self.links.filled(target, texts)

    def here(self, **changes: str | int) -> str:
        """Give the address of this page with other filters; it starts again at the first page of results.

        Only `here(cursor=…)` leads on in the list: any other change drops the query's `cursor`.
        """
        return self.links.with_query(address(self.http), self.query, changes)

    def airflow_url(self, path: str) -> str:
        """Give the address of a page of Airflow itself: `request.airflow_url("/dags/x/runs/y")`."""
        return f"{self.links.airflow_root}{path}"

    def may(self, action: str) -> bool:
        """Say whether the user may do this: to show it to those who may only. It guards nothing."""
        return self.host.authorise(self, [action])[action].allowed

    def require(self, action: str) -> Decision:
        """Go on only if the user may do this; for actions that `needs=` cannot name.

        Raises:
            Problem: 403 with the reason.
        """
        decision = self.host.authorise(self, [action])[action]
        if not decision.allowed:
            raise forbidden(decision.reason, self.who_may(action))
        return decision

    def who_may(self, action: str) -> tuple[str, str] | None:
        """Label and address of the page that tells who may do this; None where there is no such page."""
        page = self.host.access_page
        return (f"Who may {shorten(action)}", self.url(page, action=action)) if page else None
