"""The catalog: what it accepts, and that every mistake of all files is told at once."""

from __future__ import annotations

import json
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from demo.environment import REPOSITORY
from ops_dashboard.catalog import (
    Catalog,
    CatalogError,
    CatalogGrant,
    Limits,
    Pool,
    UnknownPoolError,
    WorkloadKind,
    load_catalog,
)

POOL: dict[str, Any] = {
    "connection": "demo_cluster",
    "namespace": "ads",
    "kind": "Deployment",
    "name": "bidder",
    "min": 2,
    "max": 20,
    "owner": "Ads Serving",
}
GRANT: dict[str, Any] = {"group": "ads-oncall", "action": "scale:ads/*", "limits": {"max_change": 10}}
SECTIONS = "a mapping with some of the keys grants, operations, pools, settings"
DEMO = REPOSITORY / "dags" / "catalog"


def load(folder: Path, **files: object) -> Catalog:
    """Load a folder with these files; what is not text is written as JSON, which YAML contains."""
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        (folder / f"{name}.yaml").write_text(text)
    return load_catalog(folder)


def problems(folder: Path, **files: object) -> list[str]:
    """Load, and return the messages with the folder's name left out."""
    with pytest.raises(CatalogError) as caught:
        load(folder, **files)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_the_demo_company_is_a_good_catalog() -> None:
    catalog = load_catalog(DEMO)

    assert list(catalog.pools) == [
        "ads/bidder",
        "ads/indexer",
        "ads/reporter",
        "search/crawler",
        "search/ranker",
        "search/suggester",
    ]
    assert catalog.pools["search/suggester"] == Pool(
        name="search/suggester",
        connection="demo_cluster",
        namespace="search",
        kind=WorkloadKind.STATEFUL_SET,
        workload="suggester",
        min=1,
        max=9,
        owner="Search Platform",
    )
    assert {(grant.group, grant.action, grant.limits.max_change) for grant in catalog.grants} == {
        ("staff", "view:*", None),
        ("ads-oncall", "scale:ads/*", 10),
        ("search-oncall", "scale:search/*", 10),
        ("ads-oncall", "run:rebuild-report", None),
        ("ads-oncall", "run:rotate-logs", None),
        ("ads-oncall", "run:purge-cache", None),
        ("search-oncall", "run:purge-cache", None),
        ("search-oncall", "run:repair-orders", None),
        ("ads-oncall", "set:ads/*", None),
        ("search-oncall", "set:search/*", None),
        ("platform-admins", "*", None),
    }


def test_a_pool_knows_its_parts(tmp_path: Path) -> None:
    pool = load(tmp_path, a={"pools": {"ads/bidder": POOL}}).pool("ads/bidder")
    assert (pool.team, pool.role, pool.action) == ("ads", "bidder", "scale:ads/bidder")


def test_the_pools_of_all_files_come_sorted_and_cannot_be_changed(tmp_path: Path) -> None:
    other = POOL | {"name": "indexer"}
    catalog = load(tmp_path, b={"pools": {"ads/bidder": POOL}}, a={"pools": {"ads/indexer": other}})

    assert list(catalog.pools) == ["ads/bidder", "ads/indexer"]
    with pytest.raises(TypeError):
        catalog.pools["ads/other"] = catalog.pools["ads/bidder"]  # type: ignore[index]
    with pytest.raises(ValidationError):
        catalog.pools["ads/bidder"].max = 1000  # type: ignore[misc]


