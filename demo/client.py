"""A person's view of the running demo: the REST API and the product's JSON, as one of the logins."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx

from demo.accounts import PASSWORD

_FINAL_STATES = {"success", "failed"}


class Client:
    """Talks to one demo as one person."""

    def __init__(self, url: str, email: str, password: str = PASSWORD) -> None:
        """Log in.

        Raises:
            httpx.HTTPStatusError: Airflow refuses the login.
        """
        self.email = email
        self.http = httpx.Client(base_url=url, timeout=30)
        answer = self.http.post("/auth/token", json={"username": email, "password": password})
        answer.raise_for_status()
        self.token: str = answer.json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"
        # Forms are bound to the cookie that a browser would hold.
        self.http.cookies.set("_token", self.token)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        """The JSON answer to a GET.

        Raises:
            httpx.HTTPStatusError: The answer is not a success.
        """
        answer = self.http.get(path, params=query)
        answer.raise_for_status()
        return dict(answer.json())

    def trigger(self, dag_id: str, conf: dict[str, object], run_id: str | None = None) -> str:
        """Trigger a DAG as this person and return the run's id.

        Raises:
            httpx.HTTPStatusError: Airflow refuses the request.
        """
        run_id = run_id or f"client__{uuid4()}"
        answer = self.http.post(
            f"/api/v2/dags/{dag_id}/dagRuns",
            json={"logical_date": None, "dag_run_id": run_id, "conf": conf},
        )
        answer.raise_for_status()
        return run_id

    def wait_for_run(self, dag_id: str, run_id: str, seconds: float = 90) -> str:
        """Wait until a run has ended and return its state, `success` or `failed`.

        Raises:
            TimeoutError: It has not ended in time.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state: str = self.get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"]
            if state in _FINAL_STATES:
                return state
            time.sleep(0.2)
        raise TimeoutError(f"run {run_id} of {dag_id} has not ended within {seconds:.0f} s")
