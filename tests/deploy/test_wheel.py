"""What `pip install` brings."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.metadata import entry_points

import pytest

from demo.environment import REPOSITORY


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    argv = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(argv, cwd=REPOSITORY, check=True, capture_output=True, timeout=120)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_it_installs_no_generic_top_level_name(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"ops_dashboard", "ops_operators"}


@pytest.mark.parametrize(
    ("folder", "pattern", "inside"),
    [
        ("sql", "**/*.sql", "ops_dashboard/sql"),
        ("sql", "**/*.py", "ops_dashboard/sql"),
        ("plugins/ops_dashboard/web/templates", "**/*.html", "ops_dashboard/web/templates"),
        ("plugins/ops_dashboard/web/static", "*", "ops_dashboard/web/static"),
        ("plugins/ops_dashboard", "py.typed", "ops_dashboard"),
    ],
)
def test_it_carries_what_is_not_python_too(wheel: zipfile.ZipFile, folder: str, pattern: str, inside: str) -> None:
    source = REPOSITORY / folder
    files = {f"{inside}/{file.relative_to(source)}" for file in source.glob(pattern) if "__pycache__" not in file.parts}
    assert files
    assert files <= set(wheel.namelist())


def test_it_needs_the_airflow_that_it_was_made_for(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = wheel.read(name).decode()
    assert "Requires-Dist: apache-airflow<4,>=3.3" in metadata
    assert "Requires-Python: >=3.11" in metadata


def test_airflow_finds_the_plugin_and_a_shell_the_command() -> None:
    (plugin,) = entry_points(group="airflow.plugins", name="ops_dashboard")
    assert plugin.load().name == "ops_dashboard"
    (command,) = entry_points(group="console_scripts", name="ops-dashboard")
    assert callable(command.load())


def test_importing_the_plugin_loads_neither_a_web_framework_nor_a_cluster_client() -> None:
    code = (
        "import sys, airflow.plugins_manager; before = set(sys.modules);"
        "import ops_dashboard.plugin;"
        "print(sorted(name for name in set(sys.modules) - before if name.split('.')[0] in"
        " {'fastapi', 'starlette', 'jinja2', 'kubernetes', 'psycopg', 'ops_operators'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize(("argv", "imported"), [(["airflow", "scheduler"], True), (["airflow", "triggerer"], False)])
def test_only_processes_that_fork_tasks_import_what_tasks_need(argv: list[str], imported: bool) -> None:
    code = (
        f"import sys; sys.argv = {argv!r};"
        "from ops_operators.preload import preload_in_workers; preload_in_workers();"
        "print('ops_operators.scale' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip().splitlines()[-1] == str(imported)
