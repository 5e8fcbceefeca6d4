"""The files for a team's installation: no container runs here, so the files themselves are checked."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from demo.environment import REPOSITORY
from tests.deploy.team_files import (
    AIRFLOW_SERVICES,
    COMPOSE,
    COMPOSE_TEXT,
    CONSTRAINTS,
    FOLDER,
    HELM,
    PROJECT,
    SECRETS,
    SERVICES,
    VARIABLE,
    interpolated,
    manifests,
    mounts,
)


def test_it_obeys_the_compose_specification(tmp_path: Path) -> None:
    file = tmp_path / "compose.json"
    file.write_text(json.dumps(COMPOSE))
    program = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [program, "--builtin-schema", "vendor.compose-spec", file],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("secret", SECRETS)
def test_it_refuses_to_start_without_a_secret(secret: str) -> None:
    for unset in ({}, {secret: ""}):
        rest = {name: value for name, value in SECRETS.items() if name != secret}
        with pytest.raises(AssertionError, match=rf"{secret} is not set: see deploy/compose/env\.example"):
            interpolated(yaml.safe_load(COMPOSE_TEXT), rest | unset)


def test_every_variable_is_explained_and_every_explained_one_is_used() -> None:
    explained = re.findall(r"^#?([A-Z_]+)=", (FOLDER / "env.example").read_text(), re.M)
    used = {found[1] for found in VARIABLE.finditer(COMPOSE_TEXT) if found[1]}
    assert sorted(explained) == sorted(used)


def test_no_secret_has_a_default() -> None:
    assert not {found[1] for found in VARIABLE.finditer(COMPOSE_TEXT) if found[2] == ":-"} & SECRETS.keys()


def test_what_is_mounted_is_in_the_repository_or_a_declared_volume() -> None:
    for service in SERVICES.values():
        for source, _ in mounts(service):
            found = (REPOSITORY / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
            assert found, source


def test_every_declared_volume_is_used() -> None:
    used = {source for service in SERVICES.values() for source, _ in mounts(service)}
    assert set(COMPOSE["volumes"]) <= used


def test_who_waits_for_health_waits_for_somebody_who_tells_it() -> None:
    for service in SERVICES.values():
        for other, wait in service.get("depends_on", {}).items():
            assert wait["condition"] != "service_healthy" or "healthcheck" in SERVICES[other]


def test_only_the_profile_starts_a_cluster() -> None:
    with_profile = {name for name, service in SERVICES.items() if service.get("profiles") == ["cluster"]}
    assert with_profile == {"k3s", "cluster-access"}
    for name, service in SERVICES.items():
        for other in with_profile & service.get("depends_on", {}).keys():
            assert name in with_profile or service["depends_on"][other]["required"] is False


def test_all_of_airflow_runs() -> None:
    commands = {service["command"] for name, service in AIRFLOW_SERVICES.items() if name != "init"}
    assert commands == {"api-server", "scheduler", "dag-processor", "triggerer", "celery worker"}


@pytest.mark.parametrize(
    ("secret", "services"),
    [
        ("POSTGRES_PASSWORD", {"postgres"}),
        ("OPS_OWNER_PASSWORD", {"postgres", "init"}),
        ("AIRFLOW_JWT_SECRET", {"api-server", "scheduler"}),
        ("ADMIN_PASSWORD", {"init"}),
    ],
)
def test_who_could_rewrite_the_ledger_or_act_as_anybody_is_known_to_few(secret: str, services: set[str]) -> None:
    assert {name for name, service in SERVICES.items() if SECRETS[secret] in str(service)} == services


def test_the_image_is_the_airflow_that_was_tested() -> None:
    (image,) = re.findall(r"^FROM apache/airflow:(\S+)$", (FOLDER / "Dockerfile").read_text(), re.M)
    assert image == HELM["airflowVersion"] == CONSTRAINTS["apache-airflow"] == version("apache-airflow")


def test_the_image_is_named_after_this_package() -> None:
    images = {service["image"] for service in AIRFLOW_SERVICES.values()}
    assert images == {f"ops-dashboard:{PROJECT['project']['version']}"}
    assert HELM["defaultAirflowTag"] == PROJECT["project"]["version"]


def test_every_image_has_a_fixed_version() -> None:
    for service in SERVICES.values():
        assert re.fullmatch(r"[a-z0-9/-]+:v?\d[\w.-]*", service["image"])


def test_both_services_of_the_cluster_run_the_same_image() -> None:
    assert SERVICES["k3s"]["image"] == SERVICES["cluster-access"]["image"]


def test_the_image_is_built_with_the_constraints() -> None:
    assert "--constraint /tmp/ops-dashboard/constraints.txt" in (FOLDER / "Dockerfile").read_text()


def test_the_build_sees_all_that_the_package_needs() -> None:
    sent = re.findall(r"^!(\S+)$", (FOLDER / "Dockerfile.dockerignore").read_text(), re.M)
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], PROJECT["project"]["readme"], "pyproject.toml"}
    assert {Path(path).parts[0] for path in needed} | {"constraints.txt"} == set(sent)
    assert all((REPOSITORY / path).exists() for path in sent)


def test_no_login_with_a_known_password_is_made() -> None:
    assert HELM["createUserJob"]["enabled"] is False


def test_the_job_reads_the_owner_where_it_is_mounted() -> None:
    job = HELM["migrateDatabaseJob"]
    (volume,), (mount,) = job["extraVolumes"], job["extraVolumeMounts"]
    assert volume["name"] == mount["name"]
    assert f"$(cat {mount['mountPath']}/url)" in job["args"][-1]


def test_running_pods_is_granted_to_the_same_account_by_a_manifest_of_its_own() -> None:
    (account,) = [entry for entry in manifests("rbac.yaml") if entry["kind"] == "ServiceAccount"]
    (binding,) = [entry for entry in manifests("rbac-pods.yaml") if entry["kind"].endswith("Binding")]
    (role,) = [entry for entry in manifests("rbac-pods.yaml") if entry["kind"].endswith("Role")]
    (namespace,) = [entry for entry in manifests("rbac-pods.yaml") if entry["kind"] == "Namespace"]
    subject = {"kind": "ServiceAccount", **{key: account["metadata"][key] for key in ("name", "namespace")}}
    assert binding["subjects"] == [subject]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert (binding["kind"], binding["metadata"]["namespace"]) == ("RoleBinding", namespace["metadata"]["name"])
    assert "create" not in str([entry.get("rules") for entry in manifests("rbac.yaml")])


def test_pages_and_tasks_run_as_the_account_with_the_rights() -> None:
    (account,) = [entry for entry in manifests("rbac.yaml") if entry["kind"] == "ServiceAccount"]
    for part in (HELM["apiServer"], HELM["workers"]["kubernetes"]):
        assert part["serviceAccount"] == {"create": False, "name": account["metadata"]["name"]}
