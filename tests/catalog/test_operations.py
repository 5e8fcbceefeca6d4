"""Operations and settings in the catalog: what they accept, and that every mistake is told where it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops_dashboard.catalog import Catalog, CatalogError, Parameter, TextFormat, ValueType, load_catalog

GOOD = """
operations:
  purge-cache:
    title: Purge a cache
    description: Removes what is older than so many days.
    owner: Data Platform
    tags: [cache, ads]
    parameters:
      region: {type: string, enum: [eu, us-east], default: eu}
      days: {type: integer, minimum: 1, maximum: 30, default: 7}
      share: {type: number, minimum: 0, maximum: 0.5, optional: true}
      dry_run: {type: boolean, title: Only try it, default: true}
      since: {type: string, format: date}
      until: {type: string, format: date-time, optional: true}
      remark: {type: string, format: multiline, minLength: 0, maxLength: 1000}
      store: {type: string, format: connection, enum: [cache_eu, cache_us]}
      shard: {type: string, pattern: '^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$', minLength: 2, maxLength: 22}
      partition:
        type: string
        pattern: '^(?:p|q)\\d+$'
        choices: {query: cache/partitions.sql, connection: warehouse, needs: [region, days]}
    script:
      file: cache/purge.py
      interpreter: python
      arguments: [shard, partition, days, region, since, dry_run]
    concurrency: {limit: 2, per: region}
    example: {since: "2026-12-31", remark: "", store: cache_eu, shard: a1, partition: p7, share: 0.25}
settings:
  ads/batch-size:
    title: Batch size
    owner: Ads Serving
    value: {type: integer, minimum: 1, maximum: 500, default: 100}
    variable: ads_batch_size
