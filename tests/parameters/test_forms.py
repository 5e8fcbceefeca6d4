"""Values as the text of forms, and as the JSON Schema that Airflow's own form is made of."""

from __future__ import annotations

import math
from typing import Any

import jsonschema_rs
import pytest
from airflow.sdk import Param
from airflow.sdk.exceptions import ParamValidationError
from hypothesis import given
from hypothesis import strategies as st

from ops_dashboard.catalog import Scalar
from ops_dashboard.parameters import ValueProblem, check_value, json_schema, read_text, text_of
from tests.parameters.test_values import (
    DATE,
    FLAG,
    LINE,
    LINES,
    NUMBER,
    SCHEMAS,
    SLUG,
    TIME,
    VALUES,
    WHOLE,
    alarm,
    parameter,
)

ANY_NUMBER = {"type": "number"}


def as_param(schema: dict[str, Any]) -> Param:
    return Param(**schema)


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        (WHOLE, "7", 7),
        (WHOLE, "-7", -7),
        (WHOLE, "0", 0),
        (WHOLE, " 7 ", 7),
        (WHOLE, "9007199254740991", 2**53 - 1),
        (WHOLE, "", None),
        (WHOLE, "  ", None),
        (ANY_NUMBER, "7", 7),
        (ANY_NUMBER, "7.0", 7.0),
        (ANY_NUMBER, ".5", 0.5),
        (ANY_NUMBER, "-.5", -0.5),
        (ANY_NUMBER, "1e2", 100.0),
        (ANY_NUMBER, "1e+20", 1e20),
        (ANY_NUMBER, "100000000000000000000", 1e20),
        (ANY_NUMBER, "", None),
        (FLAG, "true", True),
        (FLAG, "false", False),
        (FLAG, "", None),
        (LINE, "7", "7"),
        (LINE, " a ", " a "),
        (LINE, "", None),
        (LINE | {"minLength": 0}, "", ""),
        (LINES, "a\r\nb\r\n", "a\nb\n"),
        (LINES, "", None),
        (DATE, "2026-12-31", "2026-12-31"),
        (DATE, " 2026-12-31\n", "2026-12-31"),
        (DATE, " ", None),
        (TIME, "2026-12-31T18:00", "2026-12-31T18:00:00Z"),
        (TIME, "2026-12-31T18:00:30", "2026-12-31T18:00:30Z"),
        (TIME, "2026-12-31T18:00:30.250", "2026-12-31T18:00:30.250Z"),
        (TIME, "2026-12-31T18:00:00+01:00", "2026-12-31T18:00:00+01:00"),
        (TIME, "", None),
        ({"type": "string", "enum": ["true", "7"]}, "true", "true"),
        (WHOLE | {"enum": [1, 7]}, "7", 7),
    ],
)
def test_a_form_s_text_means_a_value(schema: dict[str, object], text: str, value: object) -> None:
    found = read_text(parameter(schema), text)
    assert (found, type(found)) == (value, type(value))
    if value is not None:
        assert check_value(parameter(schema), found) == value


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        *(
            (WHOLE, text)
            for text in ("1e2", "0x10", "٣", "７", "7.0", "7.5", "+7", "007", "1_000", "1 000", "1,000", "--7", "x")
        ),
        (WHOLE, "\u20037"),
        (WHOLE, "1" + "0" * 400),
        (WHOLE, "9" * 5000),
        *((ANY_NUMBER, text) for text in ("1e400", "-1e999", "nan", "NaN", "inf", "Infinity", "0x10", "1,5", "٣")),
        *((ANY_NUMBER, text) for text in (".", "-", "e5", ".e5", "5.", "1e", "007", "+7", "1_0", "9" * 5000)),
        *((FLAG, text) for text in ("True", "yes", "on", "1", "0")),
        *((TIME, text) for text in ("2026-12-31", "2026-12-31 18:00", "٢٠٢٦-12-31T18:00", "2026-12-31T24:00")),
        (DATE, "31.12.2026"),
        (SLUG, "a "),
    ],
)  # fmt: skip
def test_text_that_means_no_value_is_left_for_the_check_to_refuse(schema: dict[str, object], text: str) -> None:
    with alarm(20):
        found = read_text(parameter(schema), text)
    assert isinstance(found, str)
    with pytest.raises(ValueProblem):
        check_value(parameter(schema), found)


@pytest.mark.parametrize("text", ["9007199254740992", "9999999999999999"])
def test_whole_numbers_that_readers_disagree_about_are_refused(text: str) -> None:
    with pytest.raises(ValueProblem, match="no whole number beyond 9007199254740991"):
        check_value(parameter(WHOLE), read_text(parameter(WHOLE), text))


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (False, "false"), (7, "7"), (0.1, "0.1"), (1e20, "1e+20"), ("a\n", "a\n"), ("", "")],
)
def test_a_value_is_shown_as_text(value: Scalar | None, text: str) -> None:
    assert text_of(value) == text


