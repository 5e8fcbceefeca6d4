"""What an operation's fields may say of its parameters. A rule is silent if the parameters were themselves refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationInfo

from ops_dashboard.catalog.relations import Inside, refuse
from ops_dashboard.parameters.fitting import fits
from ops_dashboard.parameters.keywords import Keywords, TextFormat, ValueType
from ops_dashboard.parameters.patterns import shape_of
from ops_dashboard.parameters.words import expected_of

if TYPE_CHECKING:
    from ops_dashboard.catalog.operations import Concurrency, ScriptRun
    from ops_dashboard.catalog.parameters import Parameter

RESERVED_NAMES = frozenset({"reason"})
"""What a run's values have beside its parameters."""

_NAME = re.compile("[a-z][a-z0-9_]{0,39}", re.ASCII)
_NAME_IN_WORDS = (
    "a name of 1 to 40 lower-case letters, digits and _, beginning with a letter, "
    f"and not {', '.join(sorted(RESERVED_NAMES))}"
)
_NO_FIRST = frozenset("-@")  # what programs take for an option, or for the name of a file to read


def named_and_connected(parameters: Mapping[str, Parameter]) -> Mapping[str, Parameter]:
    """Check the names of parameters, and that choices need only other ones, which don't need them in turn."""
    refuse([*_misnamed(parameters), *_ill_connected(parameters)])
    return parameters


def fit_for_arguments(script: ScriptRun | None, info: ValidationInfo) -> ScriptRun | None:
    """Check that arguments are parameters, of which no value can be taken for anything but an argument."""
    parameters: Mapping[str, Parameter] | None = info.data.get("parameters")
    if script is not None and parameters is not None:
        refuse(
            Inside(("arguments", position), name, expected)
            for position, name in enumerate(script.arguments)
            if (expected := _expected_of_argument(name, parameters))
        )
    return script


def of_a_parameter(concurrency: Concurrency, info: ValidationInfo) -> Concurrency:
    """Check that the runs of a parameter's values can be counted."""
    parameters = info.data.get("parameters")
    if concurrency.per is not None and parameters is not None and concurrency.per not in parameters:
        refuse([Inside(("per",), concurrency.per, _one_of(parameters))])
    return concurrency


def accepted_values(example: Mapping[str, Any], info: ValidationInfo) -> Mapping[str, Any]:
    """Check that an example, if there is one, could be asked for."""
    parameters: Mapping[str, Parameter] | None = info.data.get("parameters")
    if example and parameters is not None:
        refuse(_mistakes_of_example(example, parameters))
    return example


def _misnamed(parameters: Mapping[str, Parameter]) -> Iterator[Inside]:
    for name in parameters:
        if not _NAME.fullmatch(name) or name in RESERVED_NAMES:
            yield Inside((name,), name, _NAME_IN_WORDS)


def _ill_connected(parameters: Mapping[str, Parameter]) -> Iterator[Inside]:
    for name, parameter in parameters.items():
        for position, other in enumerate(_needs(parameter)):
            steps = (name, "choices", "needs", position)
            if other not in parameters or other == name:
                yield Inside(steps, other, _one_of(each for each in parameters if each != name))
            elif name in _all_needs(other, parameters):
                yield Inside(steps, other, f"a parameter that doesn't need {name} in turn")


def _needs(parameter: Parameter) -> tuple[str, ...]:
    return parameter.choices.needs if parameter.choices else ()


def _all_needs(name: str, parameters: Mapping[str, Parameter]) -> set[str]:
    """Everything that must have a value before a parameter can have one."""
    found: set[str] = set()
    open_ones = [name]
    while open_ones:
        parameter = parameters.get(open_ones.pop())
        more = set(_needs(parameter)) - found if parameter else set()
        found |= more
        open_ones += more
    return found


def _expected_of_argument(name: str, parameters: Mapping[str, Parameter]) -> str | None:
    """Tell what would do as an argument, if the parameter does not."""
    if name not in parameters:
        return _one_of(parameters)
    parameter, keywords = parameters[name], Keywords.of(parameters[name])
    if parameter.optional:
        return "a parameter that isn't optional, as an argument can't be left out"
    if keywords.is_multiline:
        return "a parameter of one line"
    if keywords.format is TextFormat.CONNECTION:
        return "no connection, as all processes of the worker can read arguments"
    if keywords.type is ValueType.STRING and _may_mislead(keywords):
        return (
            "a parameter whose texts are not empty and begin neither with - nor with @: "
            "give it an enum, or a pattern such as ^[a-z0-9][a-z0-9-]*$"
        )
    return None


def _may_mislead(keywords: Keywords) -> bool:
    if keywords.enum is not None:
        return any(not text or text[0] in _NO_FIRST for text in map(str, keywords.enum))
    if not keywords.is_free_text:
        return False
    if keywords.pattern is None:
        return True
    shape = shape_of(keywords.pattern)
    return bool(shape.first & _NO_FIRST) or (shape.may_be_empty and keywords.shortest == 0)


def _mistakes_of_example(example: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> Iterator[Inside]:
    for name, value in example.items():
        if name not in parameters:
            yield Inside((name,), name, _one_of(parameters))
        elif not fits(keywords := Keywords.of(parameters[name]), value):
            yield Inside((name,), value, expected_of(keywords, value))
    for name, parameter in parameters.items():
        if parameter.is_required and name not in example:
            yield Inside((name,), None, expected_of(Keywords.of(parameter), None))


def _one_of(names: Iterable[str]) -> str:
    known = ", ".join(names)
    return f"the name of a parameter: {known}" if known else "nothing, as there is no parameter to name"
