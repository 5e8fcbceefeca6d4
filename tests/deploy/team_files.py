"""The files of a team's installation, read as the programs that they are for read them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from demo.environment import REPOSITORY

FOLDER = REPOSITORY / "deploy" / "compose"
COMPOSE_TEXT = (REPOSITORY / "docker-compose.yaml").read_text()
SECRETS = {
    name: f"{name.lower()}-0" for name in re.findall(r"^([A-Z_]+)=$", (FOLDER / "env.example").read_text(), re.M)
}
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?:(:-|:\?)([^}]*))?\}|\$")


def interpolated(part: Any, environment: Mapping[str, str]) -> Any:
    """What compose makes of a part of its file: YAML first, then the variables in every text."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        assert found[1], "a lone $ is an error for compose"
        if environment.get(found[1]):
            return environment[found[1]]
        assert found[2] == ":-", f"{found[1]} is not set: {found[3]}"
        return found[3]

    if isinstance(part, dict):
        return {key: interpolated(inner, environment) for key, inner in part.items()}
    if isinstance(part, list):
        return [interpolated(inner, environment) for inner in part]
    return VARIABLE.sub(value, part) if isinstance(part, str) else part


COMPOSE = interpolated(yaml.safe_load(COMPOSE_TEXT), SECRETS)
SERVICES: dict[str, Any] = COMPOSE["services"]
AIRFLOW_SERVICES = {
    name: service for name, service in SERVICES.items() if service["image"].startswith("ops-dashboard:")
}
HELM = yaml.safe_load((REPOSITORY / "deploy" / "helm-values.yaml").read_text())
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
CONSTRAINTS = dict(
    line.split(" ")[0].split("==") for line in (REPOSITORY / "constraints.txt").read_text().splitlines() if "==" in line
)


def environment_of_airflow() -> dict[str, str]:
    return {key: value for service in AIRFLOW_SERVICES.values() for key, value in service["environment"].items()}


def mounts(service: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for volume in service.get("volumes", []):
        source, target = volume.split(":")[:2]
        yield source, target


def manifests(name: str) -> list[dict[str, Any]]:
    return [manifest for manifest in yaml.safe_load_all((REPOSITORY / "deploy" / name).read_text()) if manifest]
