"""All that a catalog declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import TypeVar

from ops_dashboard.catalog.grants import CatalogGrant
from ops_dashboard.catalog.operations import Operation
from ops_dashboard.catalog.pools import Pool
from ops_dashboard.catalog.settings import Setting
from ops_dashboard.text import shown

_LONGEST_NAME = 127
EntryT = TypeVar("EntryT")


class UnknownEntryError(LookupError):
    """The catalog has nothing of that name."""


class UnknownPoolError(UnknownEntryError):
    """The catalog has no pool of that name."""


class UnknownOperationError(UnknownEntryError):
    """The catalog has no operation of that name."""


class UnknownSettingError(UnknownEntryError):
    """The catalog has no setting of that name."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that the files of one folder declare.

    Attributes:
        pools: By name, in the order of the names; cannot be changed. So are operations and settings.
        grants: In the order of the files and of their lines.
    """

    pools: Mapping[str, Pool]
    grants: tuple[CatalogGrant, ...]
    operations: Mapping[str, Operation] = field(default_factory=lambda: MappingProxyType({}))
    settings: Mapping[str, Setting] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def approver_groups(self) -> frozenset[str]:
        """The groups of whom somebody has to approve a run of some operation."""
        return frozenset(each.approval.group for each in self.operations.values() if each.approval is not None)

    def pool(self, name: str) -> Pool:
        """Return the pool of that name.

        Raises:
            UnknownPoolError: There is none; the message tells which there are.
        """
        return _find(name, self.pools, "pool", UnknownPoolError)

    def operation(self, name: str) -> Operation:
        """Return the operation of that name.

        Raises:
            UnknownOperationError: There is none; the message tells which there are.
        """
        return _find(name, self.operations, "operation", UnknownOperationError)

    def setting(self, name: str) -> Setting:
        """Return the setting of that name.

        Raises:
            UnknownSettingError: There is none; the message tells which there are.
        """
        return _find(name, self.settings, "setting", UnknownSettingError)


def _find(name: str, entries: Mapping[str, EntryT], kind: str, error: type[UnknownEntryError]) -> EntryT:
    if name in entries:
        return entries[name]
    guesses = get_close_matches(name[:_LONGEST_NAME], entries)
    known = f"it has {', '.join([*entries][:10])}" if entries else f"it has no {kind} at all"
    hint = f"did you mean {' or '.join(guesses)}?" if guesses else known
    raise error(f"no {kind} {shown(name)} in the catalog; {hint}")
