"""The product's own section of Airflow's configuration, `[ops_dashboard]`.

Every key can be given in `airflow.cfg` or as an environment variable, as all of Airflow's can:
`AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER=/opt/airflow/dags/catalog`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the product finds its parts.

    Attributes:
        catalog_folder: Folder of the YAML files that declare what may be operated.
        scripts_folder: Folder of the operations' scripts.
        connection_id: Airflow connection of the Postgres database with users, grants and ledger.
        directory_connection_ids: Airflow connections, each of which configures a source of users and groups.
        banner: A sentence shown above every page, to tell a demo or staging apart; empty for none.
        routers: Pages of your own beside the product's, each as `package.module:router`.
        status_cache_seconds: How long a page may show the cluster's state without asking it again.
    """

    catalog_folder: Path
    scripts_folder: Path
    connection_id: str
    directory_connection_ids: tuple[str, ...]
    banner: str
    routers: tuple[str, ...]
    status_cache_seconds: float


@cache
def settings() -> Settings:
    """Read the section once per process.

    Raises:
        AirflowConfigException: `status_cache_seconds` is not a number.
    """
    from airflow.configuration import conf

    section = "ops_dashboard"
    dags = Path(conf.get("core", "dags_folder"))
    return Settings(
        catalog_folder=Path(conf.get(section, "catalog_folder", fallback=str(dags / "catalog"))),
        scripts_folder=Path(conf.get(section, "scripts_folder", fallback=str(dags / "scripts"))),
        connection_id=conf.get(section, "connection_id", fallback="ops_dashboard"),
        directory_connection_ids=_words(conf.get(section, "directory_connection_ids", fallback="ops_directory")),
        banner=conf.get(section, "banner", fallback=""),
        routers=_words(conf.get(section, "routers", fallback="")),
        status_cache_seconds=conf.getfloat(section, "status_cache_seconds", fallback=3.0),
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())
