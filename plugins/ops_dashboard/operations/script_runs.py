"""Runs of scripts."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ops_dashboard.acts.preview import Preview
from ops_dashboard.catalog import Operation, Scalar, ScriptRun, TextFormat
from ops_dashboard.scripts import Limits, Script, ScriptError, command_line, read_script


class OtherContentError(ScriptError):
    """The file does not hold what the catalog has pinned."""


@dataclass(frozen=True)
class PreparedScript:
    """A script, and what it will be given.

    Attributes:
        values: What it gets from its standard input, still with the ids of connections in place of their secrets.
        arguments: What it gets as arguments.
        connections: The names of the values that are ids of connections.
    """

    script: Script
    values: Mapping[str, Scalar | None]
    arguments: tuple[str, ...]
    connections: tuple[str, ...]
    limits: Limits

    @cached_property
    def preview(self) -> Preview:
        """The command, its input, and which content of the file runs."""
        secrets = "".join(f"\n{name}: the secrets of this connection" for name in self.connections)
        return Preview(
            (
                ("Command", shlex.join(command_line(self.script, self.arguments))),
                ("Standard input", json.dumps(self.values, ensure_ascii=False, indent=2) + secrets),
                ("Script", f"{self.script.name}, sha256 {self.script.sha256}"),
                ("Ends after", f"{self.limits.seconds:g} seconds"),
            )
        )

    @property
    def sha256(self) -> str:
        """Of the content that runs."""
        return self.script.sha256


def prepare_script(
    operation: Operation, run: ScriptRun, parameters: Mapping[str, Scalar | None], scripts: Path
) -> PreparedScript:
    """Read the script, once: what is read now is what runs.

    Raises:
        ScriptError: The file is missing, or does not hold what the catalog has pinned.
    """
    script = read_pinned(run, scripts)
    connections = (name for name, each in operation.parameters.items() if each.format is TextFormat.CONNECTION)
    return PreparedScript(
        script=script,
        values=dict(parameters),
        arguments=tuple(_as_argument(parameters[name]) for name in run.arguments),
        connections=tuple(name for name in connections if parameters[name] is not None),
        limits=Limits(seconds=operation.timeout, output_bytes=operation.output_limit),
    )


def read_pinned(run: ScriptRun, scripts: Path) -> Script:
    """Read the script if it is the one that the catalog asks for.

    Raises:
        OtherContentError: It is not.
        ScriptMissingError: The file is missing.
    """
    script = read_script(scripts, run.file, run.interpreter)
    if run.sha256 is not None and script.sha256 != run.sha256:
        raise OtherContentError(
            f"{run.file} has changed: its sha256 is {script.sha256}, the catalog allows only {run.sha256}"
        )
    return script


def _as_argument(value: Scalar | None) -> str:
    return value if isinstance(value, str) else json.dumps(value)
