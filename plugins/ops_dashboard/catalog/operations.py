"""An operation: a registered script with typed parameters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from ops_dashboard.catalog.fields import (
    LABEL,
    LABEL_IN_WORDS,
    LINE_IN_WORDS,
    ConnectionId,
    Entry,
    GroupName,
    Label,
    Line,
)
from ops_dashboard.catalog.operation_rules import (
    accepted_values,
    fit_for_arguments,
    named_and_connected,
    of_a_parameter,
)
from ops_dashboard.catalog.parameters import OneValue, Parameter
from ops_dashboard.parameters.keywords import TextFormat
from ops_dashboard.scripts import Interpreter, is_script_name
from ops_dashboard.strict_yaml import RELATION

_FILE_IN_WORDS = "the name of a file in the folder of the scripts: letters, digits, _ . - and /, no part begins with ."


def _script_name(name: str) -> str:
    if not is_script_name(name):
        raise ValueError(_FILE_IN_WORDS)
    return name


ScriptName = Annotated[str, AfterValidator(_script_name)]


class ScriptRun(Entry):
    """A script run by an interpreter on the worker; it reads its parameters as JSON from its standard input.

    Attributes:
        arguments: Parameters that it also gets as arguments, in this order.
        sha256: The only content that may run; whatever the file holds if None.
    """

    file: ScriptName = Field(description=_FILE_IN_WORDS)
    interpreter: Interpreter = Field(strict=False, description=" or ".join(Interpreter))
    arguments: tuple[str, ...] = Field(default=(), strict=False, description="a list of names of parameters")
    sha256: str | None = Field(
        default=None, pattern="^[0-9a-f]{64}$", description="64 hexadecimal digits, as sha256sum prints them"
    )


class SqlRun(Entry):
    """Statements with bound parameters, `%(name)s`, in one transaction.

    Attributes:
        connection: Airflow connection of the Postgres database.
        max_rows: If the statements change more rows than this in all, nothing is changed.
    """

    file: ScriptName = Field(description=_FILE_IN_WORDS)
    connection: ConnectionId
    max_rows: int = Field(ge=0, le=10_000_000, description="a whole number from 0 to 10000000")


class PodRun(Entry):
    """A pod on Kubernetes; it finds its parameters as JSON in the environment variable OPS_PARAMETERS."""

    connection: ConnectionId
    namespace: Label = Field(description=f"a Kubernetes namespace: {LABEL_IN_WORDS}")
    image: str = Field(
        pattern="^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$", description="a container image, best with its digest"
    )
    command: tuple[str, ...] = Field(
        default=(), strict=False, max_length=50, description="a list of texts: the program and its arguments"
    )
    cpu: str = Field(default="500m", pattern="^[0-9]{1,4}m?$", description="as Kubernetes writes it: 500m or 2")
    memory: str = Field(default="512Mi", pattern="^[0-9]{1,5}(Mi|Gi)$", description="as Kubernetes writes it: 512Mi")


class Concurrency(Entry):
    """How many runs may go on at once: in all, or for each value of a parameter."""

    limit: int = Field(default=1, ge=1, le=100, description="a whole number from 1 to 100")
    per: str | None = Field(default=None, description="the name of a parameter")


class Approval(Entry):
    """A second person, of this group, who looks at a request before it is carried out."""

    group: GroupName
    within: int = Field(default=3600, ge=60, le=7 * 86400, description="seconds, a whole number from 60 to 604800")


def _one_kind(pod: PodRun | None, info: ValidationInfo) -> PodRun | None:
    given = [name for name in ("script", "sql") if info.data.get(name) is not None]
    given += ["pod"] if pod is not None else []
    # A kind that was refused is told about already.
    if len(given) > 1 or (not given and {"script", "sql"} <= info.data.keys()):
        raise PydanticCustomError(RELATION, "exactly one of script, sql and pod")
    return pod


def _no_secrets(pod: PodRun | None, info: ValidationInfo) -> PodRun | None:
    parameters: Mapping[str, Parameter] = info.data.get("parameters", {})
    secret = [name for name, each in parameters.items() if each.format is TextFormat.CONNECTION]
    if pod is not None and secret:
        raise PydanticCustomError(
            RELATION,
            "no parameter of format connection beside it, as {names}: who may see the pod would see its secrets",
            {"names": ", ".join(secret)},
        )
    return pod


def _zero_unless_idempotent(retries: int, info: ValidationInfo) -> int:
    if retries and not info.data.get("idempotent"):
        raise PydanticCustomError(RELATION, "0, unless idempotent is true")
    return retries


class Operation(Entry):
    """What used to be a ticket: `run:<name>` allows it, DAG `ops_run_<name>` carries it out.

    Attributes:
        name: The key of the whole entry.
        timeout: Seconds that it may take.
        output_limit: Bytes of output that are kept.
        idempotent: Whether doing it twice is as good as doing it once; only then it may have `retries`.
        example: Values to show and to test with.
    """

    name: str = Field(pattern=f"^{LABEL}$", description=f"a name such as purge-cache: {LABEL_IN_WORDS}")
    title: Line = Field(description=LINE_IN_WORDS)
    description: str = Field(default="", max_length=2000, description="at most 2000 characters")
    owner: Line = Field(description=f"who answers for it: {LINE_IN_WORDS}")
    tags: tuple[Label, ...] = Field(default=(), strict=False, description=f"a list of words, each {LABEL_IN_WORDS}")
    parameters: Annotated[Mapping[str, Parameter], AfterValidator(named_and_connected)] = Field(
        default={}, description="a mapping from names to schemas"
    )
    script: Annotated[ScriptRun | None, AfterValidator(fit_for_arguments)] = Field(
        default=None, description="a mapping of file, interpreter and arguments"
    )
    sql: SqlRun | None = Field(default=None, description="a mapping of file, connection and max_rows")
    pod: Annotated[PodRun | None, AfterValidator(_one_kind), AfterValidator(_no_secrets)] = Field(
        default=None, validate_default=True, description="a mapping of connection, namespace, image and command"
    )
    timeout: int = Field(default=300, ge=1, le=86400, description="seconds, a whole number from 1 to 86400")
    output_limit: int = Field(
        default=1_000_000, ge=1000, le=20_000_000, description="bytes, a whole number from 1000 to 20000000"
    )
    concurrency: Annotated[Concurrency, AfterValidator(of_a_parameter)] = Field(
        default=Concurrency(), description="a mapping of limit and per"
    )
    idempotent: bool = Field(default=False, description="true or false")
    retries: Annotated[int, AfterValidator(_zero_unless_idempotent)] = Field(
        default=0, ge=0, le=10, description="a whole number from 0 to 10"
    )
    approval: Approval | None = Field(default=None, description="a mapping of group and within")
    example: Annotated[Mapping[str, OneValue], AfterValidator(accepted_values)] = Field(
        default={}, description="a mapping from parameters to values"
    )

    @property
    def action(self) -> str:
        """The action that a grant must cover to run it."""
        return f"run:{self.name}"

    @property
    def time_limit(self) -> timedelta:
        """How long one attempt may take."""
        return timedelta(seconds=self.timeout)
