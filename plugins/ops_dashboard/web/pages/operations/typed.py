"""What was typed into the form of an operation, what it means, and what there is to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ops_dashboard.acts import RequestError, RunRequest, parse, run_request
from ops_dashboard.catalog import Operation, Parameter, Scalar
from ops_dashboard.operations.choices import ChoicesError, offered
from ops_dashboard.parameters import ValueProblem, accepted, check_value, read_text, text_of
from ops_dashboard.web.request import PageRequest


def field_of(name: str) -> str:
    """What the field of a parameter is called: a parameter may be called as a field of every form."""
    return f"p_{name}"


def from_address(request: PageRequest, operation: Operation) -> dict[str, str]:
    """The texts that a form is filled in with at first: those that the address asks for, else the defaults."""
    query = request.query
    return {name: query.get(name, text_of(each.default)) for name, each in operation.parameters.items()}


def from_form(request: PageRequest, operation: Operation) -> dict[str, str]:
    """The texts that were sent."""
    return {name: request.form.get(field_of(name), "") for name in operation.parameters}


def read_request(operation: Operation, texts: Mapping[str, str], reason: str) -> RunRequest:
    """Check what was typed as far as a page can; the task checks and decides again.

    Raises:
        RequestError: Tells what to correct, by parameter.
    """
    values = {name: read_text(each, texts[name]) for name, each in operation.parameters.items()}
    missing = {name for name, each in operation.parameters.items() if values[name] is None and not each.optional}
    # What a person has emptied is not what they see filled in: no default takes its place.
    problems = {name: f"missing; accepted is {accepted(operation.parameters[name])}" for name in missing}
    given = {name: value for name, value in values.items() if name not in missing}
    try:
        asked = parse(run_request(operation), {**given, "reason": reason})
    except RequestError as error:
        raise RequestError({**error.problems, **problems}) from error
    if problems:
        raise RequestError(problems)
    return asked


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to choose from for a parameter.

    Attributes:
        options: Values and labels; None leaves it to the parameter itself.
        trouble: Why that can't be said.
        hint: What to do first.
    """

    options: tuple[tuple[str, str], ...] | None = None
    trouble: str | None = None
    hint: str = ""


def offer_of(operation: Operation, name: str, texts: Mapping[str, str]) -> Offer:
    """Look what there is to choose from, given what is typed so far."""
    choices = operation.parameters[name].choices
    if choices is None:
        return Offer()
    given = {need: _accepted_value(operation.parameters[need], texts[need]) for need in choices.needs}
    first = [operation.parameters[need].label(need) for need, value in given.items() if value is None]
    if first:
        return Offer((), hint=f"Choose {' and '.join(first)} first.")
    try:
        found = offered(operation, name, given)
    except ChoicesError as error:
        return Offer(trouble=f"what there is to choose from can't be told: {error}")
    return Offer(tuple((choice.value, choice.label) for choice in found))


def _accepted_value(parameter: Parameter, text: str) -> Scalar | None:
    try:
        return check_value(parameter, read_text(parameter, text))
    except ValueProblem:
        return None


def renewed(operation: Operation) -> tuple[list[str], list[str]]:
    """The parameters on which the choices of others depend, and those others."""
    needs = {name: each.choices.needs for name, each in operation.parameters.items() if each.choices}
    on = dict.fromkeys(need for each in needs.values() for need in each)
    return list(on), [name for name, each in needs.items() if each]
