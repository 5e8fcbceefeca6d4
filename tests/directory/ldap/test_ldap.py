"""The LDAP directory on a real slapd: everything that is there, as it is."""

from __future__ import annotations

import json

import pytest

from ops_dashboard.directory import DirectoryError, from_connection
from ops_dashboard.directory.ldap import LdapSettings
from tests.directory.ldap.reading import fetch, fetch_of, groups_in, groups_of, people_in, users_of
from tests.directory.ldap.slapd import BASE, GROUPS, PASSWORD, PEOPLE, READER, Entries, group, person, running_slapd

EVERYTHING = f'limits dn.exact="{READER}" size=unlimited'


def test_users_and_groups_come_on_many_pages_with_proof_that_they_are_all() -> None:
    entries: Entries = {}
    for number in range(1200):
        entries |= person(f"u{number}")
    for number in range(450):
        entries |= group(f"g{number}", f"u{number}", f"u{number + 1}")
    with running_slapd(entries, EVERYTHING) as slapd:
        snapshot = fetch(slapd)
    assert snapshot.users.proof == "1200 users on 6 page(s), the last without a cookie"
    assert snapshot.groups.proof == "450 groups on 3 page(s), the last without a cookie"
    assert len({user.external_id for user in snapshot.users.entries}) == 1200
    assert all(people_in(snapshot, f"g{number}") == {f"u{number}", f"u{number + 1}"} for number in (0, 200, 449))
    assert (snapshot.source, snapshot.origin, snapshot.notes) == ("ldap", f"ldap://127.0.0.1/{BASE}", ())


def test_groups_may_be_in_groups_and_in_a_circle() -> None:
    snapshot = fetch_of(
        {
            **person("anna"),
            **person("bert"),
            **group("all", f"cn=ads,{GROUPS}", "anna"),
            **group("ads", f"cn=all,{GROUPS}", "bert"),
            **group("self", f"cn=self,{GROUPS}", "bert"),
        }
    )
    assert groups_in(snapshot, "all") == {"ads"}
    assert groups_in(snapshot, "ads") == {"all"}
    assert groups_in(snapshot, "self") == set()
    assert people_in(snapshot, "ads") == people_in(snapshot, "self") == {"bert"}


def test_a_member_who_was_deleted_is_left_out_with_a_note() -> None:
    snapshot = fetch_of({**person("anna"), **group("ads", "anna", "gone")})
    assert people_in(snapshot, "ads") == {"anna"}
    assert snapshot.groups.proof
    assert groups_of(snapshot)["ads"].problem is None
    assert snapshot.notes == (f"members left out that are neither users nor groups here: 1 ('uid=gone,{PEOPLE}')",)


def test_a_member_without_a_value_is_left_out_with_a_note() -> None:
    with running_slapd({**person("anna"), **group("ads", "anna")}) as slapd:
        slapd.add_value(f"cn=ads,{GROUPS}", "member", "")
        snapshot = fetch(slapd)
    assert people_in(snapshot, "ads") == {"anna"}
    assert groups_of(snapshot)["ads"].problem is None
    assert snapshot.notes == ("members left out that are neither users nor groups here: 1 ('')",)


def test_a_member_that_is_no_distinguished_name_is_left_out_with_a_note() -> None:
    entries = {**person("anna"), **group("ads", "anna", description=["anna", "a=b,"])}
    snapshot = fetch_of(entries, member_attribute="description")
    assert people_in(snapshot, "ads") == set()
    assert snapshot.notes == ("members left out that are neither users nor groups here: 2 ('anna', 'a=b,')",)


def test_a_member_may_be_spelled_differently_than_its_entry() -> None:
    odd = f"cn=Grün\\, Ämter,{GROUPS}"
    entries = {
        **person("anna"),
        odd: {"objectClass": "groupOfNames", "cn": "Grün, Ämter", "member": f"UID=Anna,OU=People, {BASE.upper()}"},
        **group("ads", f"cn=GRÜN\\2C  ämter, {GROUPS}"),
    }
    snapshot = fetch_of(entries)
    assert people_in(snapshot, "Grün, Ämter") == {"anna"}
    assert groups_in(snapshot, "ads") == {"Grün, Ämter"}


