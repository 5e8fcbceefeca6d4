"""Runs told apart by the value of a parameter, and the same values asked for once more, empty ones too."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import psycopg
import pytest

from ops_dashboard.ledger import Event
from tests.pages.operation_site import PAGE, mistake, post, ran, value, visit
from tests.support.company import ADMIN, ADS
from tests.support.product_site import Site, words

CATALOG = """
operations:
  warm-cache:
    title: Warm a cache
    description: Fills it.
    owner: Ads Serving
    parameters:
      region: {type: string, enum: [eu, us], title: Region}
      prefix: {type: string, optional: true, default: all}
      depth: {type: integer, optional: true, default: 3}
      mode: {type: string, enum: [soft, hard], optional: true, default: soft}
    script: {file: rotate.sh, interpreter: sh}
    concurrency: {limit: 1, per: region}
"""
EMPTY = {"p_region": "eu", "p_prefix": "", "p_depth": "", "p_mode": ""}


@pytest.fixture
def site(operation_site: Site, tmp_path: Path) -> Site:
    (tmp_path / "catalog" / "more.yaml").write_text(CATALOG)
    return operation_site


@pytest.mark.parametrize(
    ("actor", "told"),
    [
        (ADMIN, "Running now: one run at a time for each Region, and one for eu asked for by you has not ended"),
        (ADS, f"and one for eu asked for by {ADS} has not ended: see its run . Until then another one is refused."),
    ],
)
def test_a_run_with_the_same_value_is_told_in_the_review(
    site: Site, company: psycopg.Connection, actor: str, told: str
) -> None:
    run_id = ran(company, "warm-cache", Event.STARTED, actor=actor, values={"region": "eu"})
    for _ in range(6):  # more than the page lists
        ran(company, "warm-cache", Event.STARTED, Event.SUCCEEDED, values={"region": "us"})
    review = post(site, ADMIN, "warm-cache", **EMPTY, reason="cold").text
    assert told in words(review)
    assert f'href="/ops/runs/ops_run_warm-cache/{run_id}">its run</a>' in review
    for html in (
        post(site, ADMIN, "warm-cache", **EMPTY | {"p_region": "us"}, reason="cold").text,
        visit(site, ADMIN, f"{PAGE}/warm-cache"),
    ):
        assert "Running now" not in words(html)


def test_run_again_asks_for_just_the_same_values(site: Site, company: psycopg.Connection) -> None:
    given = {"region": "eu", "prefix": None, "depth": None, "mode": None}
    run_id = ran(company, "warm-cache", Event.STARTED, Event.SUCCEEDED, actor=ADMIN, values=given)
    (again,) = re.findall(r'href="([^"]+)">Run again', visit(site, ADMIN, f"/ops/runs/ops_run_warm-cache/{run_id}"))
    with site.client(ADMIN) as client:
        form = client.get(unescape(again)).text
    assert {field: value(form, field) for field in EMPTY} == EMPTY
    fresh = visit(site, ADMIN, f"{PAGE}/warm-cache")
    assert [value(fresh, field) for field in EMPTY] == ["", "all", "3", "soft"]


def test_what_was_emptied_stays_empty_after_a_mistake(site: Site) -> None:
    answer = post(site, ADMIN, "warm-cache", **EMPTY, reason=" ")
    assert mistake(answer.text, "reason")
    assert {field: value(answer.text, field) for field in EMPTY} == EMPTY
