"""The form field of one parameter: of an operation, or of a setting's value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ops_dashboard.catalog import Parameter, TextFormat, ValueType
from ops_dashboard.parameters import accepted, read_text, text_of
from ops_dashboard.parameters.keywords import Keywords
from ops_dashboard.web.components import (
    Component,
    DateField,
    Node,
    NumberField,
    SelectField,
    TextArea,
    TextField,
    TimeField,
)

Options = Sequence[tuple[str, str]]

_CHOOSE = ("", "Choose …")
_NO_VALUE = ("", "No value")
_NOTHING_TO_CHOOSE = ("", "Nothing to choose from")
_YES_OR_NO = (("true", "Yes"), ("false", "No"))


def value_field(
    name: str,
    parameter: Parameter,
    *,
    value: str | None = None,
    error: str | None = None,
    options: Options | None = None,
    nothing: str = "",
) -> Node:
    """Return the field that a person gives a parameter's value in; what arrives is for `read_text` to read.

    Args:
        name: Name in `request.form`; its words are the label if the parameter has no title.
        parameter: What is accepted.
        value: Text shown at first; None for the parameter's default, which an empty text is not.
        error: What was wrong with what was sent, and what is accepted.
        options: What a query offers as `(value, label)`: nothing else can be chosen. None if there is no query.
        nothing: Why there are no options, if that is known.
    """
    label = f"{parameter.label(name)}{' (optional)' if parameter.optional else ''}"
    shown = text_of(parameter.default) if value is None else value
    offered = _offered(parameter) if options is None else options
    if offered is not None:
        return _select(name, label, parameter, shown, error=error, offered=offered, nothing=nothing)
    if parameter.type in (ValueType.INTEGER, ValueType.NUMBER):
        return _number(name, label, parameter, shown, error)
    return _text(name, label, parameter, shown, error)


def _offered(parameter: Parameter) -> Options | None:
    if parameter.type is ValueType.BOOLEAN:
        return _YES_OR_NO
    if parameter.enum is not None:
        return [(text_of(each), text_of(each) or "(empty)") for each in parameter.enum]
    return None


def _select(
    name: str, label: str, parameter: Parameter, shown: str, *, error: str | None, offered: Options, nothing: str
) -> SelectField:
    """Offer a choice; never one that a person might take for made, although nobody made it."""
    hint: Node = parameter.description
    if not offered:
        first = [_NOTHING_TO_CHOOSE]
        hint = _sentences(parameter.description, nothing or _why_nothing(parameter))
    elif parameter.optional:
        first = [_NO_VALUE]
    else:
        first = [] if shown in dict(offered) else [_CHOOSE]
    return SelectField(
        name, label, [*first, *offered], shown, hint=hint or None, error=error, required=_insists(parameter)
    )


def _why_nothing(parameter: Parameter) -> str:
    needs = parameter.choices.needs if parameter.choices else ()
    if needs:
        return f"The choices depend on {' and '.join(needs)}; there are none for what stands there now."
    return "The query that offers the choices found none."


def _number(name: str, label: str, parameter: Parameter, shown: str, error: str | None) -> NumberField:
    number = read_text(parameter, shown)
    return NumberField(
        name,
        label,
        number if isinstance(number, int | float) else None,
        parameter.minimum,
        parameter.maximum,
        hint=_hint(parameter),
        error=error,
        required=_insists(parameter),
        fractions=parameter.type is ValueType.NUMBER,
    )


def _text(name: str, label: str, parameter: Parameter, shown: str, error: str | None) -> Component:
    hint, required, longest = _hint(parameter), _insists(parameter), Keywords.of(parameter).longest
    match parameter.format:
        case TextFormat.DATE:
            return DateField(name, label, shown, hint, error, required)
        case TextFormat.DATE_TIME:
            # The field takes no offset, of which the rest of the hint would speak.
            return TimeField(name, f"{label}, in UTC", _in_utc(shown), parameter.description or None, error, required)
        case TextFormat.MULTILINE:
            return TextArea(name, label, shown, hint, error, required, longest)
    return TextField(name, label, shown, hint, error, required, longest)


def _insists(parameter: Parameter) -> bool:
    """Whether the browser does not send the field empty. A default stands in the field, and may not be emptied."""
    return not parameter.optional and parameter.minLength != 0


def _hint(parameter: Parameter) -> str:
    words = accepted(parameter)
    return _sentences(parameter.description, f"{words[0].upper()}{words[1:]}.")


def _sentences(*texts: str) -> str:
    return " ".join(text if text.endswith((".", "?", "!")) else f"{text}." for text in texts if text)


def _in_utc(text: str) -> str:
    """Return a time as browsers take it, without an offset; what is none stays as it is."""
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is not None:
            time = time.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):  # the latter at the ends of the calendar
        return text
    return time.isoformat(timespec="auto" if time.second or time.microsecond else "minutes")
