"""Runs of pods."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ops_dashboard.acts.preview import Preview
from ops_dashboard.catalog import Operation, PodRun, Scalar
from ops_dashboard.scripts import ArgumentsError, Limits

PARAMETERS_VARIABLE = "OPS_PARAMETERS"
"""The environment variable in which a pod finds its parameters; what a person gives never names one."""

_LONGEST_VARIABLE = 128 * 1024  # name, =, value and a final NUL; with more, Linux starts no program


@dataclass(frozen=True)
class PreparedPod:
    """A pod, and what it will be given.

    Attributes:
        operation: Its name.
        run: Where it runs, and what.
        values: The parameters.
        limits: What it may take.
    """

    operation: str
    run: PodRun
    values: Mapping[str, Scalar | None]
    limits: Limits

    @cached_property
    def document(self) -> str:
        """The parameters, as the JSON document that the pod gets.

        Kubernetes would put another variable's value in place of a `$(NAME)`; an escape of JSON says the same without.
        """
        return json.dumps(self.values).replace("$", "\\u0024")

    @cached_property
    def preview(self) -> Preview:
        """What runs, where, with which parameters and resources."""
        run = self.run
        values = json.dumps(self.values, ensure_ascii=False, indent=2)
        return Preview(
            (
                ("Image", run.image),
                ("Command", shlex.join(run.command) or "the image's own"),
                (f"Environment variable {PARAMETERS_VARIABLE}", values),
                ("Resources", f"cpu {run.cpu}, memory {run.memory}"),
                ("Runs in", f"namespace {run.namespace} of the cluster of connection {run.connection}"),
                ("Ends after", f"{self.limits.seconds:g} seconds"),
            )
        )

    @property
    def sha256(self) -> str:
        """Of the image and the command that run."""
        return hashlib.sha256(json.dumps([self.run.image, *self.run.command]).encode()).hexdigest()


def prepare_pod(operation: Operation, run: PodRun, parameters: Mapping[str, Scalar | None]) -> PreparedPod:
    """Put together what the pod is given.

    Raises:
        ArgumentsError: There is more than a program can be given.
    """
    prepared = PreparedPod(
        operation=operation.name,
        run=run,
        values=dict(parameters),
        limits=Limits(seconds=operation.timeout, output_bytes=operation.output_limit),
    )
    size = len(f"{PARAMETERS_VARIABLE}={prepared.document}") + 1
    if size > _LONGEST_VARIABLE:
        raise ArgumentsError(
            f"the parameters take {size} bytes as JSON, more than the {_LONGEST_VARIABLE} that a pod can be given"
        )
    return prepared
