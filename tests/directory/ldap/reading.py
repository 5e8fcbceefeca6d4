"""Reads a test's LDAP directory, and looks people and groups up by what they are called."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ops_dashboard.directory import DirectoryError, DirectoryGroup, DirectoryUser, Snapshot
from ops_dashboard.directory.ldap import LdapSettings, LdapSource
from ops_dashboard.directory.ldap.access import Access
from ops_dashboard.directory.settings import Server
from tests.directory.ldap.slapd import BASE, PASSWORD, Entries, Slapd, group, person, running_slapd

SMALL: Entries = {**person("anna"), **person("bert"), **group("ads", "anna", "bert")}


def fetch(slapd: Slapd, **extra: object) -> Snapshot:
    settings = {"kind": "ldap", "base_dn": BASE, "ca_file": str(slapd.certificate), **extra}
    return LdapSettings.model_validate(settings).source(slapd.server()).fetch()


def fetch_of(entries: Entries, **extra: object) -> Snapshot:
    with running_slapd(entries) as slapd:
        return fetch(slapd, **extra)


def source_of(
    slapd: Slapd,
    server: Server | None = None,
    *,
    certificate: Path | None = None,
    seconds: int = 60,
    silent_seconds: int = 30,
    **extra: Any,
) -> LdapSource:
    # Not the entryUUID, which is another in each server.
    settings = LdapSettings.model_validate({"kind": "ldap", "base_dn": BASE, "id_attribute": "cn", **extra})
    access = Access.to(server or slapd.server(), settings.tls, str(certificate or slapd.certificate))
    return LdapSource(
        settings, access, give_up_after=timedelta(seconds=seconds), request_timeout=timedelta(seconds=silent_seconds)
    )


def refusal(source: LdapSource) -> str:
    with pytest.raises(DirectoryError) as caught:
        source.fetch()
    told = str(caught.value)
    assert PASSWORD not in told
    assert told.isprintable()
    assert len(told) < 600
    return told


def users_of(snapshot: Snapshot) -> dict[str, DirectoryUser]:
    return {user.email.partition("@")[0]: user for user in snapshot.users.entries}


def groups_of(snapshot: Snapshot) -> dict[str, DirectoryGroup]:
    return {group.name: group for group in snapshot.groups.entries}


def people_in(snapshot: Snapshot, name: str) -> set[str]:
    ids = {user.external_id: email for email, user in users_of(snapshot).items()}
    return {ids[member] for member in groups_of(snapshot)[name].member_users}


def groups_in(snapshot: Snapshot, name: str) -> set[str]:
    names = {each.external_id: each.name for each in snapshot.groups.entries}
    return {names[member] for member in groups_of(snapshot)[name].member_groups}
