"""Compare-and-set over a network that loses answers."""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic, TypeVar

from ops_dashboard.workers.errors import ClusterDownError, ConflictError, RejectedError

SeenT = TypeVar("SeenT")


class Attempts(Generic[SeenT]):
    """One change of one value, to be attempted until the cluster answers clearly.

    An answer can get lost after the change took effect. So after a failure the object is looked at before the change
    is sent again.

    Attributes:
        uncertain: Whether the change may have taken effect although no attempt has succeeded.
    """

    def __init__(self) -> None:
        self.uncertain = False
        self._failed = False

    def attempt(self) -> SeenT:
        """Try once.

        Raises:
            ChangedMeanwhileError: Somebody else changed it.
            ClusterDownError, ConflictError: Another attempt may succeed.
            WorkersError: Another attempt will not help.
        """
        if self._failed and (landed := self._find_out()):
            return landed
        try:
            return self._send()
        except (ClusterDownError, ConflictError) as error:
            self._failed = True
            self.uncertain |= isinstance(error, ClusterDownError) and error.sent
            raise
        except RejectedError:
            if landed := self._find_out():
                return landed
            raise

    @abstractmethod
    def _send(self) -> SeenT:
        """Send the change, with tests that let it happen only to what was seen."""

    @abstractmethod
    def _find_out(self) -> SeenT | None:
        """Look what is there: the change if it has taken effect, None if it can be sent (again).

        Raises:
            ChangedMeanwhileError: Neither.
        """