def test_disabled_accounts_are_suspended() -> None:
    entries = {
        **person("anna"),
        **person("bert", employeeType="disabled"),
        **person("carl", employeeType=["contractor", "Disabled"]),
        **group("ads", "anna", "bert"),
    }
    snapshot = fetch_of(entries, disabled_filter="(employeeType=disabled)")
    assert {name: user.active for name, user in users_of(snapshot).items()} == {
        "anna": True,
        "bert": False,
        "carl": False,
    }
    assert people_in(snapshot, "ads") == {"anna", "bert"}
    assert snapshot.users.proof == (
        "2 suspended users on 1 page(s), the last without a cookie and"
        " 1 active users on 1 page(s), the last without a cookie"
    )


def test_a_misspelt_filter_for_disabled_accounts_lets_nobody_in() -> None:
    entries = {**person("bert", employeeType="disabled"), **group("ads", "bert")}
    with pytest.raises(DirectoryError, match="finds nobody"):
        fetch_of(entries, disabled_filter="(employeType=disabled)")


def test_a_disabled_mark_that_may_not_be_seen_lets_nobody_in() -> None:
    entries = {**person("bert", employeeType="disabled"), **group("ads", "bert")}
    with (
        running_slapd(entries, "access to attrs=employeeType by * none") as slapd,
        pytest.raises(DirectoryError, match="finds nobody"),
    ):
        fetch(slapd, disabled_filter="(employeeType=disabled)")


def test_addresses_come_in_lower_case_and_the_first_of_several_counts() -> None:
    entries = {
        **person("anna", mail="Anna@EXAMPLE.com"),
        **person("bert", mail=["bert@example.com", "b@example.com"]),
        **group("ads", "anna"),
    }
    snapshot = fetch_of(entries)
    assert [user.email for user in snapshot.users.entries] == ["anna@example.com", "bert@example.com"]
    assert snapshot.notes == (f"several values of mail, the first counts: 1 ('uid=bert,{PEOPLE}')",)


def test_whoever_has_no_address_is_left_out() -> None:
    without = {f"uid=bert,{PEOPLE}": {"objectClass": "inetOrgPerson", "cn": "Bert", "sn": "Bert"}}
    snapshot = fetch_of({**person("anna"), **without, **group("ads", "anna", "bert")})
    assert people_in(snapshot, "ads") == {"anna"}
    assert [user.email for user in snapshot.users.entries] == ["anna@example.com"]
    assert any("users without a usable e-mail: 1 left out" in note for note in snapshot.notes)


@pytest.mark.parametrize(
    ("name", "shown"),
    [(b"\xff\x00\x1b[2J", "\ufffd [2J"), ("Anna\x07\u202e", "Anna"), ("A" * 100_000, "A" * 200), (b"\x00", "")],
    ids=["binary", "unprintable", "100 kB", "nothing to see"],
)
def test_whatever_is_a_users_name_becomes_a_line_of_text(name: str | bytes, shown: str) -> None:
    snapshot = fetch_of({**person("anna", audio=name), **group("ads", "anna")}, name_attribute="audio")
    assert users_of(snapshot)["anna"].name == shown


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (b"\xff\x00\x1b[2J", "audio is not text"),
        ("ads\u202e", "its name is not printable"),
        ("A" * 100_000, "its name has more than 200 characters"),
        (["ads", "admins"], "audio has 2 values, and any of them could be its name"),
        ([], "it has no name"),
    ],
    ids=["binary", "unprintable", "100 kB", "two names", "no name"],
)
def test_a_group_whose_name_is_of_no_use_has_a_problem(names: str | bytes | list[str], problem: str) -> None:
    named = {f"cn=ads,{GROUPS}": {"objectClass": "group", "member": f"uid=anna,{PEOPLE}", "audio": names}}
    filters = {"groups_filter": "(objectClass=group)", "group_name_attribute": "audio"}
    snapshot = fetch_of({**person("anna"), **named}, **filters)
    assert snapshot.groups.entries[0].problem == problem
    assert snapshot.groups.proof


