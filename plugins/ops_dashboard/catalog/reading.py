"""Reads a folder of catalog files, and finds every mistake of all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from ops_dashboard.catalog.grants import CatalogGrant
from ops_dashboard.catalog.models import Catalog
from ops_dashboard.catalog.operations import Operation
from ops_dashboard.catalog.pools import Pool
from ops_dashboard.catalog.settings import Setting
from ops_dashboard.strict_yaml import (
    HOLE,
    FileMistake,
    Hole,
    Steps,
    in_order,
    model_mistakes,
    path_text,
    read_strict_yaml,
)
from ops_dashboard.text import shown

ModelT = TypeVar("ModelT", bound=BaseModel)
PartT = TypeVar("PartT", dict[str, object], list[object])

_Written: TypeAlias = Mapping[str, tuple[str, ...]]
"""Where fields are written in an entry, those that are not under their own names."""

_Claim: TypeAlias = tuple[Hashable, str]
"""What may be declared only once, and how a message calls it."""

_UNDER_THEIR_NAMES: _Written = MappingProxyType({})


class CatalogError(ValueError):
    """The catalog's files have mistakes; lists all of them, one a line.

    Attributes:
        readable: The entries in which nothing was wrong. Nothing may be operated by them: what is missing may matter.
    """

    def __init__(self, mistakes: tuple[FileMistake, ...], readable: Catalog) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes
        self.readable = readable


def load_catalog(folder: Path) -> Catalog:
    """Read all `*.yaml` files of the folder.

    Raises:
        CatalogError: There is nothing to read, or a file has mistakes.
    """
    reading = _Reading(folder)
    # A section of the files fills the field of its name.
    catalog = Catalog(
        pools=reading.named("pools", Pool, "ads/bidder", written={"workload": ("name",)}, claim=_claimed_by_pool),
        grants=reading.listed("grants", CatalogGrant, claim=_claimed_by_grant),
        operations=reading.named("operations", Operation, "purge-cache"),
        settings=reading.named("settings", Setting, "ads/batch-size", claim=_claimed_by_setting),
    )
    if reading.mistakes:
        raise CatalogError(in_order(reading.mistakes), catalog)
    return catalog


def _entry_in(kind: object) -> type[BaseModel] | None:
    """Return the model that an annotation is of, also as `Model | None` and as `Mapping[str, Model]`."""
    inside = get_args(kind) or (kind,)
    return next((each for each in inside if isinstance(each, type) and issubclass(each, BaseModel)), None)


def _claimed_by_pool(pool: Pool) -> _Claim:
    workload = f"{pool.kind} {pool.namespace}/{pool.workload} of {pool.connection}"
    return workload, workload


def _claimed_by_grant(grant: CatalogGrant) -> _Claim:
    return grant, "this grant"


def _claimed_by_setting(setting: Setting) -> _Claim:
    if setting.config_map is None:
        return ("variable", setting.variable), f"the variable {setting.variable}"
    place = setting.config_map
    in_words = f"key {place.key} of ConfigMap {place.namespace}/{place.name} of {place.connection}"
    return in_words, in_words


class _Reading:
    """All files of a folder, what is wrong with them, and where each thing is that may be declared only once."""

    def __init__(self, folder: Path) -> None:
        self.mistakes: list[FileMistake] = []
        self._places: dict[Hashable, str] = {}
        self._files = [_File(file, self.mistakes) for file in self._yaml_files(folder)]

    def named(
        self,
        key: str,
        model: type[ModelT],
        example: str,
        *,
        written: _Written = _UNDER_THEIR_NAMES,
        claim: Callable[[ModelT], _Claim] | None = None,
    ) -> Mapping[str, ModelT]:
        """Read a section that maps names, such as the example, to entries; the name fills the entry's field `name`."""
        entries: dict[str, ModelT] = {}
        for file, part in self._parts(key, dict, f"a mapping from names such as {example} to {key}"):
            for name, raw in part.items():
                path = (key, name)
                self._claim(file, path, (path, f"the {key.removesuffix('s')} {shown(name)}"))
                entry = file.entry(model, raw, path, {"name": (), **written}, {"name": name})
                if entry:
                    entries[name] = entry
                    if claim:
                        self._claim(file, path, claim(entry))
        return MappingProxyType({name: entries[name] for name in sorted(entries)})

    def listed(self, key: str, model: type[ModelT], *, claim: Callable[[ModelT], _Claim]) -> tuple[ModelT, ...]:
        """Read a section that lists entries."""
        entries: list[ModelT] = []
        for file, part in self._parts(key, list, f"a list of {key}"):
            for position, raw in enumerate(part):
                entry = file.entry(model, raw, (key, position))
                if entry:
                    entries.append(entry)
                    self._claim(file, (key, position), claim(entry))
        return tuple(entries)

    def _parts(self, key: str, form: type[PartT], form_in_words: str) -> Iterator[tuple[_File, PartT]]:
        for file in self._files:
            part = file.sections.get(key, HOLE)
            if isinstance(part, form):
                yield file, part
            elif part is not HOLE:
                file.refuse((key,), shown(part), form_in_words)

    def _claim(self, file: _File, path: Steps, claim: _Claim) -> None:
        thing, in_words = claim
        place = file.place(path)
        first = self._places.setdefault(thing, place)
        if first is not place:
            file.refuse(path, in_words, f"one declaration of it; the other is {first}")

    def _yaml_files(self, folder: Path) -> list[Path]:
        try:
            files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
        except OSError as error:
            self._refuse(folder, error.strerror or "an error", "a folder that can be read")
            return []
        misnamed = [file for file in files if file.suffix == ".yml"]
        for file in misnamed:
            self._refuse(file, "a name that ends in .yml", "one that ends in .yaml")
        found = [file for file in files if file.suffix == ".yaml"]
        if not found and not misnamed:
            self._refuse(folder, "no file", "at least one whose name ends in .yaml")
        return found

    def _refuse(self, place: Path, value: str, expected: str) -> None:
        self.mistakes.append(FileMistake(str(place), (), None, value, expected))


