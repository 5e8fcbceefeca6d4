"""`ops-dashboard check`: for a team's CI, so without Airflow."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import fields
from pathlib import Path

from ops_dashboard.cli.command import Command, fail


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path("dags/catalog"), help="the catalog's folder (default: %(default)s)"
    )
    parser.add_argument(
        "--scripts", type=Path, help="the folder of the operations' scripts (default: scripts, beside the catalog's)"
    )


def _check(arguments: Namespace) -> int:
    from ops_dashboard.catalog import CatalogError, load_catalog
    from ops_dashboard.operations.checking import check_files

    try:
        catalog = load_catalog(arguments.folder)
    except CatalogError as error:
        return fail(error)
    scripts = arguments.scripts or arguments.folder.parent / "scripts"
    if mistakes := check_files(catalog, arguments.folder, scripts):
        return fail("\n".join(map(str, mistakes)))
    found = (f"{len(getattr(catalog, field.name))} {field.name}" for field in fields(catalog))
    print(f"{', '.join(found)}: good")
    return 0


CHECK = Command("check", "check the catalog's files and tell every mistake", _arguments, _check)
