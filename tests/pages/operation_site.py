"""The product's pages with a catalog of operations of their own, and what is read on them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from ops_dashboard import ledger
from ops_dashboard.ledger import Details, Event
from ops_dashboard.operations.choices import Choice
from ops_dashboard.settings import settings
from tests.support.company import ADS, GRANTS, grant, with_grants
from tests.support.ledger_records import request, soon
from tests.support.product_site import Site, send

PAGE, API = "/ops/operations", "/ops/api/v1/operations"
CATALOG = """
operations:
  rebuild-report:
    title: Rebuild a report
    description: |
      Computes one day again.

      Readers see the old numbers until it is done.
    owner: Ads Serving
    tags: [reports, ads]
    parameters:
      report: {type: string, enum: [revenue, clicks], title: Report}
      day: {type: string, format: date}
      depth: {type: integer, minimum: 1, maximum: 30, default: 3}
      name: {type: string, optional: true}
      comment: {type: string, format: multiline, optional: true}
    script: {file: rebuild.py, interpreter: python, arguments: [report]}
    timeout: 120
    idempotent: true
    retries: 2
    example: {report: clicks, day: 2026-11-01, depth: 5, name: me}
  purge-cache:
    title: Purge a cache
    description: Empties it.
    owner: Search Platform
    tags: [cache]
    parameters:
      region: {type: string, choices: {query: regions.sql, connection: cache_db}}
      shard: {type: string, choices: {query: shards.sql, connection: cache_db, needs: [region]}}
    script: {file: purge.sh, interpreter: bash}
    concurrency: {limit: 2}
    approval: {group: platform-admins, within: 600}
  rotate-logs:
    title: <b>Rotate</b>
    owner: Data Platform
    script: {file: rotate.sh, interpreter: sh}
  missing-script:
    title: Without a script
    owner: Nobody
    script: {file: gone.sh, interpreter: sh}
"""
GIVEN = {"p_report": "revenue", "p_day": "2026-11-01", "p_depth": "4", "p_name": "", "p_comment": "", "reason": "late"}
HOSTILE = '"><script>alert(1)</script>{{ 7*7 }}'


@pytest.fixture
def scripts_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "scripts"
    folder.mkdir()
    for name in ("rebuild.py", "purge.sh", "rotate.sh"):
        (folder / name).write_text("true\n")
    return folder


@pytest.fixture
def operation_site(
    bare_site: Site, company: psycopg.Connection, scripts_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    """The site with a catalog of operations of its own."""
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "all.yaml").write_text(CATALOG)
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(catalog))
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__SCRIPTS_FOLDER", str(scripts_folder))
    settings.cache_clear()
    with_grants(
        company,
        *GRANTS,
        grant("everybody", "view:operations"),
        grant("ads-oncall", "run:rebuild-report"),
        grant("ads-oncall", "run:missing-script"),
        grant("search-oncall", "run:purge-cache"),
    )
    company.commit()
    yield bare_site
    settings.cache_clear()


@pytest.fixture
def offers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Sequence[str] | Exception]:
    """What there is to choose from, by parameter and what it depends on."""
    answers: dict[str, Sequence[str] | Exception] = {"region": ["eu", "us"], "shard eu": ["e1", "e2"], "shard us": []}

    def offered(_operation: object, name: str, values: dict[str, str]) -> tuple[Choice, ...]:
        answer = answers[" ".join((name, *values.values()))]
        if isinstance(answer, Exception):
            raise answer
        return tuple(Choice(value, f"Label of {value}") for value in answer)

    monkeypatch.setattr("ops_dashboard.web.pages.operations.typed.offered", offered)
    monkeypatch.setattr("ops_dashboard.web.pages.operations.run_form.check_choices", lambda *_: None)
    return answers


def visit(site: Site, reader: str, path: str = PAGE, status: int = 200, **query: str) -> str:
    with site.client(reader) as client:
        answer = client.get(path, params=query)
    assert answer.status_code == status, answer.text
    return answer.text


def post(site: Site, reader: str, name: str, **fields: str) -> httpx.Response:
    with site.client(reader) as client:
        return send(client, f"{PAGE}/{name}", **fields)


def hidden(html: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', html)
    return {name: unescape(value) for name, value in found}


def listings(html: str) -> dict[str, str]:
    """What exactly will run, part by part."""
    found = re.findall(r'<pre class="output[^"]*"[^>]* aria-label="([^"]+)">(.*?)</pre>', html, re.DOTALL)
    return {title: unescape(text).rstrip("\n") for title, text in found}


def mistake(html: str, field: str) -> str:
    """What is told at a field."""
    found = re.search(rf'id="field-{field}-error"[^>]*>(.*?)</p>', html, re.DOTALL)
    return unescape(found[1]).strip() if found else ""


def ran(
    connection: psycopg.Connection, name: str, *steps: Event, actor: str = ADS, values: dict[str, Any] | None = None
) -> str:
    asked = request(action="run", resource=name, dag_id=f"ops_run_{name}", actor=actor, task_id="run")
    for step in steps:
        ledger.append(connection, asked, step, Details(time_limit=soon(), requested=json.dumps(values or {})))
    connection.commit()
    return asked.run_id


def value(html: str, field: str) -> str:
    """What a field shows."""
    tag = re.search(rf'<(input|select|textarea)[^>]* name="{field}"[^>]*>', html)
    assert tag, f"no field {field}"
    if tag[1] == "input":
        return unescape(re.search(r' value="([^"]*)"', tag[0])[1])  # type: ignore[index]
    inner = html[tag.end() : html.index(f"</{tag[1]}>", tag.end())]
    if tag[1] == "textarea":
        return unescape(inner.removeprefix("\n"))
    chosen = re.search(r'<option value="([^"]*)"\s+selected', inner)
    return unescape(chosen[1]) if chosen else ""


def options(html: str, field: str) -> list[str]:
    select = re.search(rf'<select[^>]* name="{field}".*?</select>', html, re.DOTALL)
    assert select
    return [unescape(found) for found in re.findall(r'<option value="([^"]+)"', select[0])]