class _File:
    """One file, whose mistakes join those of the others."""

    def __init__(self, file: Path, mistakes: list[FileMistake]) -> None:
        self._mistakes = mistakes
        self._document = read_strict_yaml(file)
        mistakes += self._document.mistakes
        self.sections = self._mapping(self._document.value, (), [field.name for field in fields(Catalog)]) or {}

    def entry(
        self,
        model: type[ModelT],
        raw: object,
        path: Steps,
        written: _Written = _UNDER_THEIR_NAMES,
        given: Mapping[str, object] = MappingProxyType({}),
    ) -> ModelT | None:
        """Build the model from what people wrote and from what is given; note what is wrong."""
        keys = {steps[0]: field for field in model.model_fields if (steps := written.get(field, (field,)))}
        content = self._mapping(raw, path, keys)
        if content is None:
            return None
        values = {keys[key]: self._value(model, keys[key], value, (*path, key)) for key, value in content.items()}
        try:
            return model.model_validate({**values, **given})
        except ValidationError as error:
            self._mistakes += model_mistakes(self._document, path, model, error, written)
        return None

    def refuse(self, path: Steps, value: str, expected: str) -> None:
        """Note a mistake."""
        self._mistakes.append(self._document.mistake(path, value, expected))

    def place(self, path: Steps) -> str:
        """Tell where a part is: `pools.ads/bidder in ads.yaml:2`."""
        return f"{path_text(path)} in {self._document.file}:{self._document.line_of(path)}"

    def _value(self, model: type[BaseModel], field: str, raw: object, path: Steps) -> object:
        """Read a field that holds entries of its own, as a grant's limits are; others are the model's to check."""
        kind = model.model_fields[field].annotation
        entry = _entry_in(kind)
        if entry is None or raw is None:
            return raw
        if get_origin(kind) is not Mapping:
            return self.entry(entry, raw, path) or HOLE
        if not isinstance(raw, dict):
            return raw
        found = {name: self.entry(entry, each, (*path, name)) for name, each in raw.items()}
        return HOLE if None in found.values() else found

    def _mapping(self, raw: object, path: Steps, keys: Iterable[str]) -> dict[str, object] | None:
        """Return what stands under the keys that are known; note the others."""
        known = sorted(keys)
        accepted = ", ".join(known)
        if not isinstance(raw, dict) or not raw:
            if not isinstance(raw, Hole):
                self.refuse(path, shown(raw), f"a mapping with some of the keys {accepted}")
            return None
        for key in raw:
            if key not in known:
                guess = "".join(f"; did you mean {close}?" for close in get_close_matches(key, known, n=1))
                self.refuse((*path, key), f"the key {shown(key)}", f"one of the keys {accepted}{guess}")
        return {key: value for key, value in raw.items() if key in known}
