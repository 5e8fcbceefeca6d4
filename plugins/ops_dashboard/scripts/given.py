"""What a script is given: values on its standard input, arguments on its command line. No shell ever sees either."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ops_dashboard.scripts import strict_json
from ops_dashboard.scripts.errors import ArgumentsError
from ops_dashboard.scripts.reading import Script
from ops_dashboard.text import shown

_MAX_BYTES = 100_000  # Linux takes 131071 in one argument
_MAX_BYTES_TOGETHER = 1_000_000  # and 2 MB in all, of which the environment is a part
_BEGINNING = re.compile(r"[A-Za-z0-9_]")


def command_line(script: Script, arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the command as a preview shows it: the program, its flags, the script's name, the arguments."""
    return (*script.interpreter.argv, script.name, *arguments)


def encode_values(values: Mapping[str, object]) -> bytes:
    """Return the JSON document that the script reads from its standard input.

    Raises:
        ArgumentsError: JSON cannot carry one of the values.
    """
    try:
        return strict_json.encode(dict(values))
    except ValueError as error:
        raise ArgumentsError(f"values{error}" if str(error).startswith(".") else f"values: {error}") from error


def check_arguments(arguments: Sequence[str]) -> None:
    """Check that each argument can be given as it is, and that none can be taken for an option.

    Raises:
        ArgumentsError: One cannot; the message names it.
    """
    sizes = [_size(position, argument) for position, argument in enumerate(arguments, start=1)]
    if sum(sizes) > _MAX_BYTES_TOGETHER:
        raise ArgumentsError(
            f"arguments: got {sum(sizes)} bytes in all, expected at most {_MAX_BYTES_TOGETHER};"
            " what is larger can be given as values on the standard input"
        )


def _size(position: int, argument: object) -> int:
    def refuse(expected: str) -> ArgumentsError:
        return ArgumentsError(f"argument {position}: got {shown(argument)}, expected {expected}")

    if not isinstance(argument, str):
        raise refuse("text")
    if not _BEGINNING.match(argument):
        raise refuse("text that begins with a letter from A to Z, a digit or an underscore")
    if "\0" in argument:
        raise refuse("text without a NUL character")
    try:
        size = len(argument.encode())
    except UnicodeEncodeError as error:
        raise refuse("valid Unicode text, without half of a surrogate pair") from error
    if size > _MAX_BYTES:
        raise refuse(f"at most {_MAX_BYTES} bytes, not {size}")
    return size
