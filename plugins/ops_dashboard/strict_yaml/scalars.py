"""What a plain YAML scalar stands for.

The core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema), with decimal numbers only. What
other versions and readers of YAML take for something else is ambiguous here, for example `on`, `0777` and
`12:30`. Dates are the text they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Scalar = str | int | float | bool | None

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_AMBIGUOUS: Final[Mapping[str, re.Pattern[str]]] = {
    "true or false, or text in quotes": re.compile(r"(?i:yes|no|on|off)"),
    "text in quotes, as this can be read as base 60": re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"),
    "a finite number, or text in quotes": re.compile(r"(?i:[-+]?\.inf|\.nan)"),
    "a decimal number of at most 18 digits without leading zeros, or text in quotes": re.compile(
        r"(?i:[-+]?(0[0-9_]+|0x[0-9a-f_]+|0o[0-7_]+|0b[01_]+|[1-9][0-9]*_[0-9_]*|[0-9]{19,}))"
    ),
}


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """A scalar that may not be written as it is; `expected` says how to write it instead."""

    expected: str


def meaning(text: str) -> Scalar | Ambiguity:
    """Return the value of a scalar that is written without quotes."""
    for expected, pattern in _AMBIGUOUS.items():
        if pattern.fullmatch(text):
            return Ambiguity(expected)
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
