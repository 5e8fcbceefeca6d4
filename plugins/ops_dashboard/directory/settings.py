"""What can be configured of every source: its name, how old its data may become, and the guards of its sync."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from ops_dashboard.directory.models import DirectorySource


SYNC_DAG_ID = "ops_sync_groups"
GIVE_UP_AFTER = timedelta(minutes=10)
"""How long a server may be asked in all."""
REQUEST_TIMEOUT = timedelta(seconds=30)
"""How long one answer of it may take."""


Number = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Server:
    """Where and as whom: what an Airflow connection keeps beside its extra."""

    host: str | None = None
    port: int | None = None
    login: str | None = None
    password: str | None = field(default=None, repr=False)


class _Settings(BaseModel):
    """Every field's description says what the field accepts, and is shown when a value is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Bound(_Settings):
    """How much of something may change within a day without being asked: the larger of a number and a percentage."""

    number: Annotated[int, Field(ge=0)] = Field(description="a whole number, 0 or more")
    percent: Annotated[Number, Field(ge=0, le=1000)] = Field(description="a percentage from 0 to 1000")

    def allows(self, changed: int, of: int) -> bool:
        """Whether `changed` of `of` is little enough."""
        return changed <= max(self.number, of * self.percent / 100)


class Guards(_Settings):
    """When a sync is held for a second pair of eyes.

    The sizes are those that other products came to, Google Cloud Directory Sync and Okta among them. For groups that
    grants name, only people count who are in the group, directly or through groups in it, before and after.
    """

    users_removed: Bound = Field(default=Bound(number=5, percent=10), description="a mapping of number and percent")
    memberships_removed: Bound = Field(
        default=Bound(number=20, percent=20), description="a mapping of number and percent"
    )
    emptied_group_had: Annotated[int, Field(ge=1)] = Field(
        default=3, description="a whole number from 1: a group that had so many members is not left without any"
    )
    granted_group_opens: Literal["hold", "apply"] = Field(default="hold", description="hold or apply")
    granted_group_loses: Bound = Field(
        default=Bound(number=1, percent=50), description="a mapping of number and percent"
    )
    granted_group_empties: Literal["hold", "apply"] = Field(default="hold", description="hold or apply")
    granted_group_gains: Bound = Field(
        default=Bound(number=10, percent=100), description="a mapping of number and percent"
    )
    granted_name_passes: Literal["hold", "apply"] = Field(default="hold", description="hold or apply")
    granted_email_passes: Literal["hold", "apply"] = Field(default="hold", description="hold or apply")


@dataclass(frozen=True, slots=True)
class SyncRules:
    """What a sync of one source may do by itself.

    Attributes:
        max_age: How long after its last complete and accepted run the source is trusted.
        holds_first_run: Whether a person shall look at what a new source brings.
    """

    max_age: timedelta = timedelta(hours=6)
    holds_first_run: bool = True
    guards: Guards = field(default_factory=Guards)


class SourceSettings(_Settings):
    """The extra of the Airflow connection of a source; each kind adds its own fields."""

    kind: str
    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{0,62}$")] | None = Field(
        default=None, description="1 to 63 lower-case letters, digits, _ and -, beginning with a letter"
    )
    # The schedule's interval: from less, everything would be refused between two syncs.
    max_age_hours: Annotated[Number, Field(ge=1 / 6, le=720)] = Field(
        default=6, description="a number of hours from 0.17, which are 10 minutes, to 720"
    )
    first_run: Literal["hold", "apply"] = Field(default="hold", description="hold or apply")
    guards: Guards = Field(default=Guards(), description="a mapping")

    @property
    def source_name(self) -> str:
        """Under which its users and groups are kept; by default the kind."""
        return self.name or self.kind

    @property
    def rules(self) -> SyncRules:
        """What its sync may do by itself."""
        return SyncRules(timedelta(hours=self.max_age_hours), self.first_run == "hold", self.guards)

    @abstractmethod
    def source(self, server: Server) -> DirectorySource:
        """Return the source that is configured; nothing is asked of a server yet.

        Raises:
            DirectoryError: Something is missing; tells what, never a secret.
        """
