"""Stand-in until the branch is merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ops_dashboard.catalog import Operation, Scalar


class ChoicesError(Exception):
    """It can't be said what there is to choose from; the message says why."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that is accepted, and what a form shows for it."""

    value: str
    label: str


def offered(operation: Operation, name: str, values: Mapping[str, object]) -> tuple[Choice, ...]:
    """Return what there is to choose from."""
    raise ChoicesError(f"the choices of {name} of {operation.name}: not there yet {len(values)}")


def check_choices(operation: Operation, parameters: Mapping[str, Scalar | None]) -> None:
    """Accept only what is offered now."""
