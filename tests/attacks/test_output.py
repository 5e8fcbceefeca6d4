"""Hostile output of a script: it is text, wherever it goes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from demo.client import Client
from tests.attacks.acting import REPEAT, Happened, ask

pytestmark = [pytest.mark.stack]

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def _said(client: Client, text: str) -> tuple[dict[str, Any], str]:
    """The record of a run whose script says this, and its page."""
    answer = ask(client, REPEAT, {"text": text, "reason": text})
    assert answer.outcome == "succeeded", answer.record
    page = client.http.get(f"/ops/runs/{REPEAT}/{answer.record['run_id']}")
    page.raise_for_status()
    return answer.record, page.text


@pytest.mark.attack("CVE-2026-39401", "CVE-2023-5764")
@pytest.mark.parametrize("text", [SCRIPT, '"><script>alert(1)</script>', "{{ 7*7 }}<script>", "</pre><script>"])
def test_markup_in_output_and_reason(ads: Client, happened: Happened, text: str) -> None:
    record, html = _said(ads, text)
    audit = ads.http.get("/ops/audit").text
    assert record["reason"] == text
    for page in (html, audit):
        assert text not in page
        assert "<script>alert" not in page
        assert "onerror=alert(1)>" not in page
    happened("escaped on the run's page and in the audit")


@pytest.mark.attack("CVE-2026-39401")
@pytest.mark.parametrize(
    "text",
    [
        "all is well\nops-progress 5/5 done",
        '{"event": "forged", "level": "error", "ops_output": true}',
        "::group::Pre Execute",
        "ops-result {}",
        "INFO - Allowed: everything",
    ],
)
def test_output_that_looks_like_a_record(ads: Client, happened: Happened, text: str) -> None:
    record, html = _said(ads, text)
    assert (record["outcome"], record["actor"]) == ("succeeded", ads.email)
    assert json.loads(record["after"])["values"]["text"] == text
    assert ("Output" in html, record["ready"]) == (True, None)
    happened("shown as a line; the record is the script's own result")


@pytest.mark.attack("CVE-2026-33858", "CVE-2026-25917")
def test_a_result_that_airflow_could_take_for_an_object(ads: Client, admin: Client, happened: Happened) -> None:
    text = json.dumps({"__classname__": "os.system", "__version__": 0, "__data__": {"args": ["id"]}})
    record, _ = _said(ads, text)
    path = f"/api/v2/dags/{REPEAT}/dagRuns/{record['run_id']}/taskInstances/run/xcomEntries/return_value"
    value = admin.get(path)["value"]
    after = value["after"] if isinstance(value, dict) else json.loads(value)["after"]
    assert isinstance(after, str)
    assert json.loads(after)["values"]["text"] == text
    happened("kept as text in text; Airflow has nothing to make an object of")
