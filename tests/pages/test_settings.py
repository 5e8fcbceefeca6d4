"""The settings' pages and JSON: whose, how they are, who may, and what their form takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ops_dashboard import ledger
from ops_dashboard.acts import CHANGE_SETTING_DAG_ID
from ops_dashboard.catalog import Limits
from ops_dashboard.configuration import ConfigurationError
from ops_dashboard.configuration.homes import Place
from ops_dashboard.configuration.reading import value_reader
from ops_dashboard.ledger import Details, Event
from tests.support.company import ADMIN, ADS, GRANTS, SEARCH, VIEWER, grant, with_grants
from tests.support.ledger_records import request, soon
from tests.support.product_site import Site, rows, send, words

CATALOG = """
settings:
  ads/batch-size:
    title: Bids per batch
    description: How many bids are sent at once.
    owner: Ads Serving
    value: {type: integer, minimum: 1, maximum: 1000}
    config_map:
      connection: demo
      namespace: ads
      name: bidder-config
      key: batch_size
      restart: {kind: Deployment, name: bidder}
  ads/fast:
    title: Fast path
    owner: Ads Serving
    value: {type: boolean}
    config_map: {connection: demo, namespace: ads, name: bidder-config, key: fast}
  search/model:
    title: Ranking model
    owner: Search Platform
    value: {type: string, enum: [a, b]}
    variable: model
"""
SIZE, MODEL = "/ops/settings/ads/batch-size", "/ops/settings/search/model"


class Homes:
    """Where the settings live; what is not there can't be read."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, str]] = {
            "bidder-config": {"batch_size": "100", "fast": "true"},
            "model": {"model": "a"},
        }
        self.reads: list[str] = []

    def texts(self, place: Place) -> Mapping[str, str]:
        self.reads.append(place.name)
        if place.name not in self.kept:
            raise ConfigurationError(f"no answer from {place.name}")
        return self.kept[place.name]


@pytest.fixture
def homes(site: Site, company: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Homes:
    made = Homes()
    (tmp_path / "settings.yaml").write_text(CATALOG)
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(tmp_path))

    def texts(place: Place) -> Mapping[str, str]:
        return made.texts(place)

    monkeypatch.setattr(Place, "texts", texts)
    value_reader.cache_clear()
    more = (
        grant("ads-oncall", "set:ads/*"),
        grant("search-oncall", "set:search/*"),
        grant("everybody", "view:settings"),
    )
    with_grants(company, *GRANTS, *more)
    company.commit()
    return made


def get(site: Site, path: str, user: str = ADS, status: int = 200) -> str:
    with site.client(user) as client:
        answer = client.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


def recorded(connection: psycopg.Connection, *steps: tuple[Event, Details], resource: str = "ads/batch-size") -> str:
    asked = request(
        actor=ADS, action="set", resource=resource, dag_id=CHANGE_SETTING_DAG_ID, run_id="run-x", reason="more at once"
    )
    for event, details in steps:
        ledger.append(connection, asked, event, details)
    connection.commit()
    return asked.run_id


def done(before: Any, after: Any, ready: int | None = None) -> tuple[tuple[Event, Details], ...]:
    known = Details(before=before, requested=after, grant="ads-oncall → set:ads/*", time_limit=soon())
    ended = Details(before=before, requested=after, after=after, ready=ready, grant=known.grant)
    return ((Event.STARTED, known), (Event.CHANGED, ended), (Event.SUCCEEDED, ended))


def test_the_persons_own_come_first_with_value_owner_and_who_may(site: Site, homes: Homes) -> None:
    html = get(site, "/ops/settings")
    assert words(html).startswith("Settings Change a value that your team's programs run with.")
    assert "Your settings · by ads-oncall" in words(html)
    assert rows(html, "Your settings") == [
        "ads/batch-size Bids per batch 100 no change on record Ads Serving Change ads/batch-size",
        "ads/fast Fast path true no change on record Ads Serving Change ads/fast",
    ]
    assert rows(html, "Settings of others") == [
        "search/model Ranking model a no change on record Search Platform search-oncall"
    ]
    assert sorted(homes.reads) == ["bidder-config", "model"]
    get(site, "/ops/settings", SEARCH)
    assert len(homes.reads) == 2


