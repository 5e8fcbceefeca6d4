"""What a team's installation tells Airflow and this product: every setting known, every command taken."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from demo.environment import REPOSITORY
from ops_dashboard.catalog import load_catalog
from ops_dashboard.cli import build_parser
from ops_dashboard.settings import Settings, settings
from tests.deploy.team_files import AIRFLOW_SERVICES, FOLDER, HELM, SERVICES, environment_of_airflow, mounts


@pytest.fixture(scope="module")
def known() -> dict[str, set[str]]:
    """Airflow's options by section, the providers' included, and this product's own."""
    from airflow.configuration import conf

    known = {section: set(text["options"]) for section, text in conf.configuration_description.items()}
    return known | {"ops_dashboard": {field.name for field in fields(Settings)}}


def test_every_variable_of_airflow_is_a_known_option(known: dict[str, set[str]]) -> None:
    names = [name for name in environment_of_airflow() if name.startswith("AIRFLOW__")]
    options = [name.lower().removeprefix("airflow__").split("__", 1) for name in names]
    assert not [(section, option) for section, option in options if option not in known.get(section, ())]


def test_every_value_of_the_chart_is_a_known_option(known: dict[str, set[str]]) -> None:
    for section, options in HELM["config"].items():
        assert set(options) <= known[section]


def test_connections_have_the_names_that_the_product_asks_for() -> None:
    pools = load_catalog(REPOSITORY / "dags" / "catalog").pools.values()
    defaults = settings.__wrapped__()
    asked = {defaults.connection_id, *defaults.directory_connection_ids, *(pool.connection for pool in pools)}
    variables = {f"AIRFLOW_CONN_{name.upper()}" for name in asked}
    assert {name for name in environment_of_airflow() if name.startswith("AIRFLOW_CONN_")} == variables
    assert {secret["envName"] for secret in HELM["secret"]} == variables


@pytest.mark.parametrize(
    ("name", "conn_type"),
    [("OPS_DASHBOARD", "postgres"), ("OPS_DIRECTORY", "generic"), ("DEMO_CLUSTER", "kubernetes")],
)
def test_connections_are_json_that_airflow_reads(name: str, conn_type: str) -> None:
    from airflow.sdk import Connection

    text = environment_of_airflow()[f"AIRFLOW_CONN_{name}"]
    assert Connection.from_json(text).conn_type == conn_type


def test_what_connections_point_at_is_mounted() -> None:
    for service in (SERVICES["worker"], SERVICES["api-server"]):
        targets = [target for _, target in mounts(service)]
        for name, key in (("OPS_DIRECTORY", "path"), ("DEMO_CLUSTER", "kube_config_path")):
            path = json.loads(service["environment"][f"AIRFLOW_CONN_{name}"])["extra"][key]
            assert any(Path(path).is_relative_to(target) for target in targets)


def test_the_local_settings_are_the_same_everywhere() -> None:
    target = "/opt/airflow/config/airflow_local_settings.py"
    for name in ("scheduler", "worker"):
        assert ("./deploy/airflow_local_settings.py", target) in mounts(SERVICES[name])
    assert HELM["airflowLocalSettings"] == (REPOSITORY / "deploy" / "airflow_local_settings.py").read_text()


def shell_commands() -> list[list[str]]:
    """Every command of ours and of Airflow's in the files, with the variables filled in."""
    script = (FOLDER / "init.sh").read_text().replace("\\\n", " ").splitlines()
    job = HELM["migrateDatabaseJob"]["args"][-1].split("&&")
    checks = [service["healthcheck"]["test"][-1] for service in AIRFLOW_SERVICES.values() if "healthcheck" in service]
    services = [f"airflow {service['command']}" for name, service in AIRFLOW_SERVICES.items() if name != "init"]
    commands = [
        shlex.split(re.sub(r'"\$[^"]+"', "filled", line), comments=True) for line in (*script, *job, *checks, *services)
    ]
    return [command for command in commands if command and command[0] in ("airflow", "ops-dashboard")]


def test_all_of_them_are_found() -> None:
    assert len(shell_commands()) == 3 + 2 + 2 + 5


def test_airflow_takes_all_of_its_commands(tmp_path: Path) -> None:
    program = (
        "import json, sys\n"
        "from airflow.cli.cli_parser import get_parser\n"
        "for command in json.loads(sys.argv[1]): get_parser().parse_args(command[1:])\n"
    )
    commands = [command for command in shell_commands() if command[0] == "airflow"]
    done = subprocess.run(
        [sys.executable, "-c", program, json.dumps(commands)],
        env={
            "PATH": os.environ["PATH"],
            "AIRFLOW_HOME": str(tmp_path),
            "AIRFLOW__CORE__AUTH_MANAGER": environment_of_airflow()["AIRFLOW__CORE__AUTH_MANAGER"],
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_the_product_takes_all_of_its_commands() -> None:
    for command in shell_commands():
        if command[0] == "ops-dashboard":
            build_parser().parse_args(command[1:])


def test_the_worker_is_asked_for_health_through_an_app_that_exists() -> None:
    from celery.app.utils import find_app

    *_, check = SERVICES["worker"]["healthcheck"]["test"]
    command = shlex.split(check)
    assert find_app(command[command.index("--app") + 1]).main == "airflow.providers.celery.executors.celery_executor"


@pytest.mark.parametrize("script", ["init.sh", "cluster-access.sh"])
def test_scripts_are_good_shell(script: str) -> None:
    shell = "bash" if script == "init.sh" else "sh"
    subprocess.run([shell, "-n", FOLDER / script], check=True, timeout=60)
