"""The scripts of the team's installation, run for real: PostgreSQL's first start, and access to the cluster."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from demo.environment import REPOSITORY
from demo.postgres import start
from ops_dashboard.database import migrate
from tests.support.clusters.control_plane import control_plane, find_programs

FOLDER = REPOSITORY / "deploy" / "compose"
SERVICES = yaml.safe_load((REPOSITORY / "docker-compose.yaml").read_text())["services"]
PROGRAMS = find_programs()


@pytest.fixture(scope="module")
def socket_folder() -> Iterator[str]:
    """A server of its own with postgres.sql run on it, as roles belong to a whole server; everybody is trusted."""
    with tempfile.TemporaryDirectory(prefix="ops-team-", ignore_cleanup_errors=True) as folder:
        started = start(Path(folder) / "data")
        passwords = {name: f"{name}-0" for name in SERVICES["postgres"]["environment"]}
        subprocess.run(
            [
                started.server.bin_path / "psql",
                "--set=ON_ERROR_STOP=1",
                f"--file={FOLDER / 'postgres.sql'}",
                started.url(),
            ],
            env={"PATH": os.environ["PATH"], **passwords},
            check=True,
            timeout=60,
        )
        yield started.socket_folder
        started.stop()


def url(socket_folder: str, login: str, database: str = "ops_dashboard") -> str:
    return f"postgresql://{login}@/{database}?host={socket_folder}"


def test_the_owner_migrates_and_the_product_works_with_less(socket_folder: str) -> None:
    assert migrate(url(socket_folder, "ops_owner"))
    with psycopg.connect(url(socket_folder, "ops_dashboard")) as connection:
        assert connection.execute("SELECT count(*) FROM ops.ledger").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM ops.ledger")


@pytest.mark.parametrize("login", ["airflow", "ops_owner", "ops_dashboard"])
def test_no_login_is_superuser_and_every_one_has_a_password(socket_folder: str, login: str) -> None:
    query = "SELECT rolsuper, rolcreaterole, rolpassword LIKE 'SCRAM%%' FROM pg_authid WHERE rolname = %s"
    with psycopg.connect(url(socket_folder, "postgres", "postgres")) as connection:
        assert connection.execute(query, [login]).fetchone() == (False, False, True)


@pytest.mark.parametrize(
    ("login", "database"), [("airflow", "ops_dashboard"), ("ops_dashboard", "airflow"), ("ops_owner", "airflow")]
)
def test_no_login_reaches_the_other_database(socket_folder: str, login: str, database: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url(socket_folder, login, database))


def test_airflow_may_make_its_own_tables(socket_folder: str) -> None:
    with psycopg.connect(url(socket_folder, "airflow", "airflow")) as connection:
        connection.execute("CREATE TABLE probe ()")


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What cluster-access.sh writes on a real API server that has the manifests which k3s would apply."""
    if PROGRAMS is None:
        pytest.skip("no control plane: neither KUBEBUILDER_ASSETS nor ../shared/kube")
    folder = tmp_path_factory.mktemp("cluster-access")
    with control_plane(PROGRAMS, folder) as cluster:
        admin = folder / "admin"
        admin.write_text(json.dumps(cluster.kubeconfig(cluster.admin_token)))
        for manifest in manifests_in_the_order_of_k3s():
            kubectl(admin, "apply", f"--filename={manifest}")
        written = folder / "config"
        paths = {"ADMIN_KUBECONFIG": str(admin), "KUBECONFIG": str(written), "CLUSTER_URL": cluster.server}
        assert set(paths) == set(SERVICES["cluster-access"]["environment"])
        environment = os.environ | paths | {"PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
        subprocess.run(["sh", FOLDER / "cluster-access.sh"], env=environment, check=True, timeout=60)
        yield written


def manifests_in_the_order_of_k3s() -> list[Path]:
    mounts = [volume.split(":")[:2] for volume in SERVICES["k3s"]["volumes"]]
    applied = sorted((target, source) for source, target in mounts if "/server/manifests/" in target)
    return [REPOSITORY / source for _, source in applied]


def kubectl(kubeconfig: Path, *arguments: str, check: bool = True) -> str:
    command = [str(PROGRAMS / "kubectl"), f"--kubeconfig={kubeconfig}", *arguments] if PROGRAMS else []
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=check, timeout=60).stdout


@pytest.mark.kube
@pytest.mark.parametrize(
    ("verb", "resource", "namespace", "answer"),
    [
        ("patch", "deployments.apps/scale", "ads", "yes"),
        ("patch", "statefulsets.apps/scale", "search", "yes"),
        ("patch", "deployments.apps", "ads", "no"),
        ("patch", "deployments.apps/scale", "default", "no"),
        ("get", "secrets", "ads", "no"),
    ],
)
def test_airflow_may_scale_the_teams_workloads_and_nothing_more(
    kubeconfig: Path, verb: str, resource: str, namespace: str, answer: str
) -> None:
    kind, _, subresource = resource.partition("/")
    flags = [f"--namespace={namespace}", f"--subresource={subresource}"]
    done = kubectl(kubeconfig, "auth", "can-i", verb, kind, *flags, check=False)
    assert done.strip() == answer


@pytest.mark.kube
def test_the_administrator_is_not_in_the_kubeconfig(kubeconfig: Path) -> None:
    assert [user["name"] for user in yaml.safe_load(kubeconfig.read_text())["users"]] == ["ops-dashboard"]
