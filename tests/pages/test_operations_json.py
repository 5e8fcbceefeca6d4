"""The JSON about operations."""

from __future__ import annotations

import psycopg
import pytest

from demo.environment import REPOSITORY
from ops_dashboard.acts import parse, run_request
from ops_dashboard.catalog import load_catalog
from ops_dashboard.ledger import Event
from ops_dashboard.operations import prepare
from tests.pages.operation_site import API, ran
from tests.support.company import ADS
from tests.support.product_site import Site


@pytest.fixture
def site(operation_site: Site) -> Site:
    return operation_site


def test_the_json_tells_all(site: Site, company: psycopg.Connection) -> None:
    run_id = ran(company, "rebuild-report", Event.STARTED, Event.SUCCEEDED)
    with site.client(ADS) as client:
        told = {each["name"]: each for each in client.get(API).json()["operations"]}
    assert list(told) == ["missing-script", "purge-cache", "rebuild-report", "rotate-logs"]
    mine = told["rebuild-report"]
    assert mine["last_run"] == {
        "run_id": run_id, "outcome": "succeeded", "actor": ADS, "at": mine["last_run"]["at"],
    }  # fmt: skip
    schema = mine["parameters"]
    assert (schema["type"], schema["additionalProperties"], schema["required"]) == ("object", False, ["report", "day"])
    assert schema["properties"]["depth"]["maximum"] == 30
    assert (mine["may_run"], mine["why"]) == (True, "ads-oncall may run rebuild-report")
    assert {name: mine[name] for name in ("owner", "tags", "dag_id", "approval", "timeout", "idempotent")} == {
        "owner": "Ads Serving",
        "tags": ["reports", "ads"],
        "dag_id": "ops_run_rebuild-report",
        "approval": None,
        "timeout": 120,
        "idempotent": True,
    }
    assert mine["example"] == {"report": "clicks", "day": "2026-11-01", "depth": 5, "name": "me"}
    theirs = told["purge-cache"]
    assert (theirs["may_run"], theirs["approval"], theirs["last_run"]) == (False, "platform-admins", None)
    assert "you are in no group that may run:purge-cache" in theirs["why"]


def test_the_json_is_documented(site: Site) -> None:
    with site.client(ADS) as client:
        document = client.get("/ops/openapi.json").json()
    assert "/api/v1/operations" in document["paths"]


def test_the_repositorys_own_operations_can_be_previewed() -> None:
    for operation in load_catalog(REPOSITORY / "dags" / "catalog").operations.values():
        asked = parse(run_request(operation), {**operation.example, "reason": "an example"})
        prepare(operation, asked.parameters, REPOSITORY / "dags" / "scripts")