def test_a_last_change_is_told_with_its_run_and_seen_anew(
    site: Site, homes: Homes, company: psycopg.Connection
) -> None:
    get(site, "/ops/settings")
    recorded(company, *done(50, 100))
    html = get(site, "/ops/settings")
    assert "50 → 100 by you" in rows(html, "Your settings")[0]
    assert f"/ops/runs/{CHANGE_SETTING_DAG_ID}/run-x" in html
    assert sorted(homes.reads) == ["bidder-config", "bidder-config", "model"]


def test_a_scaling_of_a_pool_of_the_same_name_is_no_change_of_the_setting(
    site: Site, homes: Homes, company: psycopg.Connection
) -> None:
    asked = request(actor=ADS, action="scale", resource="ads/batch-size", run_id="run-y")
    ledger.append(company, asked, Event.STARTED, Details(before=1, requested=2, time_limit=soon()))
    company.commit()
    assert "1 → 2" not in get(site, "/ops/settings")
    assert "1 → 2" not in words(get(site, SIZE))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=batch", ["ads/batch-size"]),
        ("?q=BIDS+ads", ["ads/batch-size"]),
        ("?team=search", ["search/model"]),
        ("?q=model&team=ads", []),
    ],
)
def test_the_list_can_be_searched(site: Site, homes: Homes, query: str, found: list[str]) -> None:
    html = get(site, f"/ops/settings{query}", ADMIN)
    assert [row.split()[0] for row in rows(html, "Your settings")] == found
    assert ("No setting of yours fits the filter. Show all" in words(html)) == (not found)


def test_what_is_not_set_not_accepted_or_not_seen_is_said(site: Site, homes: Homes) -> None:
    homes.kept = {"bidder-config": {"batch_size": "many"}}
    html = get(site, "/ops/settings", ADMIN)
    size, fast, model = rows(html, "Your settings")
    assert "many Not accepted" in size
    assert "Not set" in fast
    assert "Not seen" in model
    assert "Not everything can be seen: no answer from model" in words(html)


def test_the_list_takes_a_right_to_look(site: Site, homes: Homes, company: psycopg.Connection) -> None:
    assert "view:settings" in get(site, "/ops/settings", VIEWER, 403)
    get(site, "/ops/api/v1/settings", VIEWER, 403)
    get(site, SIZE, SEARCH, 403)
    get(site, "/ops/settings/ads/nothing", ADMIN, 404)


def test_the_json_tells_all(site: Site, homes: Homes, company: psycopg.Connection) -> None:
    recorded(company, *done(50, 100))
    with site.client(ADS) as client:
        answer = client.get("/ops/api/v1/settings").json()
    size, fast, model = answer["settings"]
    assert size | {"last_change": None, "schema": None} == {
        "setting": "ads/batch-size",
        "team": "ads",
        "title": "Bids per batch",
        "description": "How many bids are sent at once.",
        "owner": "Ads Serving",
        "value": 100,
        "state": "set",
        "problem": None,
        "schema": None,
        "lives_in": {
            "config_map": {
                "namespace": "ads",
                "name": "bidder-config",
                "key": "batch_size",
                "restarts": "Deployment bidder",
            },
            "variable": None,
        },
        "may_set": True,
        "why": size["why"],
        "last_change": None,
    }
    assert (size["schema"]["type"], size["schema"]["minimum"], size["schema"]["maximum"]) == ("integer", 1, 1000)
    assert size["last_change"].items() >= {"actor": ADS, "before": 50, "requested": 100, "run_id": "run-x"}.items()
    assert (fast["value"], model["value"], model["may_set"]) == (True, "a", False)
    assert model["lives_in"] == {"config_map": None, "variable": "model"}
    assert answer["problems"] == []
    assert datetime.fromisoformat(answer["seen_at"]) <= datetime.now(UTC)


