"""How an LDAP directory may be configured, and which distinguished names are the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ops_dashboard.directory import DirectoryError
from ops_dashboard.directory.configured import settings_from
from ops_dashboard.directory.ldap import LdapSettings
from ops_dashboard.directory.ldap.access import Access
from ops_dashboard.directory.ldap.names import ByName, parse_name
from ops_dashboard.directory.settings import Server

BASE = "dc=example,dc=com"
SECRET = "reading-only"


def configured(**extra: object) -> LdapSettings:
    return LdapSettings.model_validate({"kind": "ldap", "base_dn": BASE, **extra})


def server(**more: Any) -> Server:
    return Server(**{"host": "ldap.example.com", "login": f"cn=reader,{BASE}", "password": SECRET, **more})


def test_the_base_is_all_that_an_openldap_directory_needs() -> None:
    settings = configured()
    assert (settings.users_filter, settings.groups_filter) == (
        "(objectClass=inetOrgPerson)",
        "(objectClass=groupOfNames)",
    )
    assert (settings.id_attribute, settings.disabled_filter, settings.tls) == ("entryUUID", None, "ldaps")


def test_active_directory_has_a_preset_whose_fields_can_be_changed() -> None:
    settings = configured(vendor="active-directory", group_name_attribute="cn", users_filter="(objectClass=user)")
    assert (settings.id_attribute, settings.name_attribute) == ("objectGUID", "displayName")
    assert (settings.group_name_attribute, settings.users_filter) == ("cn", "(objectClass=user)")


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ({"base_dn": None}, "base_dn"),
        ({"base_dn": ""}, "base_dn"),
        ({"base_dn": "example.com"}, "base_dn"),
        ({"base_dn": "dc=example,"}, "base_dn"),
        ({"user_base": "people"}, "user_base"),
        ({"group_base": 3}, "group_base"),
        ({"users_filter": ""}, "users_filter"),
        ({"users_filter": "objectClass=person"}, "users_filter"),
        ({"users_filter": "(objectClass=person"}, "users_filter"),
        ({"users_filter": "(&(a=b)(c=d)"}, "users_filter"),
        ({"users_filter": "(a=b)(c=d)"}, "users_filter"),
        ({"groups_filter": "(cn=**)"}, "groups_filter"),
        ({"groups_filter": None}, "groups_filter"),
        ({"disabled_filter": "(!)"}, "disabled_filter"),
        ({"id_attribute": ""}, "id_attribute"),
        ({"id_attribute": "entryUUID;range=0-1"}, "id_attribute"),
        ({"email_attribute": "mail)(uid=*"}, "email_attribute"),
        ({"name_attribute": "common name"}, "name_attribute"),
        ({"group_name_attribute": "cn\n"}, "group_name_attribute"),
        ({"member_attribute": ["member"]}, "member_attribute"),
        ({"tls": "ssl"}, "tls"),
        ({"tls": None}, "tls"),
        ({"tls": False}, "tls"),
        ({"ca_file": ""}, "ca_file"),
        ({"vendor": "novell"}, "vendor"),
        ({"vendor": ["openldap"]}, "vendor"),
        ({"password": SECRET}, "'password'"),
        ({"host": "ldap.example.com"}, "'host'"),
    ],
)
def test_what_is_not_accepted_is_told_by_its_field(extra: dict[str, object], field: str) -> None:
    with pytest.raises(DirectoryError) as caught:
        settings_from({"kind": "ldap", "base_dn": BASE, **extra})
    told = str(caught.value)
    assert told.startswith(f"{field} is ")
    assert "; accepted " in told
    assert SECRET not in told


def test_a_base_is_needed() -> None:
    with pytest.raises(DirectoryError, match="base_dn is missing; accepted is a distinguished name such as ou=people"):
        settings_from({"kind": "ldap"})


def test_what_is_no_mapping_is_refused() -> None:
    with pytest.raises(ValidationError):
        LdapSettings.model_validate(["ldap"])


@given(st.text() | st.lists(st.sampled_from("()&|!=*\\a:<>~ ")).map(lambda some: f"({''.join(some)})"))
def test_whatever_is_given_for_a_filter_is_a_filter_or_refused(text: str) -> None:
    try:
        settings = configured(users_filter=text)
    except ValidationError:
        return
    assert configured(users_filter=f"(&{settings.users_filter}(!{settings.users_filter}))")


@pytest.mark.parametrize(
    ("given_port", "tls", "url"),
    [
        (None, "ldaps", "ldaps://ldap.example.com:636"),
        (None, "starttls", "ldap://ldap.example.com:389"),
        (None, "none", "ldap://ldap.example.com:389"),
        (3269, "ldaps", "ldaps://ldap.example.com:3269"),
    ],
)
def test_the_port_is_the_usual_one_unless_given(given_port: int | None, tls: Any, url: str) -> None:
    assert Access.to(server(port=given_port), tls, None).url == url


def test_an_address_is_a_host_too() -> None:
    assert Access.to(server(host="2001:db8::1"), "ldaps", None).url == "ldaps://[2001:db8::1]:636"


LOGIN = "the connection's login: got nothing, expected whom to log in as, such as cn=reader,dc=example,dc=com"
NO_PASSWORD = "the connection's password: got nothing, expected the login's password"


def wrong_host(shown: str) -> str:
    return f"the connection's host: got {shown}, expected a host name or an IP address, without ldap://"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"host": None}, wrong_host("nothing")),
        # ldap3 would leave TLS out.
        ({"host": "ldap://ldap.example.com"}, wrong_host("'ldap://ldap.example.com'")),
        ({"host": "ldap.example.com:389"}, wrong_host("'ldap.example.com:389'")),
        ({"host": "ldap.example.com\n"}, wrong_host(r"'ldap.example.com\n'")),
        ({"host": "-"}, wrong_host("'-'")),
        ({"port": 0}, "the connection's port: got 0, expected a number from 1 to 65535"),
        ({"port": 65536}, "the connection's port: got 65536, expected a number from 1 to 65535"),
        ({"login": None}, LOGIN),
        # A server takes a login without a password for an anonymous one, and lets it in.
        ({"password": None}, NO_PASSWORD),
        ({"password": ""}, NO_PASSWORD),
        ({"login": None, "password": None}, f"{LOGIN}; {NO_PASSWORD}"),
    ],
)
def test_a_connection_without_a_way_in_is_told_what_it_needs(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(DirectoryError) as caught:
        configured().source(server(**wrong))
    assert str(caught.value) == told


def test_nothing_shows_the_password() -> None:
    source = configured().source(server())
    access = Access.to(server(), "ldaps", None)
    assert not any(SECRET in shown for shown in (repr(source), str(access), repr(access), repr(server())))


SAME = [
    ("cn=Anna,dc=example,dc=com", "CN=anna,DC=EXAMPLE,DC=com"),
    ("cn=Anna,dc=example,dc=com", "cn = Anna , dc=example, dc=com "),
    ("cn=Anna  Ads,dc=com", "cn= anna ads,dc=com"),
    (r"cn=Ads\, Anna,dc=com", r"cn=Ads\2C Anna,dc=com"),
    (r"cn=Gr\C3\BCn,dc=com", "cn=grün,dc=com"),
    ("cn=Grün,dc=com", "cn=Gru\u0308n,dc=com"),
    ("cn=straße,dc=com", "cn=STRASSE,dc=com"),
    ("cn=anna+uid=1,dc=com", "UID=1+CN=Anna,dc=com"),
    ("cn=a=b,dc=com", r"cn=a\3Db,dc=com"),
    (r"cn=\ anna\ ,dc=com", "cn=anna,dc=com"),
    ("2.5.4.3=anna", "2.5.4.3=Anna"),
]

DIFFERENT = [
    ("cn=anna,dc=com", "cn=anne,dc=com"),
    ("cn=anna,dc=com", "uid=anna,dc=com"),
    ("cn=anna,dc=com", "cn=anna"),
    ("cn=anna,ou=a,dc=com", "ou=a,cn=anna,dc=com"),
    (r"cn=a\,dc=com", "cn=a,dc=com"),
    ("cn=anna+uid=1,dc=com", "cn=anna,uid=1,dc=com"),
    ("cn=annaads,dc=com", "cn=anna ads,dc=com"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_of_a_name_are_the_same(one: str, other: str) -> None:
    assert parse_name(one) == parse_name(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_names_are_different(one: str, other: str) -> None:
    assert parse_name(one) != parse_name(other)


@pytest.mark.parametrize(
    "text",
    ["", " ", "anna", "anna@example.com", "=anna", "cn", "cn=a,", ",cn=a", "cn=a,,dc=b", "cn=a+", "cn=a;dc=b", "c n=a"],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_name(text)


@pytest.mark.parametrize("text", ['cn="a"', "cn=a\x00", r"cn=a\x", "cn=a\\", r"cn=\FF,dc=com", "cn=\ud800"])
def test_what_is_no_text_in_a_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_name(text)


def escaped(value: str) -> str:
    return "".join(f"\\{letter}" if letter in ' "#+,;<=>\\' else letter for letter in value).replace("\0", "\\00")


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_a_name_is_the_same_however_it_is_escaped(values: list[str]) -> None:
    by_letter = ",".join(f"cn={escaped(value)}" for value in values)
    by_number = ",".join("cn=" + "".join(f"\\{byte:02x}" for byte in value.encode()) for value in values)
    assert parse_name(by_letter) == parse_name(by_number)
    assert len(parse_name(by_letter)) == len(values)


@given(st.text())
def test_whatever_a_member_is_it_is_found_or_not(text: str) -> None:
    assert ByName({"cn=anna": 1, "no name": 2, text: 3}).find(text) == 3
    assert ByName({"cn=anna": 1, "no name": 2}).find(f"cn={text}x") is None


def test_a_name_is_found_by_another_spelling_if_that_is_nobody_else_s() -> None:
    people = ByName({"cn=anna": "u-1", "CN=Bert": "u-2", "cn=BERT": "u-3"})
    assert [people.find(each) for each in ("CN=ANNA", "CN=Bert", "cn=BERT", "cn=bert", "cn=carl", "")] == [
        "u-1",
        "u-2",
        "u-3",
        None,
        None,
        None,
    ]
