"""Run a registered operation. Each has a model of its own, made from its parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, create_model, model_validator
from pydantic_core import PydanticCustomError

from ops_dashboard.acts.requests import ActRequest, Lock
from ops_dashboard.catalog import Operation, Parameter, Scalar
from ops_dashboard.parameters import accepted, check_value, identity_of
from ops_dashboard.strict_yaml import RELATION

if TYPE_CHECKING:
    from ops_dashboard.ledger import Value

DAG_PREFIX = "ops_run_"
OPERATION_TASK_ID = "run"
LONGEST_REQUEST = 50_000
"""Characters of all values of a request together, as JSON: a record has them whole."""


def operation_dag_id(operation: Operation) -> str:
    """The DAG that carries it out."""
    return f"{DAG_PREFIX}{operation.name}"


class RunRequest(ActRequest):
    """Run an operation with the values of its parameters, which are fields beside the reason."""

    verb: ClassVar[str] = "run"
    operation: ClassVar[Operation]

    @classmethod
    def resource_of(cls, values: Mapping[str, Any]) -> str:  # noqa: ARG003 - each operation has a model of its own
        """The operation."""
        return cls.operation.name

    @model_validator(mode="after")
    def _fits_a_record(self) -> Self:
        if (length := len(self.requested)) > LONGEST_REQUEST:
            raise PydanticCustomError(
                RELATION,
                "{length} characters are not accepted; accepted are at most {most} in all",
                {"length": length, "most": LONGEST_REQUEST},
            )
        return self

    @property
    def parameters(self) -> Mapping[str, Scalar | None]:
        """The values by the parameters' names."""
        return {name: getattr(self, _field(name)) for name in self.operation.parameters}

    @property
    def requested(self) -> str:
        """The values as JSON, as the script gets them."""
        return json.dumps(self.parameters, ensure_ascii=False)

    @property
    def lock(self) -> Lock:
        """As many runs at once as the operation allows: in all, or for each value of a parameter."""
        per = self.operation.concurrency.per
        of_value = "" if per is None else f"/{self._identity(per, self.parameters)}"
        return Lock(f"{self.target}{of_value}", self.operation.concurrency.limit)

    def is_held_by(self, recorded: Value) -> bool:
        """Whether a run with these values counts as one beside which this one would be."""
        per = self.operation.concurrency.per
        if per is None:
            return True
        try:
            return self._identity(per, json.loads(str(recorded))) == self._identity(per, self.parameters)
        except (ValueError, TypeError, AttributeError, RecursionError):
            return True  # what can't be read may be the same

    def _identity(self, name: str, values: Mapping[str, Scalar | None]) -> str:
        return identity_of(self.operation.parameters[name], values.get(name))


def run_request(operation: Operation) -> type[RunRequest]:
    """Make the model of the requests to run an operation."""
    fields: dict[str, Any] = {_field(name): _definition(name, each) for name, each in operation.parameters.items()}
    model: type[RunRequest] = create_model("RunRequest", __base__=RunRequest, __module__=__name__, **fields)
    model.operation = operation
    return model


def _field(name: str) -> str:
    """A parameter may be called what the model calls something of its own."""
    return f"p_{name}"


def _definition(name: str, parameter: Parameter) -> tuple[Any, Any]:
    default = ... if parameter.is_required else parameter.default
    kind = Annotated[Any, AfterValidator(partial(check_value, parameter))]
    return kind, Field(default=default, alias=name, description=accepted(parameter))