@given(schema=st.sampled_from(SCHEMAS), value=VALUES)
def test_an_accepted_value_survives_a_form(schema: dict[str, Any], value: object) -> None:
    bounded = parameter(schema)
    try:
        checked = check_value(bounded, value)
    except ValueProblem:
        return
    found = read_text(bounded, text_of(checked))
    assert (found, type(found)) == (value, type(value))


@given(schema=st.sampled_from(SCHEMAS), text=st.text(max_size=30) | st.from_regex(r"[-+0-9.eE ]{1,20}", fullmatch=True))
def test_any_text_is_read_or_left(schema: dict[str, Any], text: str) -> None:
    found = read_text(parameter(schema), text)
    assert found is None or isinstance(found, str | int | float)
    assert not isinstance(found, float) or math.isfinite(found)


@given(schema=st.sampled_from(SCHEMAS), value=VALUES)
def test_the_json_schema_accepts_what_the_check_accepts(schema: dict[str, Any], value: object) -> None:
    bounded = parameter(schema)
    published = json_schema(bounded)
    jsonschema_rs.meta.validate(published)
    try:
        check_value(bounded, value)
    except ValueProblem:
        return
    assert as_param(published).resolve(value) == value
    assert jsonschema_rs.Draft202012Validator(published, validate_formats=True).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "published"),
    [
        (
            WHOLE,
            {
                "type": "integer",
                "minimum": -9007199254740991,
                "maximum": 9007199254740991,
                "description": "Accepted is a whole number.",
            },
        ),
        (
            WHOLE | {"minimum": 1, "maximum": 5, "title": "Days", "description": "How old.", "default": 3},
            {
                "type": "integer",
                "minimum": 1,
                "maximum": 5,
                "title": "Days",
                "description": "How old.\n\nAccepted is a whole number from 1 to 5.",
                "default": 3,
            },
        ),
        (
            {"type": "string", "enum": ["a", "b"], "optional": True},
            {
                "type": ["string", "null"],
                "enum": ["a", "b", None],
                "minLength": 1,
                "maxLength": 200,
                "description": "Accepted is a or b.",
                "default": None,
            },
        ),
        (
            {"type": "string", "format": "connection", "enum": ["cache_eu"]},
            {"type": "string", "enum": ["cache_eu"], "description": "Accepted is cache_eu."},
        ),
        (DATE, {"type": "string", "format": "date", "description": "Accepted is a date such as 2026-12-31."}),
        (
            LINES | {"minLength": 0},
            {
                "type": "string",
                "minLength": 0,
                "maxLength": 2000,
                "description": "Accepted is text of at most 2000 characters, or nothing.",
            },
        ),
    ],
)
def test_the_json_schema_in_full(schema: dict[str, object], published: dict[str, object]) -> None:
    assert json_schema(parameter(schema)) == published


@pytest.mark.parametrize(
    ("pattern", "is_published"),
    [
        ("^[a-z0-9-]+$", True),
        ("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", True),
        ("^[a-z]{1,20}/[a-z]{1,20}$", True),
        ("^(soft|hard)-[0-9]*$", True),
        (r"^(\d\d){3}$", True),
        ("^(a+)+$", False),
        ("^([a-z0-9]+-?)*$", False),
        ("^(a|a){1,30}$", False),
        ("^[a-z]*[a-z]*$", False),
        ("^" + "a?" * 30 + "a" * 30 + "$", False),
        ("^" + "(a|a)" * 30 + "$", False),
    ],
)
def test_airflow_is_given_no_pattern_that_could_keep_it_busy(pattern: str, is_published: bool) -> None:
    schema = json_schema(parameter({"type": "string", "pattern": pattern}))
    assert ("pattern" in schema) is is_published
    assert pattern in str(schema["description"])
    for text in ("a" * 5000 + "!", "a-" * 2500 + "!"):
        with alarm(20), pytest.raises(ParamValidationError):
            as_param(schema).resolve(text)


@pytest.mark.parametrize("pattern", [r"^[^\w\n]+$", r"^(\W|x)$", r"^(\D|1)$"])
def test_airflow_is_given_no_pattern_that_it_reads_more_narrowly(pattern: str) -> None:
    bounded = parameter(LINES | {"pattern": pattern})
    value = "٣" if "D" in pattern else "é"
    assert check_value(bounded, value) == as_param(json_schema(bounded)).resolve(value)


@pytest.mark.parametrize("schema", [*SCHEMAS, NUMBER | {"default": 0.5}, LINE | {"optional": True}])
def test_airflow_makes_a_parameter_of_it(schema: dict[str, Any]) -> None:
    bounded = parameter(schema)
    made = as_param(json_schema(bounded))
    if bounded.is_required:
        assert not made.has_value
    else:
        assert made.resolve() == bounded.default
