"""The whole product on one machine: PostgreSQL, a cluster, and Airflow's four processes with FAB login."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from demo import orders, postgres
from demo.environment import REPOSITORY, Home, Ports, airflow_environment, database_environment
from demo.processes import Child
from demo.schema import forget_rewritten

_BIN = Path(sys.executable).parent
_MIGRATIONS = REPOSITORY / "sql" / "versions"
_COMPONENTS = ("api-server", "dag-processor", "triggerer")
_HEALTH_PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
_START_SECONDS = 180.0

Progress = Callable[[str], None]


def free_port() -> int:
    """A TCP port of localhost that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass
class Stack:
    """One demo. `start` it, use `url`, `stop` it; the state stays in `home`.

    Attributes:
        home: The folder with all state.
        web_port: Port of the web UI and the REST API.
        kubeconfig: A real cluster's kubeconfig; without it an embedded simulator plays the cluster.
        executor: Name of Airflow's executor.
        extra_environment: Settings that a test adds or overrides.
        extra_components: Airflow subcommands to run beside the usual four.
    """

    home: Home
    web_port: int
    kubeconfig: Path | None = None
    executor: str = "LocalExecutor"
    extra_environment: Mapping[str, str] = field(default_factory=dict)
    extra_components: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    progress: Progress = print
    environment: dict[str, str] = field(default_factory=dict, init=False)
    children: list[Child] = field(default_factory=list, init=False)
    database: postgres.Postgres | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """Where the web UI answers."""
        return f"http://localhost:{self.web_port}"

    def start(self) -> None:
        """Set up what is missing and start everything; on any failure nothing is left running.

        Raises:
            RuntimeError: A program ended or did not become healthy; the message shows the end of its log.
        """
        with ExitStack() as undo:
            undo.callback(self.stop)
            self.progress("starting PostgreSQL")
            self.database = postgres.start(self.home.postgres)
            if forget_rewritten(self.database, "ops_dashboard", _MIGRATIONS, self.home.migrations):
                self.progress("the schema was rewritten: the product's database, with its record, is made anew")
            for name in ("airflow", "ops_dashboard"):
                self.database.ensure_database(name)
            self._build_environment(self.database)
            self._start_cluster()
            self._migrate(self.database)
            self._start_airflow()
            undo.pop_all()

    def stop(self) -> None:
        """Stop everything, the web first; the state stays."""
        for child in self.children:
            child.signal_stop()
        for child in self.children:
            child.stop()
        self.children.clear()
        if self.database is not None:
            self.database.stop()
            self.database = None

    def check(self) -> None:
        """Raise RuntimeError if any of the programs has ended."""
        for child in self.children:
            child.check()

    def _build_environment(self, database: postgres.Postgres) -> None:
        ports = Ports(self.web_port, free_port(), free_port())
        kubeconfig = self.kubeconfig or self.home.kubeconfig
        self.environment = {
            **airflow_environment(self.home, ports, kubeconfig=kubeconfig, simulated=self.kubeconfig is None),
            **database_environment(database.socket_folder),
            "AIRFLOW__CORE__EXECUTOR": self.executor,
            **self.extra_environment,
        }
        config = self.home.airflow / "config"
        config.mkdir(parents=True, exist_ok=True)
        local_settings = REPOSITORY / "deploy" / "airflow_local_settings.py"
        (config / local_settings.name).write_text(local_settings.read_text())

    def _start_cluster(self) -> None:
        if self.kubeconfig is not None:
            return
        self.progress("starting the Kubernetes simulator")
        arguments = ["--port", str(free_port()), "--state", str(self.home.cluster)]
        self.home.kubeconfig.unlink(missing_ok=True)
        self._run_child(
            "simulator",
            [sys.executable, "-m", "demo.simulator", *arguments, "--kubeconfig", str(self.home.kubeconfig)],
        )

    def _migrate(self, database: postgres.Postgres) -> None:
        self.progress("preparing the databases")
        owner_url = database.url("ops_dashboard")
        airflow = self._begin([str(_BIN / "airflow"), "db", "migrate"])
        product = self._begin([str(_BIN / "ops-dashboard"), "migrate", "--no-role", "--database-url", owner_url])
        _finish(product)
        database.ensure_login("ops_dashboard", member_of="ops_dashboard_app")
        orders.ensure_orders(database)
        _finish(airflow)
        self.progress("creating the role, the logins and the variables")
        _finish(self._begin([sys.executable, "-m", "demo.seed"]))

    def _start_airflow(self) -> None:
        for name in _COMPONENTS:
            self._run_airflow(name, name)
        self.progress("waiting for Airflow's web server")
        self.wait_until("Airflow's web server answers", lambda: bool(self._health()))
        # A task that starts before it can reach the web server fails.
        for name, arguments in {"scheduler": ("scheduler",), **self.extra_components}.items():
            self._run_airflow(name, *arguments)
        self.progress("waiting for Airflow's scheduler")
        self.wait_until("Airflow is healthy", lambda: all(self._health().get(part) for part in _HEALTH_PARTS))

    def wait_until(self, what: str, condition: Callable[[], bool], seconds: float = _START_SECONDS) -> None:
        """Wait for a condition while all programs live.

        Raises:
            RuntimeError: A program ended, or the condition did not come true in time.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            self.check()
            if time.monotonic() > deadline:
                raise RuntimeError(f"gave up after {seconds:.0f} s: {what}; logs are in {self.home.run}")
            time.sleep(0.2)

    def _health(self) -> dict[str, bool]:
        """Whether each part of Airflow is healthy; nothing while its web server does not answer."""
        try:
            answer = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5)
        except httpx.TransportError:
            return {}
        parts = answer.json() if answer.is_success else {}
        return {name: part["status"] == "healthy" for name, part in parts.items()}

    def _run_airflow(self, name: str, *arguments: str) -> None:
        self._run_child(name, [str(_BIN / "airflow"), *arguments])

    def _run_child(self, name: str, argv: list[str]) -> None:
        child = Child(name, argv, self.environment, self.home.run)
        self.children.append(child)
        child.start()

    def _begin(self, argv: list[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(argv, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _finish(program: subprocess.Popen[str]) -> None:
    output, _ = program.communicate()
    if program.returncode:
        command = " ".join(map(os.fspath, program.args)) if isinstance(program.args, list) else str(program.args)
        raise RuntimeError(f"{command} ended with code {program.returncode}:\n{output[-3000:]}")
