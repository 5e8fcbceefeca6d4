"""The environment that turns a plain Airflow installation into the demo: every setting in one place."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

REPOSITORY = Path(__file__).resolve().parent.parent
_SIMULATED = "Demo: Kubernetes is simulated on this machine; no real workload is touched."


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports on localhost."""

    web: int
    worker_logs: int
    trigger_logs: int


@dataclass(frozen=True, slots=True)
class Home:
    """The one folder with the demo's state."""

    folder: Path

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME."""
        return self.folder / "airflow"

    @property
    def kubeconfig(self) -> Path:
        """Where the simulator says how to reach it."""
        return self.folder / "kubeconfig"

    @property
    def cluster(self) -> Path:
        """Where the simulator keeps worker counts and ConfigMaps from one start to the next."""
        return self.folder / "cluster.json"

    @property
    def postgres(self) -> Path:
        """Data of the PostgreSQL server."""
        return self.folder / "postgres"

    @property
    def migrations(self) -> Path:
        """Which migrations its database has."""
        return self.folder / "migrations.json"

    @property
    def run(self) -> Path:
        """Logs and pids of the running programs."""
        return self.folder / "run"

    def secret(self, name: str) -> str:
        """A secret made at the first start and kept, so that a restart keeps people logged in."""
        path = self.folder / "secrets" / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(Fernet.generate_key().decode() if name == "fernet" else secrets.token_urlsafe(48))
        return path.read_text()


def airflow_environment(home: Home, ports: Ports, *, kubeconfig: Path, simulated: bool) -> dict[str, str]:
    """Environment for every Airflow process of the demo, metadata database and executor left out."""
    web = f"http://localhost:{ports.web}"
    settings = {
        "CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "CORE__PLUGINS_FOLDER": str(home.airflow / "plugins"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
        "CORE__EXECUTION_API_SERVER_URL": f"{web}/execution/",
        "CORE__FERNET_KEY": home.secret("fernet"),
        "API__BASE_URL": web,
        # Everybody knows the password.
        "API__HOST": "127.0.0.1",
        "API__PORT": str(ports.web),
        "API__WORKERS": "1",
        "API__SECRET_KEY": home.secret("api"),
        "API_AUTH__JWT_SECRET": home.secret("jwt"),
        # One for each thread of the API server: with five, many requests at once keep each other waiting.
        "DATABASE__SQL_ALCHEMY_POOL_SIZE": "40",
        # What a person waits for after a click is mostly the scheduler's sleep: a tenth of a second is cheap.
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        # Else a run that failed at once is shown as running for up to five seconds.
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "LOGGING__LOGGING_LEVEL": "WARNING",
        "LOGGING__NAMESPACE_LEVELS": "ops_operators=INFO",  # what operations say is read on the pages
        "LOGGING__WORKER_LOG_SERVER_PORT": str(ports.worker_logs),
        "LOGGING__TRIGGER_LOG_SERVER_PORT": str(ports.trigger_logs),
        "OPS_DASHBOARD__BANNER": _SIMULATED if simulated else "",
    }
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        **{f"AIRFLOW__{key}": value for key, value in settings.items()},
        "AIRFLOW_HOME": str(home.airflow),
        "AIRFLOW_CONN_DEMO_CLUSTER": _connection("kubernetes", extra={"kube_config_path": str(kubeconfig)}),
        "AIRFLOW_CONN_OPS_DIRECTORY": _connection(
            "generic",
            extra={
                "kind": "file",
                "path": str(REPOSITORY / "demo" / "company" / "directory.yaml"),
                "first_run": "apply",  # nobody is there yet who could look at it
            },
        ),
        "PYTHONPATH": str(REPOSITORY),
    }


def database_environment(socket_folder: str) -> dict[str, str]:
    """Where Airflow and the product find their databases; the product logs in with its least role."""
    return {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg://postgres@/airflow?host={socket_folder}",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": f"postgresql+asyncpg://postgres@/airflow?host={socket_folder}",
        "AIRFLOW_CONN_OPS_DASHBOARD": _connection(
            "postgres", host=socket_folder, login="ops_dashboard", schema="ops_dashboard"
        ),
        "AIRFLOW_CONN_DEMO_DATA": _connection("postgres", host=socket_folder, login="demo_data", schema="demo_data"),
    }


def _connection(conn_type: str, **fields: object) -> str:
    return json.dumps({"conn_type": conn_type, **fields})
