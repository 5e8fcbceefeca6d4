"""What exactly will be done, as a person sees it before it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Preview:
    """What will be done, told part by part. Nothing else is done by who has seen it.

    Attributes:
        parts: What each part is, and its text: a command, a document, a change; may have several lines.
    """

    parts: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        """Tells this preview from any other; an approval is of one digest."""
        return sha256(json.dumps(self.parts).encode()).hexdigest()
