"""What no input could reach, because it is not there: templates, shells, Python that is evaluated."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.sdk import DAG

from demo.environment import REPOSITORY
from tests.attacks.acting import Happened

PRODUCT = ("plugins", "operators", "dags")
SHELLS = {
    *("system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell"),
    *("BashOperator", "SSHOperator", "SubprocessHook"),
}
EVALUATION = {"eval", "exec", "compile", "loads_pickle", "unsafe_load", "render_template_as_native_obj"}
TEMPLATES = {"render_template", "render_template_fields", "from_string", "compile_expression"}


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for folder in PRODUCT:
        for path in (REPOSITORY / folder).rglob("*.py"):
            yield path.relative_to(REPOSITORY), ast.parse(path.read_text(encoding="utf-8"))


def called(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """What is called by its own name or as an attribute of anything but a module of regular expressions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id, node
            elif isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) != "re":
                yield node.func.attr, node


@pytest.mark.attack("CVE-2026-30898", "CVE-2022-24288", "CVE-2020-11978")
@pytest.mark.parametrize("names", [SHELLS, EVALUATION, TEMPLATES], ids=["shells", "evaluation", "templates"])
def test_code_that_would_execute_or_render_text(happened: Happened, names: set[str]) -> None:
    read = list(sources())
    found = [f"{path}:{node.lineno}" for path, tree in read for name, node in called(tree) if name in names]
    assert found == []
    happened(f"none in {len(read)} modules of the product")


@pytest.mark.attack("CVE-2018-1104", "CVE-2026-30898")
def test_the_template_engine_outside_of_the_pages(happened: Happened) -> None:
    users = {path.as_posix() for path, tree in sources() if "jinja2" in imported(tree)}
    assert users == {"plugins/ops_dashboard/web/rendering.py"}
    happened("only the pages' own files are rendered, by one module")


def imported(tree: ast.Module) -> set[str]:
    """The top-level packages that a module imports when it runs."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


BAD = {
    "import os\nos.system(text)": SHELLS,
    "import asyncio\nasyncio.create_subprocess_shell(text)": SHELLS,
    "eval(text)": EVALUATION,
    "environment.from_string(text)": TEMPLATES,
}


@pytest.mark.parametrize("code", BAD)
def test_what_is_looked_for_would_be_found(code: str) -> None:
    assert {name for name, _ in called(ast.parse(code))} & BAD[code]


@pytest.mark.attack("CVE-2024-45498")
def test_a_shell_asked_for_by_keyword(happened: Happened) -> None:
    keywords = [
        f"{path}:{node.lineno}"
        for path, tree in sources()
        for _, node in called(tree)
        for keyword in node.keywords
        if keyword.arg == "shell"
    ]
    assert keywords == []
    happened("no call of the product has it")


@pytest.mark.attack("CVE-2026-30898", "CVE-2022-40127")
def test_fields_of_tasks_that_airflow_renders(
    happened: Happened, monkeypatch: pytest.MonkeyPatch, dags: dict[str, DAG]
) -> None:
    fields = {(dag_id, task.task_id): tuple(task.template_fields) for dag_id, dag in dags.items() for task in dag.tasks}
    assert {place: rendered for place, rendered in fields.items() if rendered} == {}
    happened(f"none in {len(fields)} tasks of {len(dags)} DAGs")


@pytest.fixture
def dags(monkeypatch: pytest.MonkeyPatch) -> dict[str, DAG]:
    """All DAGs of the product, by their ids."""
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(REPOSITORY / "dags" / "catalog"))
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__SCRIPTS_FOLDER", str(REPOSITORY / "dags" / "scripts"))
    bag = DagBag(str(REPOSITORY / "dags"), bundle_name="test")
    assert (bag.import_errors, len(bag.dags) > 6) == ({}, True)
    return dict(bag.dags)