def test_times_are_read_with_and_without_quotes(tmp_path: Path) -> None:
    text = """grants:
  - {group: a, action: "*", valid_from: 2026-01-01T00:00:00Z, expires_at: "2026-12-31T18:00:00+01:00"}
"""
    (grant,) = load(tmp_path, a=text).grants
    assert (grant.valid_from, grant.expires_at) == (
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 12, 31, 17, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("min", -1, "pools.ads/bidder.min: got -1, expected a whole number from 0 to 100000"),
        ("min", 3.5, "pools.ads/bidder.min: got 3.5, expected a whole number from 0 to 100000"),
        ("min", "3", "pools.ads/bidder.min: got '3', expected a whole number from 0 to 100000"),
        ("min", True, "pools.ads/bidder.min: got True, expected a whole number from 0 to 100000"),
        ("min", None, "pools.ads/bidder.min: got nothing, expected a whole number from 0 to 100000"),
        ("min", 100.0, "pools.ads/bidder.min: got 100.0, expected a whole number from 0 to 100000"),
        ("max", 100_001, "pools.ads/bidder.max: got 100001, expected a whole number from 0 to 100000"),
        ("max", 2**31, "pools.ads/bidder.max: got 2147483648, expected a whole number from 0 to 100000"),
        ("max", 1, "pools.ads/bidder.max: got 1, expected at least min, which is 2"),
        ("kind", "deployment", "pools.ads/bidder.kind: got 'deployment', expected Deployment or StatefulSet"),
        ("kind", [], "pools.ads/bidder.kind: got [], expected Deployment or StatefulSet"),
        ("name", "Bidder", "pools.ads/bidder.name: got 'Bidder', expected the workload's name: 1 to 63 lower-case"),
        ("name", "bidder\n", "pools.ads/bidder.name: got 'bidder\\n', expected the workload's name"),
        ("name", "-bidder", "pools.ads/bidder.name: got '-bidder', expected the workload's name"),
        ("name", "b" * 64, "expected the workload's name"),
        ("namespace", "ads/x", "pools.ads/bidder.namespace: got 'ads/x', expected a Kubernetes namespace"),
        ("namespace", "../x", "pools.ads/bidder.namespace: got '../x', expected a Kubernetes namespace"),
        ("connection", "", "pools.ads/bidder.connection: got '', expected the id of an Airflow connection"),
        ("connection", "a b", "pools.ads/bidder.connection: got 'a b', expected the id of an Airflow connection"),
        ("owner", "  ", "pools.ads/bidder.owner: got '  ', expected who answers for the pool"),
        ("owner", "two\nlines", "pools.ads/bidder.owner: got 'two\\nlines', expected who answers for the pool"),
        ("owner", "o" * 101, "expected who answers for the pool: 1 to 100 printable characters"),
        ("maximum", 3, "pools.ads/bidder.maximum: got the key 'maximum', expected one of the keys connection, kind"),
        ("mx", 3, "name, namespace, owner; did you mean max?"),
        ("workload", "bidder", "got the key 'workload', expected one of the keys connection, kind, max, min, name"),
    ],
)
def test_a_bad_field_of_a_pool_is_told(tmp_path: Path, field: str, value: object, message: str) -> None:
    (problem,) = problems(tmp_path, a={"pools": {"ads/bidder": POOL | {field: value}}})
    assert problem.startswith("a.yaml:1: ")
    assert message in problem


@pytest.mark.parametrize("field", POOL)
def test_a_missing_field_of_a_pool_is_told(tmp_path: Path, field: str) -> None:
    fields = {key: value for key, value in POOL.items() if key != field}
    (problem,) = problems(tmp_path, a={"pools": {"ads/bidder": fields}})
    assert f"pools.ads/bidder.{field}: got nothing, expected " in problem


@pytest.mark.parametrize(
    "name",
    ["bidder", "ads/", "/bidder", "ads/bidder/x", "Ads/bidder", "../x", "ads/bidder\n", "ads /bidder", "é/b", ""],
)
def test_a_bad_pool_name_is_told(tmp_path: Path, name: str) -> None:
    (problem,) = problems(tmp_path, a={"pools": {name: POOL}})
    assert f"got {name!r}, expected team/role as in ads/bidder" in problem


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"action": "scale"}, "grants[0].action: got 'scale', expected scale, run, set, view or manage"),
        ({"action": "delete:ads/*"}, "grants[0].action: got 'delete:ads/*', expected scale, run"),
        ({"action": "*:ads/bidder"}, "grants[0].action: got '*:ads/bidder', expected scale, run"),
        ({"action": "scale:"}, "grants[0].action: got 'scale:', expected scale, run"),
        ({"action": "scale:ads/*\n"}, "grants[0].action: got 'scale:ads/*\\n', expected scale, run"),
        ({"action": "scale:ads/%"}, "grants[0].action: got 'scale:ads/%', expected scale, run"),
        ({"group": ""}, "grants[0].group: got '', expected the name of a group"),
        ({"group": 7}, "grants[0].group: got 7, expected the name of a group"),
        ({"limits": []}, "grants[0].limits: got [], expected a mapping with some of the keys max, max_change, min"),
        ({"limits": {"min": 5, "max": 4}}, "grants[0].limits.max: got 4, expected at least min, which is 5"),
        ({"limits": {"max": "4"}}, "grants[0].limits.max: got '4', expected a whole number from 0 to 100000"),
        ({"limits": {"max_change": 0}}, "grants[0].limits.max_change: got 0, expected a whole number from 1"),
        ({"limits": {"maxchange": 1}}, "grants[0].limits.maxchange: got the key 'maxchange', expected one of the keys"),
        *(
            (
                {"action": action},
                f"expected nothing for {action}: limits are for actions that begin with scale: or set:",
            )
            for action in ("*", "run:purge-cache", "view:*", "manage:grants/scale/ads/*")
        ),
        ({"expires_at": "2026-12-31"}, "grants[0].expires_at: got '2026-12-31', expected a date and time with its"),
        ({"expires_at": "2026-12-31T18:00:00"}, "expected a date and time with its offset from UTC"),
        ({"expires_at": "soon"}, "grants[0].expires_at: got 'soon', expected a date and time with its offset"),
        ({"expires_at": "9999-12-31T23:59:59-01:00"}, "expected a date and time with its offset from UTC"),
        ({"valid_from": 1767225600}, "grants[0].valid_from: got 1767225600, expected a date and time with its"),
        (
            {"valid_from": "2026-02-01T00:00:00Z", "expires_at": "2026-01-31T23:00:00-01:00"},
            "grants[0].expires_at: got '2026-01-31T23:00:00-01:00', expected a time after valid_from, which is",
        ),
        (
            {"groups": ["a"]},
            "got the key 'groups', expected one of the keys action, approver, expires_at, group, limits, valid_from",
        ),
    ],
)
def test_a_bad_field_of_a_grant_is_told(tmp_path: Path, change: dict[str, object], message: str) -> None:
    (problem,) = problems(tmp_path, a={"grants": [GRANT | change]})
    assert message in problem


