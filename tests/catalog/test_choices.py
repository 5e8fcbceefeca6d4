"""Operations that take a second person, and parameters whose choices a query gives."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ops_dashboard.operations.choices import ChoicesError
from tests.pages.operation_site import PAGE, mistake, options, post, value, visit
from tests.support.company import SEARCH
from tests.support.product_site import Site, words


@pytest.fixture
def site(operation_site: Site) -> Site:
    return operation_site


@pytest.mark.usefixtures("offers")
def test_what_takes_a_second_person_says_so_and_asks_for_approval(site: Site) -> None:
    html = visit(site, SEARCH, f"{PAGE}/purge-cache")
    told = "Takes a second person: Somebody in platform-admins, and not you, has to approve it within 10 min."
    assert told in words(html)
    assert "Approval takes somebody in platform-admins, within 10 min" in words(html)
    review = post(site, SEARCH, "purge-cache", p_region="eu", p_shard="e1", reason="stale").text
    assert told in words(review)
    assert "Ask for approval" in review
    assert "Run now" not in review


@pytest.mark.usefixtures("offers")
def test_choices_follow_what_they_depend_on(site: Site) -> None:
    html = visit(site, SEARCH, f"{PAGE}/purge-cache")
    assert (options(html, "p_region"), options(html, "p_shard")) == (["eu", "us"], [])
    assert "Choose Region first." in html
    assert 'data-renews="p_shard" data-on="p_region"' in html
    answer = post(site, SEARCH, "purge-cache", p_region="eu", p_shard="", reason="half typed", step="choices")
    assert answer.status_code == 200
    assert (value(answer.text, "p_region"), options(answer.text, "p_shard")) == ("eu", ["e1", "e2"])
    assert "half typed</textarea>" in answer.text
    assert 'class="mistake"' not in answer.text
    none = post(site, SEARCH, "purge-cache", p_region="us", step="choices").text
    assert options(none, "p_shard") == []
    assert "there are none for what stands there now." in none


def test_choices_that_cant_be_told_are_told_at_the_field(
    site: Site, offers: dict[str, Sequence[str] | Exception]
) -> None:
    offers["region"] = ChoicesError("the database can't be reached")
    html = visit(site, SEARCH, f"{PAGE}/purge-cache", region="eu")
    assert mistake(html, "p_region") == "what there is to choose from can't be told: the database can't be reached"
    assert value(html, "p_region") == "eu"


def test_choices_are_checked_before_the_review(site: Site, offers: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ChoicesError("the query took too long")

    monkeypatch.setattr("ops_dashboard.web.pages.operations.run_form.check_choices", refuse)
    answer = post(site, SEARCH, "purge-cache", p_region="eu", p_shard="e1", reason="stale")
    assert answer.status_code == 503
    assert "It can't be run now: the query took too long." in words(answer.text)
