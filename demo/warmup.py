"""Make the first click as fast as the hundredth: load the company, and touch what is built lazily."""

from __future__ import annotations

import httpx

from demo.accounts import ACCOUNTS
from demo.client import Client
from demo.stack import Stack
from ops_dashboard.acts import REQUESTS
from ops_dashboard.directory import SYNC_DAG_ID

_DAGS = (SYNC_DAG_ID, *REQUESTS)
_PAGES = (
    "/ops/workers",
    "/ops/operations",
    "/ops/settings",
    "/ops/audit",
    "/ops/api/v1/pools",
    "/ops/api/v1/settings",
    "/ops/api/v1/ledger",
    "/ops/api/v1/access/me",
)


def load_company(stack: Stack) -> None:
    """Run the sync DAG as the administrator and wait for its success.

    Raises:
        RuntimeError: The DAGs did not appear, or the sync failed.
    """
    admin = next(account for account in ACCOUNTS if account.role == "Admin")
    with Client(stack.url, admin.email) as client:
        stack.progress("waiting for the DAGs")
        stack.wait_until("the DAGs are parsed", lambda: all(_is_known(client, dag_id) for dag_id in _DAGS))
        stack.progress(f"loading the demo company through {SYNC_DAG_ID}")
        run_id = client.trigger(SYNC_DAG_ID, {})
        if client.wait_for_run(SYNC_DAG_ID, run_id) != "success":
            raise RuntimeError(f"{SYNC_DAG_ID} failed: see its log at {stack.url}/dags/{SYNC_DAG_ID}")


def visit_pages(stack: Stack) -> None:
    """Ask for each page once, so that no person waits for imports and first connections.

    Raises:
        httpx.HTTPStatusError: A page does not answer as it should.
    """
    stack.progress("opening each page once")
    with Client(stack.url, ACCOUNTS[0].email) as client:
        for path in _PAGES:
            client.http.get(path).raise_for_status()


def _is_known(client: Client, dag_id: str) -> bool:
    answer = client.http.get(f"/api/v2/dags/{dag_id}")
    if answer.status_code not in {200, 404}:
        raise httpx.HTTPStatusError(f"asking for {dag_id}", request=answer.request, response=answer)
    return answer.status_code == 200
