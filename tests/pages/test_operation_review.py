"""The second look: it shows exactly what will run, and nothing runs that was not looked at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pages.operation_site import GIVEN, HOSTILE, PAGE, hidden, listings, post, value
from tests.support.company import ADS
from tests.support.product_site import Site, send


@pytest.fixture
def site(operation_site: Site) -> Site:
    return operation_site


def test_the_review_shows_exactly_what_will_run_and_asks_for_nothing(site: Site, scripts_folder: Path) -> None:
    answer = post(site, ADS, "rebuild-report", **GIVEN | {"p_comment": 'a "b"\r\nc', "step": "review"})
    assert answer.status_code == 200
    shown = listings(answer.text)
    assert shown["Command"].endswith(" -I -u rebuild.py revenue")
    assert json.loads(shown["Standard input"]) == {
        "report": "revenue", "day": "2026-11-01", "depth": 4, "name": None, "comment": 'a "b"\nc',
    }  # fmt: skip
    assert shown["Script"].startswith("rebuild.py, sha256 ")
    assert shown["Ends after"] == "120 seconds"
    assert "Run now" in answer.text
    assert site.airflow.asked == {}


def test_what_was_reviewed_runs_once_and_its_page_follows(site: Site) -> None:
    with site.client(ADS) as client:
        review = send(client, f"{PAGE}/rebuild-report", **GIVEN, step="review").text
        sent = {**hidden(review), "step": "run"}
        answers = [
            client.post(f"{PAGE}/rebuild-report", data=sent, headers={"Sec-Fetch-Site": "same-origin"})
            for _ in range(2)
        ]
    assert {answer.status_code for answer in answers} == {303}
    ((run_id, run),) = site.airflow.asked.items()
    assert {answer.headers["location"] for answer in answers} == {f"/ops/runs/ops_run_rebuild-report/{run_id}"}
    assert (run["dag_id"], run["triggering_user_name"]) == ("ops_run_rebuild-report", ADS)
    assert run["conf"] == {
        "report": "revenue", "day": "2026-11-01", "depth": 4, "name": None, "comment": None, "reason": "late",
    }  # fmt: skip


@pytest.mark.attack(then="not run; the new preview is shown")
def test_a_script_that_changed_meanwhile_is_shown_again(site: Site, scripts_folder: Path) -> None:
    with site.client(ADS) as client:
        sent = {**hidden(send(client, f"{PAGE}/rebuild-report", **GIVEN).text), "step": "run"}
        (scripts_folder / "rebuild.py").write_text("something else\n")
        answer = client.post(f"{PAGE}/rebuild-report", data=sent, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 409
    assert "What would run is not what you were shown." in answer.text
    assert hidden(answer.text)["seen"] != sent["seen"]
    assert site.airflow.asked == {}


def test_nothing_runs_that_was_not_looked_at(site: Site) -> None:
    answer = post(site, ADS, "rebuild-report", **GIVEN, step="run")
    assert answer.status_code == 409
    assert "Run now" in answer.text
    assert site.airflow.asked == {}


def test_change_leads_back_to_the_form_with_all_that_was_typed(site: Site) -> None:
    given = GIVEN | {"p_name": HOSTILE, "p_comment": "one\r\ntwo"}
    with site.client(ADS) as client:
        review = send(client, f"{PAGE}/rebuild-report", **given)
        assert "<script>alert" not in review.text
        answer = client.post(
            f"{PAGE}/rebuild-report",
            data={**hidden(review.text), "step": "change"},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
    assert answer.status_code == 200
    assert {field: value(answer.text, field).replace("\r", "") for field in given} == {
        field: text.replace("\r", "") for field, text in given.items()
    }
    assert "<script>alert" not in answer.text