"""


def load(folder: Path, content: object) -> Catalog:
    """Load a folder with this file; what is not text is written as JSON, which YAML contains."""
    (folder / "a.yaml").write_text(content if isinstance(content, str) else json.dumps(content))
    return load_catalog(folder)


def problems(folder: Path, content: object) -> list[str]:
    """Load, and return the messages without the place in the folder."""
    with pytest.raises(CatalogError) as caught:
        load(folder, content)
    return [str(mistake).partition(": ")[2] for mistake in caught.value.mistakes]


def operation(**fields: object) -> dict[str, Any]:
    script = {"file": "x.py", "interpreter": "python"}
    return {"operations": {"x": {"title": "X", "owner": "O", "script": script, **fields}}}


def test_one_of_everything_is_good(tmp_path: Path) -> None:
    catalog = load(tmp_path, GOOD)
    parameters = catalog.operation("purge-cache").parameters
    assert [name for name, parameter in parameters.items() if parameter.is_required] == [
        "since", "remark", "store", "shard", "partition",
    ]  # fmt: skip
    assert parameters["until"] == Parameter(type=ValueType.STRING, format=TextFormat.DATE_TIME, optional=True)
    assert catalog.setting("ads/batch-size").value.default == 100


@pytest.mark.parametrize(
    ("title", "name", "label"),
    [({"title": "Only try it"}, "dry_run", "Only try it"), ({}, "max_age_days", "Max age days"), ({}, "x", "X")],
)
def test_a_parameter_is_called_by_its_title_or_its_name_in_words(title: dict[str, Any], name: str, label: str) -> None:
    assert Parameter(type=ValueType.STRING, **title).label(name) == label


WHOLE = "a whole number from -9007199254740991 to 9007199254740991"
PATTERN = "a regular expression of all of the text: from ^ to $, alternatives in brackets, without flags, look-around,"
ONE_LINE = r"a pattern that no line break matches, as the text is one line: [^/\n] in place of [^/]"


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        # The type
        ({"type": "array"}, ".type: got 'array', expected string or integer or number or boolean"),
        ({"type": "integer", "title": "two\nlines"}, ".title: got 'two\\nlines', expected what the form calls it, on"),
        ({"type": "integer", "maxLength": 3}, ".maxLength: got 3, expected nothing for type integer"),
        ({"type": "boolean", "minimum": 0}, ".minimum: got 0, expected nothing for type boolean"),
        ({"type": "boolean", "enum": [True]}, ".enum: got [True], expected nothing for type boolean"),
        ({"type": "number", "format": "date"}, ".format: got 'date', expected nothing for type number"),
        ({"type": "string", "format": "email"}, ".format: got 'email', expected date or date-time or multiline or"),
        # Bounds
        ({"type": "integer", "minimum": 5, "maximum": 4}, ".maximum: got 4, expected at least minimum, which is 5"),
        ({"type": "number", "minimum": 0.5, "maximum": 0.4}, ".maximum: got 0.4, expected at least minimum, which is"),
        ({"type": "integer", "minimum": 1.0}, ".minimum: got 1.0, expected a whole number, as the type is integer"),
        ({"type": "integer", "minimum": "1"}, ".minimum: got '1', expected a number"),
        ({"type": "integer", "maximum": True}, ".maximum: got True, expected a number"),
        ({"type": "integer", "maximum": 2**53}, f".maximum: got 9007199254740992, expected {WHOLE}"),
        ({"type": "number", "minimum": -(2**53)}, f".minimum: got -9007199254740992, expected {WHOLE}"),
        ({"type": "number", "maximum": 1e301}, ".maximum: got 1e+301, expected a number"),
        (
            {"type": "string", "minLength": 5, "maxLength": 4},
            ".maxLength: got 4, expected at least minLength, which is 5",
        ),
        ({"type": "string", "minLength": 201}, ".maxLength: got nothing, expected at least minLength, which is 201"),
        ({"type": "string", "maxLength": 0}, ".maxLength: got 0, expected a whole number from 1 to 2000"),
        ({"type": "string", "maxLength": 2001}, ".maxLength: got 2001, expected a whole number from 1 to 2000"),
        ({"type": "string", "minLength": -1}, ".minLength: got -1, expected a whole number from 0 to 2000"),
        (
            {"type": "string", "minLength": 0, "optional": True},
            ".optional: got True, expected false beside minLength 0",
        ),
        # What makes no sense together
        (
            {"type": "string", "format": "date", "pattern": "^2.*$"},
            ".pattern: got '^2.*$', expected nothing beside format date",
        ),
        (
            {"type": "string", "format": "date-time", "minLength": 3},
            ".minLength: got 3, expected nothing beside format date-time",
        ),
        (
            {"type": "string", "format": "multiline", "enum": ["a"]},
            ".enum: got ['a'], expected nothing beside format multiline",
        ),
        ({"type": "string", "pattern": "^a$", "enum": ["a"]}, ".enum: got ['a'], expected nothing beside pattern"),
        (
            {"type": "string", "enum": ["a"], "choices": {"query": "q.sql", "connection": "c"}},
            ".choices: got Choices(query='q.sql', connection='c', needs=()), expected nothing beside enum",
        ),
        (
            {"type": "string", "format": "connection"},
            ".enum: got nothing, expected a list of the connections that may be chosen, as the format is connection",
        ),
        (
            {"type": "string", "format": "connection", "enum": ["a", "b c"]},
            ".enum[1]: got 'b c', expected the id of an Airflow connection: letters, digits, _ . -",
        ),
        # The values
        ({"type": "integer", "enum": []}, ".enum: got [], expected a list of 1 to 500 values"),
        ({"type": "integer", "enum": [1, 2, 1]}, ".enum[2]: got 1, expected each value once"),
        ({"type": "number", "enum": [1, 1.0]}, ".enum[1]: got 1.0, expected each value once"),
        ({"type": "integer", "enum": [1, 2.0]}, ".enum[1]: got 2.0, expected a whole number"),
        ({"type": "integer", "enum": [1, []]}, ".enum[1]: got [], expected a list of 1 to 500 values"),
        ({"type": "integer", "maximum": 5, "enum": [1, 6]}, ".enum[1]: got 6, expected a whole number of at most 5"),
        (
            {"type": "string", "maxLength": 1, "enum": ["a", "bc"]},
            ".enum[1]: got 'bc', expected text of 1 character on one",
        ),
        (
            {"type": "string", "enum": ["a", ""]},
            ".enum[1]: got '', expected text of at most 200 characters on one line",
        ),
        ({"type": "string", "enum": ["a", "b"], "default": "c"}, ".default: got 'c', expected a or b"),
        ({"type": "integer", "default": 3.0}, ".default: got 3.0, expected a whole number"),
        ({"type": "integer", "default": True}, ".default: got True, expected a whole number"),
        ({"type": "integer", "default": "3"}, ".default: got '3', expected a whole number"),
        ({"type": "integer", "default": [3]}, ".default: got [3], expected a value that the parameter accepts"),
        (
            {"type": "integer", "default": 2**53},
            ".default: got 9007199254740992, expected a whole number, finite, and no",
        ),
        (
            {"type": "integer", "minimum": 1, "maximum": 5, "default": 6},
            ".default: got 6, expected a whole number from 1 to 5",
        ),
        (
            {"type": "string", "default": "a\nb"},
            ".default: got 'a\\nb', expected text of at most 200 characters on one line",
        ),
        (
            {"type": "string", "pattern": "^[a-z]+$", "default": "A"},
            ".default: got 'A', expected text of at most 200 characters",
        ),
        (
            {"type": "string", "format": "date", "default": "2026-02-30"},
            ".default: got '2026-02-30', expected a date such as",
        ),
        (
            {"type": "string", "format": "date-time", "default": "2026-02-28T10:00:00"},
            ".default: got '2026-02-28T10:00:00', expected a date and time with its",
        ),
        # Choices
        (
            {"type": "string", "choices": {"query": "q.py", "connection": "c"}},
            ".choices.query: got 'q.py', expected the name of a file in the",
        ),
        (
            {"type": "string", "choices": {"query": "../q.sql", "connection": "c"}},
            ".choices.query: got '../q.sql', expected the name of a",
        ),
        (
            {"type": "string", "choices": {"query": "q.sql", "connection": "c", "needs": ["y"]}},
            ".choices.needs[0]: got 'y', expected nothing, as there is no",
        ),
        (
            {"type": "string", "choices": {"query": "q.sql", "connection": "c", "needs": ["p"]}},
            ".choices.needs[0]: got 'p', expected nothing, as there is no",
        ),
        ({"type": "integer", "choices": {"query": "q.sql", "connection": "c"}}, "expected nothing for type integer"),
    ],
)
def test_a_bad_parameter_is_told(tmp_path: Path, schema: dict[str, object], message: str) -> None:
    (problem,) = problems(tmp_path, operation(parameters={"p": schema}))
    assert f"operations.x.parameters.p{message}" in problem or message in problem
    assert problem.startswith("operations.x.parameters.p.")


@pytest.mark.attack(then="told by the check")
@pytest.mark.parametrize(
    "pattern",
    [
        "", "^", "$", "a", "^a", "a$", r"^a\$", "^a|b$", "^(a)|b$", "^(a|b$", "^a)$", "^[a$", "^[]$", "^[]a]$",
        "^[z-a]$",
        r"^a\Z$", r"^\Aa$", r"^a\z$", r"^\ba$", r"^(a)\1$", "^(?!a)b$", "^(?=a)a$", "^(?<=a)b$", "^(?i)a$", "^(?i:a)$",
        "^(?m:a$)$", "^(?P<n>a)$", "^(?>a)$", "^(?#a)a$", "^a++$", "^*$", "^a{3,1}$", "^a{$", "^a{9999}{2}$",
        "^(a{9999}){9999}$", r"^\p{L}$", r"^\cA$", r"^\é$", "^^a$", "^a$$", "^[[:alpha:]]$", "^[a&&b]$", "^[a--b]$",
        "^" + "(" * 30 + "a" + ")" * 30 + "$",
    ],
)  # fmt: skip
def test_a_pattern_that_is_open_or_means_something_else_elsewhere_is_told(tmp_path: Path, pattern: str) -> None:
    (problem,) = problems(tmp_path, operation(parameters={"p": {"type": "string", "pattern": pattern}}))
    assert f"operations.x.parameters.p.pattern: got {pattern!r}, expected {PATTERN}" in problem


@pytest.mark.attack(then="told by the check")
@pytest.mark.parametrize("pattern", ["^[^/]+$", r"^a\s*$", r"^a\n?$", r"^(a|\W)$", r"^[\s\S]*$", r"^\x0a$", r"^a\D$"])
def test_a_pattern_of_one_line_that_matches_a_line_break_is_told(tmp_path: Path, pattern: str) -> None:
    schema = {"type": "string", "pattern": pattern}
    assert problems(tmp_path, operation(parameters={"p": schema})) == [
        f"operations.x.parameters.p.pattern: got {pattern!r}, expected {ONE_LINE}"
    ]
    assert load(tmp_path, operation(parameters={"p": {**schema, "format": "multiline"}}))


@pytest.mark.parametrize(
    "pattern",
    [
        "^$", "^a$", "^(a|b)$", "^((a|b)|[c|]){2}$", r"^[^/\n]+$", r"^\d{4}-\d\d$", r"^[(]a\)$", r"^[\]\[]$", r"^a\.b$",
        "^(?:a|b)*?$", "^(a+)+$", "^a{0,2000}$", r"^[^^\n]?b$", r"^\u00e9é$", "^/[a-z/]*$",
        r"^\w+$",
    ],
)  # fmt: skip
def test_a_closed_pattern_is_good(tmp_path: Path, pattern: str) -> None:
    assert load(tmp_path, operation(parameters={"p": {"type": "string", "pattern": pattern}}))


PARAMETERS: dict[str, dict[str, object]] = {
    "days": {"type": "integer", "minimum": 1, "maximum": 30},
    "text": {"type": "string"},
    "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$"},
    "maybe": {"type": "integer", "optional": True},
    "lines": {"type": "string", "format": "multiline", "optional": True},
    "store": {"type": "string", "format": "connection", "enum": ["a"], "default": "a"},
    "flag": {"type": "string", "enum": ["-f", "x"], "default": "x"},
    "empty": {"type": "string", "minLength": 0, "pattern": "^([a-z][a-z]*)?$", "default": ""},
    "dashes": {"type": "string", "pattern": "^[a-z0-9-]+$", "default": "a"},
    "later": {"type": "string", "pattern": "^x?(-|y)z$", "default": "yz"},
    "file": {"type": "string", "pattern": "^[!-~]+$", "default": "a"},
    "rows": {"type": "string", "choices": {"query": "q.sql", "connection": "c"}, "default": "a"},
}
NAMES = "the name of a parameter: days, text, name, maybe, lines, store, flag, empty, dashes, later, file, rows"
NAME = "text of at most 200 characters on one line that matches ^[a-z0-9][a-z0-9-]*$"
MISLEADING = (
    "a parameter whose texts are not empty and begin neither with - nor with @: "
    "give it an enum, or a pattern such as ^[a-z0-9][a-z0-9-]*$"
)


@pytest.mark.attack(then="told by the check")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nobody", NAMES),
        ("maybe", "a parameter that isn't optional, as an argument can't be left out"),
        ("lines", "a parameter that isn't optional, as an argument can't be left out"),
        ("store", "no connection, as all processes of the worker can read arguments"),
        *((name, MISLEADING) for name in ("text", "flag", "empty", "dashes", "later", "file", "rows")),
    ],
)
def test_an_argument_that_could_be_something_else_is_told(tmp_path: Path, name: str, expected: str) -> None:
    script = {"file": "x.py", "interpreter": "python", "arguments": ["days", name]}
    assert problems(tmp_path, operation(parameters=PARAMETERS, script=script)) == [
        f"operations.x.script.arguments[1]: got {name!r}, expected {expected}"
    ]


def test_an_argument_of_several_lines_is_told(tmp_path: Path) -> None:
    script = {"file": "x.py", "interpreter": "python", "arguments": ["lines"]}
    lines = {"type": "string", "format": "multiline"}
    assert problems(tmp_path, operation(parameters={"lines": lines}, script=script)) == [
        "operations.x.script.arguments[0]: got 'lines', expected a parameter of one line"
    ]


@pytest.mark.parametrize(
    ("fields", "messages"),
    [
        ({"concurrency": {"per": "nobody"}}, [f"concurrency.per: got 'nobody', expected {NAMES}"]),
        ({"example": {"days": 1, "text": "a"}}, [f"example.name: got nothing, expected {NAME}"]),
        (
            {"example": {"days": 31, "text": "a", "name": "a"}},
            ["example.days: got 31, expected a whole number from 1 to 30"],
        ),
        (
            {"example": {"days": 3.0, "text": "a", "name": "a"}},
            ["example.days: got 3.0, expected a whole number from 1 to 30"],
        ),
        (
            {"example": {"days": 3, "text": [], "name": "a"}},
            ["example.text: got [], expected a mapping from parameters to values"],
        ),
        ({"example": {"days": 3, "text": "a", "name": "a", "x": 1}}, [f"example.x: got 'x', expected {NAMES}"]),
        (
            {"example": {"name": "-a"}},
            [
                f"example.name: got '-a', expected {NAME}",
                "example.days: got nothing, expected a whole number from 1 to 30",
                "example.text: got nothing, expected text of at most 200 characters on one line",
            ],
        ),
        (
            {"sql": {"file": "x.sql", "connection": "c", "max_rows": 1}},
            ["pod: got nothing, expected exactly one of script, sql and pod"],
        ),
        ({"retries": 1}, ["retries: got 1, expected 0, unless idempotent is true"]),
    ],
)
def test_what_an_operation_says_wrongly_of_its_parameters_is_told(
    tmp_path: Path, fields: dict[str, object], messages: list[str]
) -> None:
    found = problems(tmp_path, operation(parameters=PARAMETERS, **fields))
    assert found == [f"operations.x.{message}" for message in messages]


@pytest.mark.attack(then="told by the check")
@pytest.mark.parametrize(
    ("script", "message"),
    [
        ({"file": "../x.py"}, "file: got '../x.py', expected the name of a file in the folder of the scripts"),
        ({"file": "/etc/passwd"}, "file: got '/etc/passwd', expected the name of a file in the folder of the scripts"),
        ({"file": "a/../../x"}, "file: got 'a/../../x', expected the name of a file in the folder of the scripts"),
        ({"file": ".bashrc"}, "file: got '.bashrc', expected the name of a file in the folder of the scripts"),
        ({"file": "x.py\n"}, "file: got 'x.py\\n', expected the name of a file in the folder of the scripts"),
        ({"interpreter": "perl"}, "interpreter: got 'perl', expected python or bash or sh"),
        ({"interpreter": "/bin/sh -c"}, "interpreter: got '/bin/sh -c', expected python or bash or sh"),
        ({"sha256": "0" * 63}, f"sha256: got '{'0' * 63}', expected 64 hexadecimal digits"),
        ({"environment": {"PATH": "/tmp"}}, "environment: "),
        ({"user": "root"}, "user: "),
    ],
)
def test_a_script_that_is_none_of_ours_is_told(tmp_path: Path, script: dict[str, object], message: str) -> None:
    fields = {"script": {"file": "x.py", "interpreter": "python"} | script}
    (problem,) = problems(tmp_path, operation(**fields))
    assert problem.startswith(f"operations.x.script.{message}")


def test_the_name_of_a_parameter_is_told(tmp_path: Path) -> None:
    names = ["reason", "Days", "9", "a-b", "a" * 41, ""]
    found = problems(tmp_path, operation(parameters={name: {"type": "boolean"} for name in ["ok", *names]}))
    words = "a name of 1 to 40 lower-case letters, digits and _, beginning with a letter, and not reason"
    assert found == [f"operations.x.parameters.{name}: got {name!r}, expected {words}" for name in names]


def test_choices_that_need_each_other_are_told(tmp_path: Path) -> None:
    def needing(*names: str) -> dict[str, object]:
        return {"type": "string", "choices": {"query": "q.sql", "connection": "c", "needs": names}}

    parameters = {"a": needing("b"), "b": needing("c"), "c": needing("a"), "d": needing("a", "d", "e")}
    assert problems(tmp_path, operation(parameters=parameters)) == [
        "operations.x.parameters.a.choices.needs[0]: got 'b', expected a parameter that doesn't need a in turn",
        "operations.x.parameters.b.choices.needs[0]: got 'c', expected a parameter that doesn't need b in turn",
        "operations.x.parameters.c.choices.needs[0]: got 'a', expected a parameter that doesn't need c in turn",
        "operations.x.parameters.d.choices.needs[1]: got 'd', expected the name of a parameter: a, b, c",
        "operations.x.parameters.d.choices.needs[2]: got 'e', expected the name of a parameter: a, b, c",
    ]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"type": "string", "choices": {"query": "q.sql", "connection": "c", "needs": ["x"]}},
            "value.choices: got 'q.sql', expected an enum, as only operations have choices by query",
        ),
        (
            {"type": "string", "format": "connection", "enum": ["a"]},
            "value.format: got 'connection', expected another format, as no script gets a setting's secrets",
        ),
        ({"type": "integer", "default": "1"}, "value.default: got '1', expected a whole number"),
    ],
)
def test_a_bad_value_of_a_setting_is_told(tmp_path: Path, value: dict[str, object], message: str) -> None:
    setting = {"title": "X", "owner": "O", "variable": "x", "value": value}
    assert problems(tmp_path, {"settings": {"ads/x": setting}}) == [f"settings.ads/x.{message}"]


@pytest.mark.attack("CVE-2021-41112", then="told by the check; no object is ever made")
@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("default: !!python/object/apply:os.system [id]", ".parameters.p.default"),
        ("default: !!python/name:os.system", ".parameters.p.default"),
        ("enum: [!!python/object:os.system {}]", ".parameters.p.enum[0]"),
        ("pattern: !!binary YQ==", ".parameters.p.pattern"),
    ],
)
def test_a_tag_is_told_and_never_obeyed(tmp_path: Path, place: str, path: str) -> None:
    text = f"""operations:
  x:
    title: X
    owner: O
    parameters:
      p:
        type: string
        {place}
    script: {{file: x.py, interpreter: python, arguments: [p]}}
"""
    (problem,) = problems(tmp_path, text)
    assert problem.startswith(f"operations.x{path}: got 'tag:yaml.org,2002:")
    assert problem.endswith(", expected a value without a tag")


def test_every_mistake_of_an_operation_comes_at_once(tmp_path: Path) -> None:
    text = """operations:
  x:
    title: X
    owner: O
    parameters:
      a: {type: integer, minimum: 9,
        maximum: 8,
        default: 0x10}
      b: {type: string,
        pattern: a,
        default: 7}
    script: {file: x.py, interpreter: perl}
    retries: 11
"""
    assert [problem.split(": got ")[0] for problem in problems(tmp_path, text)] == [
        "operations.x.parameters.a.maximum",
        "operations.x.parameters.a.default",
        "operations.x.parameters.b.pattern",
        "operations.x.parameters.b.default",
        "operations.x.script.interpreter",
        "operations.x.retries",
    ]
