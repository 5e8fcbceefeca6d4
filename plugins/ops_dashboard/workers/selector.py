"""Kubernetes label selectors: which pods belong to a workload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubernetes.client import V1LabelSelector


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label; the operators are Kubernetes' own: In, NotIn, Exists, DoesNotExist."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether labels meet the condition; NotIn is met by a label that is not there, too."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels
        raise ValueError(f"operator: {self.operator!r} is not one of In, NotIn, Exists, DoesNotExist")

    def __str__(self) -> str:
        values = ",".join(sorted(self.values))
        return {
            "In": f"{self.key} in ({values})",
            "NotIn": f"{self.key} notin ({values})",
            "Exists": self.key,
            "DoesNotExist": f"!{self.key}",
        }[self.operator]


@dataclass(frozen=True, slots=True)
class Selector:
    """Conditions that all must be met. As text it is the query that the API server understands."""

    requirements: tuple[Requirement, ...]

    @classmethod
    def of(cls, selector: V1LabelSelector) -> Selector:
        """Return the selector that a workload's specification holds."""
        labels = [Requirement(key, "In", frozenset({value})) for key, value in (selector.match_labels or {}).items()]
        expressions = [
            Requirement(each.key, each.operator, frozenset(each.values or ()))
            for each in selector.match_expressions or ()
        ]
        return cls((*labels, *expressions))

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether an object with these labels is selected."""
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))
