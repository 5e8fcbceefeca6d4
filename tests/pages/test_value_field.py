"""The form field of a parameter: the right kind, filled in, with what is accepted beside it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ops_dashboard.catalog import Parameter
from ops_dashboard.parameters import check_value, read_text
from ops_dashboard.web.assets import load_assets
from ops_dashboard.web.components import (
    Component,
    DateField,
    NumberField,
    Page,
    SelectField,
    TextArea,
    TextField,
    TimeField,
)
from ops_dashboard.web.links import Links
from ops_dashboard.web.pages.value_field import Options, value_field
from ops_dashboard.web.rendering import Renderer, View

LONG = "Text of at most 200 characters on one line."
CHOICES = {"query": "q.sql", "connection": "c"}
YES_NO = [("true", "Yes"), ("false", "No")]


def field(
    schema: dict[str, object], value: str | None = None, error: str | None = None, options: Options | None = None
) -> Component:
    found = value_field("max_age", Parameter.model_validate(schema), value=value, error=error, options=options)
    assert isinstance(found, Component)
    return found


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer"}, NumberField("max_age", "Max age", hint="A whole number.")),
        (
            {"type": "integer", "minimum": 1, "maximum": 5, "default": 3, "title": "Days", "description": "How old"},
            NumberField("max_age", "Days", 3, 1, 5, hint="How old. A whole number from 1 to 5."),
        ),
        (
            {"type": "number", "minimum": 0.5, "optional": True},
            NumberField(
                "max_age",
                "Max age (optional)",
                None,
                0.5,
                hint="A number of at least 0.5.",
                required=False,
                fractions=True,
            ),
        ),
        ({"type": "string"}, TextField("max_age", "Max age", "", LONG, None, True, 200)),
        (
            {"type": "string", "minLength": 0, "maxLength": 9, "default": "a"},
            TextField(
                "max_age", "Max age", "a", "Text of at most 9 characters on one line, or nothing.", None, False, 9
            ),
        ),
        (
            {"type": "string", "pattern": "^[a-z]+$", "description": "Which one?"},
            TextField("max_age", "Max age", "", f"Which one? {LONG[:-1]} that matches ^[a-z]+$.", None, True, 200),
        ),
        (
            {"type": "string", "format": "multiline", "default": "a\nb"},
            TextArea("max_age", "Max age", "a\nb", "Text of at most 2000 characters.", None, True, 2000),
        ),
        (
            {"type": "string", "format": "date", "default": "2026-12-31"},
            DateField("max_age", "Max age", "2026-12-31", "A date such as 2026-12-31.", None, True),
        ),
        (
            {"type": "string", "format": "date-time", "default": "2026-12-31T18:00:00+01:00"},
            TimeField("max_age", "Max age, in UTC", "2026-12-31T17:00", None, None, True),
        ),
        (
            {"type": "boolean", "default": False, "description": "Only try it?"},
            SelectField("max_age", "Max age", YES_NO, "false", "Only try it?", None, True),
        ),
        ({"type": "boolean"}, SelectField("max_age", "Max age", [("", "Choose …"), *YES_NO], required=True)),
        (
            {"type": "boolean", "optional": True},
            SelectField("max_age", "Max age (optional)", [("", "No value"), *YES_NO]),
        ),
        (
            {"type": "integer", "enum": [1, 7], "default": 7},
            SelectField("max_age", "Max age", [("1", "1"), ("7", "7")], "7", required=True),
        ),
        (
            {"type": "string", "enum": ["a", ""], "minLength": 0, "default": ""},
            SelectField("max_age", "Max age", [("a", "a"), ("", "(empty)")]),
        ),
        (
            {"type": "string", "format": "connection", "enum": ["cache_eu"]},
            SelectField("max_age", "Max age", [("", "Choose …"), ("cache_eu", "cache_eu")], required=True),
        ),
    ],
)
def test_each_kind_of_parameter_has_its_field(schema: dict[str, object], expected: Component) -> None:
    assert field(schema) == expected


def test_a_value_goes_before_the_default() -> None:
    schema: dict[str, object] = {"type": "integer", "default": 3}
    assert field(schema, "5") == NumberField("max_age", "Max age", 5, hint="A whole number.")
    assert field(schema, "many") == NumberField("max_age", "Max age", None, hint="A whole number.")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-12-31T18:00:00Z", "2026-12-31T18:00"),
        ("2026-12-31T18:00:30Z", "2026-12-31T18:00:30"),
        ("2026-12-31T18:00", "2026-12-31T18:00"),
        ("2027-01-01T00:30:00+01:00", "2026-12-31T23:30"),
        ("soon", "soon"),
        ("", ""),
    ],
)
def test_a_time_is_shown_in_utc(value: str, shown: str) -> None:
    found = field({"type": "string", "format": "date-time"}, value)
    assert isinstance(found, TimeField)
    assert found.value == shown


def test_a_time_that_was_shown_arrives_as_the_same_time() -> None:
    parameter = Parameter.model_validate({"type": "string", "format": "date-time"})
    found = value_field("at", parameter, value="2026-12-31T18:00:00+01:00")
    assert isinstance(found, TimeField)
    arrived = check_value(parameter, read_text(parameter, found.value))
    assert datetime.fromisoformat(str(arrived)) == datetime(2026, 12, 31, 17, tzinfo=UTC)


def test_a_value_that_can_no_longer_be_chosen_is_not_replaced_silently() -> None:
    found = field({"type": "string", "enum": ["soft", "hard"]}, "harder")
    assert found == SelectField(
        "max_age", "Max age", [("", "Choose …"), ("soft", "soft"), ("hard", "hard")], "harder", required=True
    )


def test_a_query_s_choices_are_offered() -> None:
    options = [("p1", "First"), ("p2", "Second")]
    found = field({"type": "string", "choices": CHOICES}, "p2", "Gone.", options)
    assert found == SelectField("max_age", "Max age", options, "p2", error="Gone.", required=True)


@pytest.mark.parametrize(
    ("choices", "hint"),
    [
        (CHOICES, "The query that offers the choices found none."),
        (
            {**CHOICES, "needs": ["region", "days"]},
            "The choices depend on region and days; there are none for what stands there now.",
        ),
    ],
)
def test_a_choice_of_nothing_says_why(choices: dict[str, object], hint: str) -> None:
    found = field({"type": "string", "choices": choices, "description": "Which"}, options=[])
    empty = [("", "Nothing to choose from")]
    assert found == SelectField("max_age", "Max age", empty, hint=f"Which. {hint}", required=True)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer"},
        {"type": "number"},
        {"type": "boolean"},
        {"type": "string", "enum": ["<b>"]},
        *({"type": "string", "format": each} for each in ("date", "date-time", "multiline", None)),
    ],
)
def test_a_field_is_labelled_described_and_escaped(schema: dict[str, object]) -> None:
    hostile = {**schema, "title": "<script>", "description": "<i>hint"}
    page = Page("Title", field(hostile, "<u>", "'<u>' is not accepted"))
    html = Renderer(load_assets()).page(page, View(Links("/ops", "/ops", {}, "/s"), "/ops", datetime.now(UTC)))
    assert '<label for="field-max_age">&lt;script&gt;' in html
    assert 'id="field-max_age" name="max_age" aria-describedby="field-max_age-error field-max_age-hint"' in html
    assert 'id="field-max_age-error">&#39;&lt;u&gt;&#39; is not accepted' in html
    assert 'id="field-max_age-hint">&lt;i&gt;hint' in html
    assert "<u>" not in html
