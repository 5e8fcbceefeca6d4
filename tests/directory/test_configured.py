"""An Airflow connection describes a source; whatever is wrong with it is told, but no secret."""

from __future__ import annotations

import json
import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ops_dashboard.directory import Bound, DirectoryError, SyncRules, from_connection


def configure(monkeypatch: pytest.MonkeyPatch, extra: object, **fields: Any) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OPS_DIRECTORY", json.dumps({"conn_type": "generic", "extra": extra, **fields}))


def test_a_file_with_nothing_else_said_has_the_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configure(monkeypatch, {"kind": "file", "path": str(tmp_path / "directory.yaml")})
    configured = from_connection("ops_directory")
    assert (configured.name, configured.rules) == ("file", SyncRules())


def test_name_age_and_guards_can_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configure(
        monkeypatch,
        {
            "kind": "file",
            "path": str(tmp_path / "directory.yaml"),
            "name": "contractors",
            "max_age_hours": 0.5,
            "first_run": "apply",
            "guards": {"users_removed": {"number": 1, "percent": 2}, "granted_group_opens": "apply"},
        },
    )
    configured = from_connection("ops_directory")
    assert configured.name == "contractors"
    assert configured.rules.max_age == timedelta(minutes=30)
    assert not configured.rules.holds_first_run
    assert configured.rules.guards.users_removed == Bound(number=1, percent=2)
    assert configured.rules.guards.memberships_removed == Bound(number=20, percent=20)


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({}, "extra has kind nothing, expected file, google, ldap, scim"),
        ({"kind": "ldpa"}, "extra has kind 'ldpa', expected file, google, ldap, scim"),
        ({"kind": ["file"]}, "expected file, google, ldap, scim"),
        ({"kind": "file"}, "path is missing; accepted is "),
        ({"kind": "file", "path": 3}, "path is 3, not accepted; accepted is "),
        ({"kind": "file", "path": ""}, "path is '', not accepted; accepted is "),
        ({"kind": "file", "path": "/x", "pfad": "/y"}, "'pfad' is unknown; accepted are kind, name, max_age_hours"),
        (
            {"kind": "file", "path": "/x", "max_age_hours": 0},
            "max_age_hours is 0, not accepted; accepted is a number of hours",
        ),
        ({"kind": "file", "path": "/x", "max_age_hours": 0.1}, "max_age_hours is 0.1, not accepted"),
        ({"kind": "file", "path": "/x", "max_age_hours": -6}, "max_age_hours is -6, not accepted"),
        ({"kind": "file", "path": "/x", "max_age_hours": math.nan}, "max_age_hours is nan, not accepted"),
        ({"kind": "file", "path": "/x", "max_age_hours": math.inf}, "max_age_hours is inf, not accepted"),
        ({"kind": "file", "path": "/x", "max_age_hours": None}, "max_age_hours is nothing, not accepted"),
        ({"kind": "file", "path": "/x", "max_age_hours": True}, "max_age_hours is True, not accepted"),
        (
            {"kind": "file", "path": "/x", "guards": {"memberships_removed": {"number": 1, "percent": math.nan}}},
            "guards.memberships_removed.percent is nan, not accepted",
        ),
        ({"kind": "file", "path": "/x", "guards": {"emptied_group_had": 0}}, "guards.emptied_group_had is 0, not"),
        ({"kind": "file", "path": "/x", "max_age_hours": "6"}, "max_age_hours is not accepted"),
        (
            {"kind": "file", "path": "/x", "guards": {"users_removed": {"number": 1, "percent": True}}},
            "guards.users_removed.percent is True, not accepted; accepted is a percentage from 0 to 1000",
        ),
        ({"kind": "file", "path": "/x", "first_run": "yes"}, "first_run is not accepted; accepted is hold or apply"),
        ({"kind": "file", "path": "/x", "name": "A b"}, "name is not accepted; accepted is 1 to 63 lower-case letters"),
        (
            {"kind": "file", "path": "/x", "guards": {"users_removed": 5}},
            "guards.users_removed is 5, not accepted; accepted is a mapping of number and percent",
        ),
        (
            {"kind": "file", "path": "/x", "guards": {"users_removed": {"number": -1, "percent": 2}}},
            "guards.users_removed.number is -1, not accepted; accepted is a whole number, 0 or more",
        ),
    ],
)
def test_mistakes_are_told_by_field(monkeypatch: pytest.MonkeyPatch, extra: object, told: str) -> None:
    configure(monkeypatch, extra)
    with pytest.raises(DirectoryError) as caught:
        from_connection("ops_directory")
    assert str(caught.value).startswith("connection 'ops_directory': ")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "extra",
    [
        {"kind": "ldap", "base_dn": "dc=example", "surprise": "hunter2"},
        {"kind": "scim", "url": ["hunter2"]},
        {"kind": "google", "customer": {"hunter2": 1}},
    ],
)
def test_no_value_is_repeated(monkeypatch: pytest.MonkeyPatch, extra: object) -> None:
    configure(monkeypatch, extra, password="hunter2")
    with pytest.raises(DirectoryError) as caught:
        from_connection("ops_directory")
    assert "hunter2" not in str(caught.value)


def test_a_missing_connection_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_NOWHERE", raising=False)
    with pytest.raises(DirectoryError, match="'nowhere'"):
        from_connection("nowhere")
