"""What a run of a pod will do, as it is told before; and what no catalog may ask of a pod."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops_dashboard.catalog import Operation, Parameter, PodRun, ValueType
from ops_dashboard.operations import PreparedRun, prepare
from ops_dashboard.scripts import ArgumentsError
from ops_operators.operations import operation_dag
from ops_operators.pod import PodOperator
from tests.catalog.test_catalog import load, problems

POD: dict[str, Any] = {"connection": "prod", "namespace": "ops-pods", "image": "registry/rebuild@sha256:0"}
RUN = PodRun(**POD, command=("rebuild", "--all", "two words"), cpu="2", memory="1Gi")


def operation(run: PodRun = RUN, **changes: Any) -> Operation:
    parameter = Parameter(type=ValueType.STRING)
    return Operation(
        name="rebuild", title="Rebuild", owner="Search", parameters={"shard": parameter}, pod=run, **changes
    )


def prepared(values: dict[str, Any] | None = None, run: PodRun = RUN) -> PreparedRun:
    return prepare(operation(run), values or {"shard": "7"}, Path("/nowhere"))


def test_the_preview_tells_everything() -> None:
    assert prepared().preview.parts == (
        ("Image", "registry/rebuild@sha256:0"),
        ("Command", "rebuild --all 'two words'"),
        ("Environment variable OPS_PARAMETERS", '{\n  "shard": "7"\n}'),
        ("Resources", "cpu 2, memory 1Gi"),
        ("Runs in", "namespace ops-pods of the cluster of connection prod"),
        ("Ends after", "300 seconds"),
    )


def test_without_a_command_the_image_has_its_own() -> None:
    assert ("Command", "the image's own") in prepared(run=PodRun(**POD)).preview.parts


@pytest.mark.parametrize(
    "change", [{"image": "other"}, {"namespace": "other"}, {"cpu": "3"}, {"memory": "2Gi"}, {"command": ("x",)}]
)
def test_another_pod_is_another_preview(change: dict[str, Any]) -> None:
    assert prepared(run=RUN.model_copy(update=change)).preview.digest != prepared().preview.digest


def test_other_values_are_another_preview_but_not_another_program() -> None:
    one, other = prepared(), prepared({"shard": "8"})
    assert one.preview.digest != other.preview.digest
    assert one.sha256 == other.sha256


def test_the_record_tells_image_and_command_apart() -> None:
    changes: list[dict[str, Any]] = [{}, {"command": ("x",)}, {"image": "other"}]
    digests = {prepared(run=RUN.model_copy(update=change)).sha256 for change in changes}
    assert len(digests) == 3
    assert all(len(digest) == 64 for digest in digests)


def test_the_parameters_hold_nothing_that_kubernetes_replaces() -> None:
    values = {"shard": "$(HOSTNAME) $$ \x00 \U0001f600 {{ 7*7 }}"}
    document = prepared(values).document  # type: ignore[attr-defined]
    assert json.loads(document) == values
    assert "$" not in document
    assert document.isascii()


def test_more_than_a_program_can_be_given_is_refused() -> None:
    with pytest.raises(ArgumentsError, match=r"the parameters take 1[0-9]{5} bytes as JSON, more than the 131072"):
        prepared({"shard": "\U0001f600" * 12_000})


def test_the_secrets_of_a_connection_do_not_go_into_a_pod(tmp_path: Path) -> None:
    parameters = {"source": {"type": "string", "format": "connection", "enum": ["shop"]}}
    entry = {"title": "Rebuild", "owner": "Search", "pod": POD, "parameters": parameters}
    (problem,) = problems(tmp_path, a={"operations": {"rebuild": entry}})
    assert problem.endswith(
        "expected no parameter of format connection beside it, as source: who may see the pod would see its secrets"
    )


def test_other_parameters_may_go_into_a_pod(tmp_path: Path) -> None:
    entry = {"title": "Rebuild", "owner": "Search", "pod": POD, "parameters": {"shard": {"type": "string"}}}
    assert load(tmp_path, a={"operations": {"rebuild": entry}}).operation("rebuild").pod == PodRun(**POD)


def test_its_dag_runs_a_pod() -> None:
    (task,) = operation_dag(operation()).tasks
    assert isinstance(task, PodOperator)
    assert task.template_fields == ()
