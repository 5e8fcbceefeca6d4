"""The Celery path of docker-compose.yaml for real: its command and settings, Debian's Redis, no containers."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from demo import smoke
from demo.stack import Stack, free_port
from demo.temporary import temporary_stack
from tests.deploy.team_files import SERVICES

_PASSWORD = "celery-test"
_START_SECONDS = 10


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """URL of a Redis that keeps nothing and asks for a password."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server on PATH; Debian's package redis-server has it")
    port = free_port()
    url = f"redis://:{_PASSWORD}@127.0.0.1:{port}/0"
    place = ["--bind", "127.0.0.1", "--port", str(port), "--save", ""]
    with subprocess.Popen([program, *place, "--requirepass", _PASSWORD], stdout=subprocess.DEVNULL) as server:
        try:
            _wait_for(url)
            yield url
        finally:
            server.terminate()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    with redis.from_url(url) as client:
        while True:
            try:
                client.ping()
            except redis.ConnectionError:
                assert time.monotonic() < deadline, "Redis did not start"
                time.sleep(0.05)
            else:
                return


@pytest.fixture(scope="module")
def team_stack(broker: str) -> Iterator[Stack]:
    settings = SERVICES["worker"]["environment"]
    celery = {name: value for name, value in settings.items() if name.startswith("AIRFLOW__CELERY")}
    with temporary_stack(
        executor=settings["AIRFLOW__CORE__EXECUTOR"],
        extra_environment={**celery, "AIRFLOW__CELERY__BROKER_URL": broker},
        extra_components={"worker": tuple(SERVICES["worker"]["command"].split())},
    ) as stack:
        yield stack


@pytest.mark.stack
def test_the_main_job_runs_in_a_celery_worker(team_stack: Stack) -> None:
    smoke.scale_as_the_teams_own_on_call(team_stack.url)
    smoke.be_denied_as_another_teams_on_call(team_stack.url)

    done_by_celery = (
        "SELECT count(*) FROM task_instance JOIN celery_taskmeta ON celery_taskmeta.task_id = external_executor_id "
        "WHERE dag_id = 'ops_scale_workers' AND status = 'SUCCESS'"
    )
    assert team_stack.database is not None
    with psycopg.connect(team_stack.database.url("airflow"), autocommit=True) as connection:
        # The denial too, which is Airflow's failure, not Celery's, who tells of it a little later than Airflow.
        team_stack.wait_until("Celery has both results", lambda: connection.execute(done_by_celery).fetchone() == (2,))


@pytest.mark.stack
def test_the_worker_is_healthy_as_compose_asks_it(team_stack: Stack) -> None:
    *_, check = SERVICES["worker"]["healthcheck"]["test"]
    environment = {
        **team_stack.environment,
        "HOSTNAME": socket.gethostname(),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["sh", "-c", check], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, "pong" in done.stdout) == (0, True), done.stderr
