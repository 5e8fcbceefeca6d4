"""Hostile values, given by somebody who may run the operation: they reach the script as they are, or nothing runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from demo.client import Client
from tests.attacks.acting import REPEAT, Happened, ask, ask_in_json

pytestmark = [pytest.mark.stack]

# CANARY becomes the path of a file that must not come to be.
COMMANDS = [
    "'; touch CANARY #",
    '"; touch CANARY #',
    "$(touch CANARY)",
    "`touch CANARY`",
    "| touch CANARY",
    "&& touch CANARY",
    "a\ntouch CANARY",
    "a\ttouch\tCANARY",
    "${IFS}touch${IFS}CANARY",
    "() { :; }; touch CANARY",
]
TEMPLATES = [
    "{{ 7*7 }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{% for x in conn %}{{ x }}{% endfor %}",
    "{{ conn.ops_dashboard.password }}",
    "{{ var.value.search_ranking_model }}",
    "#{7*7}",
    "${7*7}",
    "<%= 7*7 %>",
    "${jndi:ldap://127.0.0.1/x}",
    "!!python/object/apply:os.system [id]",
    "!unsafe '{{ 7*7 }}'",
    "%(text)s %s {0} {text}",
]
LOOKS = [
    "-rf",
    "--",
    "--kubeconfig=/tmp/x",
    "@/etc/passwd",
    "@file",
    "../../etc/passwd",
    "file:///etc/passwd",
    "*",
    "~",
]


@pytest.mark.attack("CVE-2024-45498", "CVE-2022-24288", "CVE-2020-11978", "rundeck#298", "rundeck#602", "rundeck#2520")
@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_in_a_value(ads: Client, canary: Path, happened: Happened, text: str) -> None:
    _arrives(ads, happened, text.replace("CANARY", str(canary)))


@pytest.mark.attack("CVE-2018-1104", "CVE-2023-5764", "CVE-2024-11079", "CVE-2026-30898")
@pytest.mark.parametrize("text", TEMPLATES)
def test_a_template_in_a_value(ads: Client, happened: Happened, text: str) -> None:
    _arrives(ads, happened, text)


@pytest.mark.attack
@pytest.mark.parametrize("text", LOOKS)
def test_a_value_that_looks_like_an_option_or_a_file(ads: Client, happened: Happened, text: str) -> None:
    _arrives(ads, happened, text)


def _arrives(client: Client, happened: Happened, text: str) -> None:
    answer = ask(client, REPEAT, {"text": text, "reason": text})
    assert answer.outcome == "succeeded", answer.record
    assert answer.result["values"]["text"] == text
    assert answer.result["arguments"] == ["word"]
    happened("arrived as typed, character by character; nothing else ran")


ARGUMENTS = [
    "-rf",
    "--",
    "--kubeconfig=/tmp/x",
    "@file",
    "a b",
    "a;id",
    "$(id)",
    "a\n",
    "a\0b",
    "../x",
    "",
    "\u0430ds",  # the first letter is Cyrillic
    "a\u200bb",
    "a\u202eb",
]


@pytest.mark.attack
@pytest.mark.parametrize("word", ARGUMENTS)
def test_an_argument_that_is_more_than_a_word(ads: Client, happened: Happened, word: str) -> None:
    answer = ask(ads, REPEAT, {"word": word, "reason": "x"})
    answer.assert_nothing_ran()
    happened(str(answer))


@pytest.mark.attack
def test_an_argument_of_129_kib(ads: Client, happened: Happened) -> None:
    answer = ask(ads, REPEAT, {"word": "a" * 129 * 1024, "reason": "x"})
    answer.assert_nothing_ran()
    happened(str(answer))


WRONG: list[tuple[str, str]] = [
    ("true for a whole number", '"count": true'),
    ("text for a whole number", '"count": "1"'),
    ("1e2 for a whole number", '"count": 1e2'),
    ("1.0 for a whole number", '"count": 1.0'),
    ("too large a number", '"count": 10'),
    ("10^400 as digits", f'"count": 1{"0" * 400}'),
    ("10^400 as a fraction", '"share": 1e400'),
    ("NaN", '"share": NaN'),
    ("Infinity", '"share": Infinity'),
    ("minus Infinity", '"share": -Infinity'),
    ("a whole number for a truth", '"sure": 1'),
    ("a list for a text", '"text": ["a"]'),
    ("a mapping for a text", '"text": {"__type": "x", "__var": 1}'),
    ("a lone surrogate", '"text": "\\ud800"'),
    ("a carriage return", '"text": "a\\r\\ntouch x"'),
    ("a NUL character", '"text": "a\\u0000b"'),
    ("text that runs from right to left", '"text": "a\\u202eb"'),
    ("text with a zero-width space", '"text": "a\\u200bb"'),
    ("null for what has to be there", '"count": null'),
    ("a blank reason", '"reason": " "'),
    ("a reason of characters nobody sees", '"reason": "\\u200b\\u200b"'),
    ("a missing reason", '"reason": null'),
]


@pytest.mark.attack("CVE-2025-53652", "CVE-2026-22683")
@pytest.mark.parametrize("wrong", [row[1] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_value_of_another_kind(ads: Client, happened: Happened, wrong: str) -> None:
    given = wrong if wrong.startswith('"reason"') else f'{wrong}, "reason": "x"'
    answer = ask_in_json(ads, REPEAT, f'{{"logical_date": null, "conf": {{{given}}}}}')
    answer.assert_nothing_ran()
    happened(str(answer))


@pytest.mark.attack("CVE-2025-53652")
def test_a_value_that_the_form_does_not_offer(ads: Client, happened: Happened) -> None:
    answer = ask(ads, "ops_run_rotate-logs", {"service": "--output=/tmp/x", "reason": "x"})
    answer.assert_nothing_ran()
    happened(str(answer))


@pytest.mark.attack("CVE-2025-53652")
@pytest.mark.parametrize("batch", ["x' OR '1'='1", "2026-11-02' --", "'; DROP TABLE demo_orders; --", "%(region)s"])
def test_a_query_in_a_value(search: Client, happened: Happened, batch: str) -> None:
    answer = ask(search, "ops_run_repair-orders", {"region": "eu-west", "batch": batch, "reason": "x"})
    answer.assert_nothing_ran()
    happened(str(answer))


UNKNOWN: list[dict[str, Any]] = [
    {"LD_PRELOAD": "/tmp/evil.so"},
    {"PATH": "/tmp"},
    {"uid": 0, "gid": 0},
    {"run_as_user": "root"},
    {"user": "admin@platform.example.com"},
    {"triggering_user_name": "admin@platform.example.com"},
    {"approved_by": "admin@platform.example.com"},
    {"p_text": "by the name that the model has inside"},
    {"__class__": "x"},
    {"interpreter": "bash"},
    {"script": "../../bin/sh"},
    {"timeout": 86400},
]


@pytest.mark.attack("CVE-2016-3721", "CVE-2026-58255", "CVE-2026-39401")
@pytest.mark.parametrize("unknown", UNKNOWN, ids=[next(iter(each)) for each in UNKNOWN])
def test_a_key_that_nobody_declared(ads: Client, happened: Happened, unknown: dict[str, Any]) -> None:
    answer = ask(ads, REPEAT, {**unknown, "reason": "x"})
    answer.assert_nothing_ran()
    assert "unknown" in answer.record["message"]
    happened(str(answer))


@pytest.mark.attack("CVE-2026-58255")
def test_a_key_given_twice(ads: Client, happened: Happened) -> None:
    """Readers of JSON differ in which one counts: it must be the same for the check, the record and the script."""
    body = '{"logical_date": null, "conf": {"count": 99, "count": 2, "text": "a", "text": "b", "reason": "x"}}'
    answer = ask_in_json(ads, REPEAT, body)
    values = answer.result["values"]
    assert (values["count"], values["text"]) == (2, "b")
    assert json.loads(answer.record["requested"]) == values
    happened("the last of each was checked, recorded and given to the script: one and the same")


@pytest.mark.attack("CVE-2016-3721")
def test_values_named_like_the_environment(ads: Client, happened: Happened) -> None:
    answer = ask(ads, REPEAT, {"text": "LD_PRELOAD=/tmp/evil.so", "word": "path", "reason": "x"})
    assert set(answer.result["environment"]) <= {"HOME", "LANG", "LC_CTYPE", "OPS_RESULT", "PATH", "TMPDIR"}
    assert answer.result["files"] == ["repeat.py"]
    happened("the script saw the fixed environment and its own empty folder")