@pytest.mark.parametrize(
    "action", ["scale:ads/bidder", "scale:*", "run:purge-cache", "set:ads/batch-size", "view:*", "manage:grants", "*"]
)
def test_every_kind_of_action_can_be_granted(tmp_path: Path, action: str) -> None:
    (grant,) = load(tmp_path, a={"grants": [{"group": "ads-oncall", "action": action}]}).grants
    assert grant == CatalogGrant(group="ads-oncall", action=action, limits=Limits())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", f"a.yaml: got nothing, expected {SECTIONS}"),
        ("{}", "a.yaml:1: got {}, expected " + SECTIONS),
        ("[]", f"a.yaml:1: got [], expected {SECTIONS}"),
        (
            "pool: {}",
            "a.yaml:1: pool: got the key 'pool', expected one of the keys grants, operations, pools, settings;"
            " did you mean pools?",
        ),
        ("pools:", "a.yaml:1: pools: got nothing, expected a mapping from names"),
        ("pools: [ads/bidder]", "a.yaml:1: pools: got ['ads/bidder'], expected a mapping from names"),
        ("pools: {ads/bidder: }", "a.yaml:1: pools.ads/bidder: got nothing, expected a mapping with some of the keys"),
        ("grants: {group: a}", "a.yaml:1: grants: got {'group': 'a'}, expected a list of grants"),
        ("grants: [a]", "a.yaml:1: grants[0]: got 'a', expected a mapping with some of the keys action"),
        ("pools: !!python/name:os.system {}", "expected a value without a tag"),
        ("pools: {", "expected valid YAML"),
    ],
)
def test_a_file_of_another_form_is_told(tmp_path: Path, content: str, message: str) -> None:
    (problem,) = problems(tmp_path, a=content)
    assert message in problem


def test_every_mistake_of_every_file_comes_at_once_in_order(tmp_path: Path) -> None:
    team = """pools:
  ads/bidder:
    connection: demo_cluster
    namespace: ads
    kind: Deployment
    name: on
    min: 9
    max: 3
    max: 30
  Ads/indexer:
    {connection: c, namespace: n, kind: Deployment, name: w, min: 08, max: 9, owner: o}
grants:
  - group: ads-oncall
    action: fly:ads/*
"""
    found = problems(tmp_path, team=team, empty="", zoo="pools: !x {}")

    assert [problem.split(" got ")[0] for problem in found] == [
        "empty.yaml:",
        "team.yaml:2: pools.ads/bidder.owner:",
        "team.yaml:6: pools.ads/bidder.name:",
        "team.yaml:8: pools.ads/bidder.max:",
        "team.yaml:9: pools.ads/bidder.max:",
        "team.yaml:10: pools.Ads/indexer:",
        "team.yaml:11: pools.Ads/indexer.min:",
        "team.yaml:14: grants[0].action:",
        "zoo.yaml:1: pools:",
    ]


def test_a_pool_in_two_files_names_both_places(tmp_path: Path) -> None:
    (problem, *_) = problems(
        tmp_path, a="#\n" + json.dumps({"pools": {"ads/bidder": POOL}}), b={"pools": {"ads/bidder": POOL}}
    )
    assert "b.yaml:1: pools.ads/bidder: got the pool 'ads/bidder', expected" in problem
    assert problem.endswith("the other is pools.ads/bidder in a.yaml:2")


def test_two_pools_on_one_workload_name_both_places(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, a={"pools": {"ads/bidder": POOL, "ads/copy": POOL | {"min": 0}}})
    assert problem == (
        "a.yaml:1: pools.ads/copy: got Deployment ads/bidder of demo_cluster, "
        "expected one declaration of it; the other is pools.ads/bidder in a.yaml:1"
    )


