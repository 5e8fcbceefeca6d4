"""A pool of workers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ops_dashboard.catalog.fields import (
    COUNT_IN_WORDS,
    LABEL,
    LABEL_IN_WORDS,
    LINE_IN_WORDS,
    AtLeastMin,
    ConnectionId,
    Count,
    Entry,
    Kind,
    Label,
    Line,
)


class Pool(Entry):
    """A workload whose worker count may be changed.

    `min` and `max` are numbers of replicas, both included. In YAML the key of `workload` is `name`, as in Kubernetes;
    the pool's own name is the key of the whole entry.
    """

    name: str = Field(pattern=f"^{LABEL}/{LABEL}$", description=f"team/role as in ads/bidder, each {LABEL_IN_WORDS}")
    connection: ConnectionId
    namespace: Label = Field(description=f"a Kubernetes namespace: {LABEL_IN_WORDS}")
    kind: Kind
    workload: Label = Field(description=f"the workload's name: {LABEL_IN_WORDS}")
    min: Count = Field(description=COUNT_IN_WORDS)
    max: Annotated[Count, AtLeastMin] = Field(description=COUNT_IN_WORDS)
    owner: Line = Field(description=f"who answers for the pool: {LINE_IN_WORDS}")

    @property
    def team(self) -> str:
        """The part of the name before the slash."""
        return self.name.partition("/")[0]

    @property
    def role(self) -> str:
        """The part of the name after the slash."""
        return self.name.partition("/")[2]

    @property
    def action(self) -> str:
        """The action that a grant must cover to change the worker count: `scale:ads/bidder`."""
        return f"scale:{self.name}"