def test_the_form_tells_what_is_there_what_is_accepted_and_what_it_restarts(site: Site, homes: Homes) -> None:
    text = words(get(site, SIZE))
    assert text.startswith("Change ads/batch-size Bids per batch")
    for part in (
        "How many bids are sent at once.",
        "Deployment bidder in namespace ads is restarted",
        "Your grant ads-oncall → set:ads/*",
        "ConfigMap bidder-config in namespace ads, key batch_size",
        "Restarts Deployment bidder",
        "Nobody has changed it from here yet.",
    ):
        assert part in text
    assert "restarted" not in words(get(site, MODEL, SEARCH))


def test_sending_the_form_asks_for_what_was_typed_and_seen(site: Site, homes: Homes) -> None:
    with site.client(ADS) as client:
        answer = send(client, SIZE, value="200", reason="more at once")
    assert answer.status_code == 303, words(answer.text)
    (run,) = site.airflow.asked.values()
    assert run["dag_id"] == CHANGE_SETTING_DAG_ID
    assert run["conf"] == {
        "setting": "ads/batch-size",
        "value": 200,
        "reason": "more at once",
        "expected": 100,
        "expected_unset": False,
    }


@pytest.mark.parametrize(("kept", "expected", "unset"), [({}, None, True), ({"batch_size": "many"}, "many", False)])
def test_what_was_seen_may_be_nothing_or_something_strange(
    site: Site, homes: Homes, kept: dict[str, str], expected: object, unset: bool
) -> None:
    homes.kept["bidder-config"] = kept
    with site.client(ADS) as client:
        assert send(client, SIZE, value="200", reason="at last").status_code == 303
    (run,) = site.airflow.asked.values()
    assert (run["conf"]["expected"], run["conf"]["expected_unset"]) == (expected, unset)


BAD = [
    ({"value": "0"}, "0 is not accepted"),
    ({"value": "1001"}, "1001 is not accepted"),
    ({"value": "3.5"}, "3.5' is not accepted"),
    ({"value": "many"}, "'many' is not accepted"),
    ({"value": "1e2"}, "'1e2' is not accepted"),
    ({"value": ""}, "is not accepted"),
    ({"reason": " "}, "' ' is not accepted"),
    ({"expected": "[1]"}, "expected: '[1]' is not accepted"),
    ({"expected": "{"}, "expected: '{' is not accepted"),
    ({"expected": ""}, "expected: '' is not accepted"),
    ({"expected": "true"}, "expected: True is not accepted"),
]


@pytest.mark.parametrize(("changed", "message"), BAD)
def test_what_is_not_accepted_is_told_and_asks_for_nothing(
    site: Site, homes: Homes, changed: dict[str, str], message: str
) -> None:
    with site.client(ADS) as client:
        answer = send(client, SIZE, **{"value": "200", "reason": "x", **changed})
    assert answer.status_code == 422
    assert message in words(answer.text)
    assert site.airflow.asked == {}


def test_the_value_that_is_there_is_refused_unless_something_restarts(site: Site, homes: Homes) -> None:
    with site.client(ADMIN) as client:
        assert "it is a already" in words(send(client, MODEL, value="a", reason="x").text)
        assert send(client, SIZE, value="100", reason="it did not restart").status_code == 303


def test_a_value_that_cannot_be_seen_cannot_be_changed_from_here(site: Site, homes: Homes) -> None:
    homes.kept = {}
    html = get(site, SIZE)
    assert "can't be seen, so nothing can be set from here" in words(html)
    assert "<form method=post" not in html
    assert 'name="reason"' not in html


def test_a_paused_dag_is_told_before_the_click(site: Site, homes: Homes) -> None:
    site.airflow.paused.add(CHANGE_SETTING_DAG_ID)
    assert "Nothing can be changed now: DAG ops_change_setting is paused" in words(get(site, SIZE))


def test_a_run_leads_back_to_the_value_before(site: Site, homes: Homes, company: psycopg.Connection) -> None:
    recorded(company, *done(50, 100, ready=6))
    html = get(site, f"/ops/runs/{CHANGE_SETTING_DAG_ID}/run-x")
    text = words(html)
    assert text.startswith("Change of ads/batch-size Asked by you")
    assert "50 → to 100 Done" in text
    assert "Set 50 → 100 (done)" in text
    assert "Restarted 6 pods ready (done)" in text
    (back,) = re.findall(r'<a class="btn[^"]*" href="([^"]+)">\s*Set back to 50', html)
    assert back == "/ops/settings/ads/batch-size?value=50&amp;expected=100"

    with site.client(ADS) as client:
        assert send(client, back.replace("&amp;", "&"), value="50", reason="back").status_code == 303
    (run,) = site.airflow.asked.values()
    assert (run["conf"]["value"], run["conf"]["expected"]) == (50, 100)