def test_an_entry_whose_id_may_not_be_seen_takes_the_proof_away() -> None:
    entries = {**person("anna"), **person("bert"), **group("ads", "anna", "bert"), **group("search", "anna")}
    hidden = f'access to dn.exact="uid=bert,{PEOPLE}" attrs=entryUUID by * none'
    with running_slapd(entries, hidden) as slapd:
        snapshot = fetch(slapd)
    assert snapshot.users.proof is None
    assert snapshot.users.problem == "users: entryUUID is missing or unusable in 1 entries"
    assert f"users, whose entryUUID is missing or unusable: 1 ('uid=bert,{PEOPLE}')" in snapshot.notes
    # Bert can't be told from somebody who was deleted, and must not lose anything by it.
    assert groups_of(snapshot)["ads"].problem == "not everybody was read who may be in it: 1 of its members"
    assert f"members left out that are neither users nor groups here: 1 ('uid=bert,{PEOPLE}')" in snapshot.notes
    assert groups_of(snapshot)["search"].problem is None


def test_users_and_groups_may_be_looked_for_in_different_places() -> None:
    elsewhere = f"uid=zoe,ou=old,{BASE}"
    entries = {
        **person("anna"),
        f"ou=old,{BASE}": {"objectClass": "organizationalUnit"},
        elsewhere: {"objectClass": "inetOrgPerson", "cn": "Zoe", "sn": "Zoe", "mail": "zoe@example.com"},
        **group("ads", "anna", elsewhere),
    }
    assert people_in(fetch_of(entries), "ads") == {"anna", "zoe"}
    assert people_in(fetch_of(entries, user_base=PEOPLE, group_base=GROUPS), "ads") == {"anna"}


@pytest.mark.parametrize("tls", ["ldaps", "starttls", "none"])
def test_the_server_is_reached_by_each_kind_of_encryption(tls: str) -> None:
    with running_slapd({**person("anna"), **group("ads", "anna")}) as slapd:
        settings = {"kind": "ldap", "base_dn": BASE, "tls": tls, "ca_file": str(slapd.certificate)}
        server = slapd.server(slapd.tls_port if tls == "ldaps" else slapd.plain_port)
        snapshot = LdapSettings.model_validate(settings).source(server).fetch()
    assert people_in(snapshot, "ads") == {"anna"}


def test_a_server_may_insist_on_encryption_and_starttls_has_it_before_the_password() -> None:
    with running_slapd({**person("anna"), **group("ads", "anna")}, "security simple_bind=128") as slapd:
        settings = {"kind": "ldap", "base_dn": BASE, "ca_file": str(slapd.certificate)}
        plain = LdapSettings.model_validate({**settings, "tls": "none"}).source(slapd.server(slapd.plain_port))
        with pytest.raises(DirectoryError, match=r"refused: confidentialityRequired \(13\)"):
            plain.fetch()
        safe = LdapSettings.model_validate({**settings, "tls": "starttls"}).source(slapd.server(slapd.plain_port))
        assert safe.fetch().users.proof


def test_an_airflow_connection_says_where_and_as_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_slapd({**person("anna"), **group("ads", "anna")}) as slapd:
        connection = {
            "conn_type": "generic",
            "host": "127.0.0.1",
            "port": slapd.tls_port,
            "login": READER,
            "password": PASSWORD,
            "extra": {"kind": "ldap", "name": "company", "base_dn": BASE, "ca_file": str(slapd.certificate)},
        }
        monkeypatch.setenv("AIRFLOW_CONN_OPS_DIRECTORY", json.dumps(connection))
        snapshot = from_connection("ops_directory").source.fetch()
    assert snapshot.source == "company"
    assert people_in(snapshot, "ads") == {"anna"}
