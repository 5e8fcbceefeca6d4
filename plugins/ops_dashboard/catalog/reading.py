"""Reads a folder of catalog files, and finds every mistake of all of them at once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ops_dashboard.catalog.models import RELATION, Catalog, CatalogGrant, Limits, Pool
from ops_dashboard.strict_yaml import HOLE, Hole, Steps, path_text, read_strict_yaml, shown

Model = TypeVar("Model", bound=BaseModel)

# The keys that people write, with the fields that they fill.
_SECTION_KEYS = {"pools": "pools", "grants": "grants"}
_POOL_KEYS = {("name" if field == "workload" else field): field for field in Pool.model_fields if field != "name"}
_GRANT_KEYS = {field: field for field in CatalogGrant.model_fields}
_LIMITS_KEYS = {field: field for field in Limits.model_fields}


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in the catalog.

    Attributes:
        file: The file, or the folder when that is the problem.
        path: Where in the file: `pools.ads/bidder.max`; empty for the whole file.
        value: What stands there, shortened.
        expected: What would be accepted.
        line: Line in the file, from 1; None when the file could not be read.
    """

    file: str
    path: str
    value: str
    expected: str
    line: int | None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.path + ': ' if self.path else ''}got {self.value}, expected {self.expected}"


class CatalogError(ValueError):
    """The catalog's files have mistakes; lists all of them, one a line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load_catalog(folder: Path) -> Catalog:
    """Read all `*.yaml` files of the folder.

    Raises:
        CatalogError: There is nothing to read, or a file has mistakes.
    """
    reading = _Reading()
    reading.folder(folder)
    if reading.problems:
        raise CatalogError(tuple(sorted(reading.problems, key=lambda problem: (problem.file, problem.line or 0))))
    pools = {name: reading.pools[name] for name in sorted(reading.pools)}
    return Catalog(MappingProxyType(pools), tuple(reading.grants))


class _Reading:
    """What the files have declared so far, and where each thing was declared that may be only once."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.pools: dict[str, Pool] = {}
        self.grants: list[CatalogGrant] = []
        self.places: dict[Hashable, str] = {}

    def folder(self, folder: Path) -> None:
        try:
            files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
        except OSError as error:
            self._problem(folder, error.strerror or "an error", "a folder that can be read")
            return
        for file in files:
            if file.suffix == ".yaml":
                _File(self, file).read()
            elif file.suffix == ".yml":
                self._problem(file, "a name that ends in .yml", "one that ends in .yaml")
        if not any(file.suffix in {".yaml", ".yml"} for file in files):
            self._problem(folder, "no file", "at least one whose name ends in .yaml")

    def _problem(self, place: Path, value: str, expected: str) -> None:
        self.problems.append(Problem(str(place), "", value, expected, None))


class _File:
    def __init__(self, reading: _Reading, file: Path) -> None:
        self._reading = reading
        self._file = str(file)
        self._document = read_strict_yaml(file)

    def read(self) -> None:
        for mistake in self._document.mistakes:
            self._problem(mistake.path, mistake.value, mistake.expected, mistake.line)
        sections = self._mapping(self._document.value, (), _SECTION_KEYS) or {}
        pools = sections.get("pools", {})
        if isinstance(pools, dict):
            for name, fields in pools.items():
                self._pool(name, fields)
        elif pools is not HOLE:
            self._problem(("pools",), shown(pools), "a mapping from names such as ads/bidder to pools")
        grants = sections.get("grants", [])
        if isinstance(grants, list):
            for position, fields in enumerate(grants):
                self._grant(position, fields)
        elif grants is not HOLE:
            self._problem(("grants",), shown(grants), "a list of grants")

    def _pool(self, name: str, fields: object) -> None:
        path = ("pools", name)
        self._once(name, path, f"the pool {shown(name)}")
        pool = self._entry(Pool, fields, path, _POOL_KEYS, {"name": name})
        if pool:
            workload = (pool.connection, pool.namespace, pool.kind, pool.workload)
            self._once(workload, path, f"{pool.kind} {pool.namespace}/{pool.workload} of {pool.connection}")
            self._reading.pools[name] = pool

    def _grant(self, position: int, fields: object) -> None:
        path = ("grants", position)
        given = {}
        if isinstance(fields, dict) and "limits" in fields:
            limits = self._entry(Limits, fields["limits"], (*path, "limits"), _LIMITS_KEYS)
            given["limits"] = limits or HOLE
        grant = self._entry(CatalogGrant, fields, path, _GRANT_KEYS, given)
        if grant:
            self._once(grant, path, "this grant")
            self._reading.grants.append(grant)

    def _entry(
        self,
        model: type[Model],
        raw: object,
        path: Steps,
        keys: Mapping[str, str],
        given: Mapping[str, object] = MappingProxyType({}),
    ) -> Model | None:
        """Build the model from what people wrote and from what is given; note what is wrong."""
        fields = self._mapping(raw, path, keys)
        if fields is None:
            return None
        try:
            return model.model_validate({**{keys[key]: value for key, value in fields.items()}, **given})
        except ValidationError as error:
            for details in error.errors():
                self._refused(model, details, path, keys)
        return None

    def _refused(self, model: type[Model], details: ErrorDetails, path: Steps, keys: Mapping[str, str]) -> None:
        if details["input"] is HOLE:
            return
        field = details["loc"][0]
        steps = tuple(key for key, filled in keys.items() if filled == field)
        value = None if details["type"] == "missing" else details["input"]
        description = model.model_fields[str(field)].description or ""
        expected = details["msg"] if details["type"] == RELATION else description
        self._problem((*path, *steps), shown(value), expected)

    def _mapping(self, raw: object, path: Steps, keys: Mapping[str, str]) -> dict[str, object] | None:
        """Return what stands under the keys that are known; note the others."""
        accepted = ", ".join(sorted(keys))
        if not isinstance(raw, dict) or not raw:
            if not isinstance(raw, Hole):
                self._problem(path, shown(raw), f"a mapping with some of the keys {accepted}")
            return None
        for key in raw.keys() - keys.keys():
            guess = "".join(f"; did you mean {close}?" for close in get_close_matches(key, keys, n=1))
            self._problem((*path, key), f"the key {shown(key)}", f"one of the keys {accepted}{guess}")
        return {key: value for key, value in raw.items() if key in keys}

    def _once(self, thing: Hashable, path: Steps, value: str) -> None:
        place = f"{path_text(path)} in {self._file}:{self._document.line_of(path)}"
        first = self._reading.places.setdefault(thing, place)
        if first is not place:
            self._problem(path, value, f"one declaration of it; the other is {first}")

    def _problem(self, path: Steps, value: str, expected: str, line: int | None = None) -> None:
        place = line or self._document.line_of(path)
        self._reading.problems.append(Problem(self._file, path_text(path), value, expected, place))