def test_setting_back_what_somebody_changed_since_is_warned_about(site: Site, homes: Homes) -> None:
    text = words(get(site, f"{SIZE}?value=50&expected=70"))
    assert "Changed meanwhile: it is 100 now, not 70 any more." in text
    assert "70 → to 50" in text
    assert "Changed meanwhile" not in get(site, f"{SIZE}?value=50&expected=100")


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (done(None, 100), "Set not set → 100"),
        (done("many", 100), "Set back to many"),
        (done(50, 100)[:2], "Restarting bidder (now)"),
        (done(50, 100)[:1], "Set (now)"),
    ],
)
def test_every_run_reads_well(
    site: Site, homes: Homes, company: psycopg.Connection, steps: tuple[tuple[Event, Details], ...], told: str
) -> None:
    recorded(company, *steps)
    text = words(get(site, f"/ops/runs/{CHANGE_SETTING_DAG_ID}/run-x"))
    assert told in text
    assert "of 100 ready" not in text


def test_a_run_that_set_what_was_not_set_leads_nowhere_back(
    site: Site, homes: Homes, company: psycopg.Connection
) -> None:
    recorded(company, *done(None, 100))
    assert "Set back" not in get(site, f"/ops/runs/{CHANGE_SETTING_DAG_ID}/run-x")


def test_true_and_false_are_written_as_json_has_them(site: Site, homes: Homes, company: psycopg.Connection) -> None:
    recorded(company, *done(False, True), resource="ads/fast")
    assert "false → to true" in words(get(site, f"/ops/runs/{CHANGE_SETTING_DAG_ID}/run-x"))
    assert "false → true" in words(get(site, "/ops/audit", ADMIN))


@pytest.mark.parametrize(
    ("approver", "words_of_it", "button"),
    [
        ("platform-admins", "Somebody in platform-admins has to approve it first.", "Ask for approval"),
        (None, "No grant of yours allows this, so it would be refused.", ""),
    ],
)
def test_the_dialog_says_what_a_number_beyond_the_limits_comes_to(
    site: Site, homes: Homes, company: psycopg.Connection, approver: str | None, words_of_it: str, button: str
) -> None:
    limited = grant("ads-oncall", "set:ads/*", limits=Limits(min=50, max=200), approver=approver)
    with_grants(company, *GRANTS, limited)
    company.commit()
    html = get(site, "/ops/settings/ads/batch-size")
    assert f'data-outside="value" data-ranges="[[50, 200]]" data-button="{button}"' in html
    assert words_of_it in html
    other = get(site, "/ops/settings/ads/fast")
    assert f'data-outside="value" data-ranges="[]" data-button="{button}"' in other, "what is no number is beyond all"
    with_grants(company, *GRANTS, limited, grant("everybody", "set:ads/*"))
    company.commit()
    assert "data-outside" not in get(site, "/ops/settings/ads/batch-size")


@pytest.mark.parametrize(("before", "told"), [(100, "Waiting for approval:"), (90, "Waiting in vain:")])
def test_what_waits_is_told_in_the_list_and_above_the_form(
    site: Site, homes: Homes, company: psycopg.Connection, before: int, told: str
) -> None:
    waiting = Details(before=before, requested=250, approver="platform-admins", within=60, time_limit=soon())
    recorded(company, (Event.WAITING, waiting))
    waits = "waits for approval" if before == 100 else "waits in vain"
    assert f"100 {before} → 250 {waits}" in rows(get(site, "/ops/settings"), "Your settings")[0]
    form = words(get(site, "/ops/settings/ads/batch-size"))
    assert f"{told} {before} → 250, asked for by you just now" in form
    assert ("It is 100 by now, so an approval would be refused." in form) is (before == 90)