@pytest.mark.parametrize("field", ["connection", "namespace", "name", "kind"])
def test_pools_on_different_workloads_are_no_mistake(tmp_path: Path, field: str) -> None:
    other = POOL | {field: "StatefulSet" if field == "kind" else "other"}
    assert len(load(tmp_path, a={"pools": {"ads/bidder": POOL, "ads/other": other}}).pools) == 2


def test_the_same_grant_twice_names_both_places(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, a={"grants": [GRANT]}, b={"grants": [GRANT]})
    assert problem.endswith("the other is grants[0] in a.yaml:1")


def test_one_group_may_have_the_same_action_within_other_limits(tmp_path: Path) -> None:
    assert len(load(tmp_path, a={"grants": [GRANT, GRANT | {"limits": {"max": 5}}]}).grants) == 2


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "got no file, expected at least one whose name ends in .yaml"),
        (["README.md", ".hidden.yaml"], "got no file, expected at least one whose name ends in .yaml"),
        (["ads.yml"], "ads.yml: got a name that ends in .yml, expected one that ends in .yaml"),
    ],
)
def test_a_folder_without_yaml_is_a_mistake(tmp_path: Path, names: list[str], message: str) -> None:
    for name in names:
        (tmp_path / name).touch()
    (problem,) = problems(tmp_path)
    assert message in problem


def test_a_missing_folder_is_a_mistake(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path / "gone")
    assert problem.endswith("gone: got No such file or directory, expected a folder that can be read")


def test_a_file_in_place_of_the_folder_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(CatalogError, match="got Not a directory"):
        load_catalog(file)


def test_an_unreadable_file_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "dangling.yaml").symlink_to(tmp_path / "gone")
    (problem,) = problems(tmp_path)
    assert problem == "dangling.yaml: got No such file or directory, expected a file that can be read"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ads/bider", "no pool 'ads/bider' in the catalog; did you mean ads/bidder"),
        ("zzz", "no pool 'zzz' in the catalog; it has ads/bidder, ads/indexer"),
        ("../x", "no pool '../x' in the catalog; it has "),
        ("ads/bidder\n", "no pool 'ads/bidder\\n' in the catalog; did you mean ads/bidder"),
    ],
)
def test_an_unknown_pool_is_told_with_those_there_are(name: str, message: str) -> None:
    with pytest.raises(UnknownPoolError) as caught:
        load_catalog(DEMO).pool(name)
    assert str(caught.value).startswith(message)


def test_the_message_about_an_endless_pool_name_is_short() -> None:
    with pytest.raises(UnknownPoolError) as caught:
        load_catalog(DEMO).pool("x" * 1_000_000)
    assert len(str(caught.value)) < 300


_LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
_KEYS = st.sampled_from(["pools", "grants", "limits", "ads/bidder", *POOL, *GRANT, "max_change", "expires_at"])
_SCALARS = st.none() | st.booleans() | st.integers(-5, 200_000) | st.floats() | st.text() | _KEYS
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner) | st.dictionaries(_KEYS | st.text(), inner), max_leaves=15
)


def load_text(text: str) -> Catalog:
    with tempfile.TemporaryDirectory() as folder:
        return load(Path(folder), a=text)


@given(team=_LABEL, role=_LABEL)
def test_every_pair_of_labels_names_a_pool(team: str, role: str) -> None:
    assert list(load_text(json.dumps({"pools": {f"{team}/{role}": POOL}})).pools) == [f"{team}/{role}"]


@given(name=st.text(st.sampled_from("a0-/. \nA"), max_size=6))
def test_no_other_text_names_a_pool(name: str) -> None:
    good = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?/[a-z0-9]([a-z0-9-]*[a-z0-9])?").fullmatch(name)
    try:
        catalog = load_text(json.dumps({"pools": {name: POOL}}))
    except CatalogError:
        assert not good
    else:
        assert good
        assert list(catalog.pools) == [name]


@given(value=_VALUES, place=st.sampled_from(["top", "pools", "pool", "grants", "limits", *POOL, *GRANT]))
def test_any_value_anywhere_gives_a_catalog_or_problems(value: object, place: str) -> None:
    pool = value if place == "pool" else POOL | ({place: value} if place in POOL else {})
    grant = GRANT | ({place: value} if place in GRANT or place == "limits" else {})
    sections = {"pools": {"ads/bidder": pool}, "grants": [grant]} | (
        {place: value} if place in ("pools", "grants") else {}
    )
    try:
        result: Catalog | CatalogError = load_text(json.dumps(value if place == "top" else sections))
    except CatalogError as error:
        result = error

    if isinstance(result, Catalog):
        assert all(0 <= pool.min <= pool.max <= 100_000 for pool in result.pools.values())
    else:
        assert all(mistake.expected and len(str(mistake)) < 600 for mistake in result.mistakes)
        assert all(str(mistake).isprintable() for mistake in result.mistakes)
