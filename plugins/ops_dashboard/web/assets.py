"""The static files: few, small, held in memory, cached by browsers for as long as they do not change."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from starlette.responses import Response

from ops_dashboard.text import shown
from ops_dashboard.web.errors import not_found

if TYPE_CHECKING:
    from collections.abc import Mapping

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Assets:
    """All static files, and the digest of them together that their addresses carry."""

    files: Mapping[str, bytes]
    digest: str

    @property
    def path(self) -> str:
        """Where they are, below the pages' root. Scripts import each other relative to it."""
        return f"/static/{self.digest}"

    def response(self, name: str, digest: str = "") -> Response:
        """Answer with a file. Under another digest than ours it is not cached, so that an upgrade heals itself.

        Raises:
            Problem: 404, there is no such file.
        """
        content = self.files.get(name)
        if content is None:
            raise not_found(f"There is no file {shown(name)}.")
        lasting = "private, max-age=31536000, immutable" if digest == self.digest else "no-cache"
        return Response(content, media_type=_TYPES[Path(name).suffix], headers={"Cache-Control": lasting})


@cache
def load_assets() -> Assets:
    """Read the folder once per process."""
    files = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(name.encode() + b"\0" + content)
    return Assets(MappingProxyType(files), digest.hexdigest()[:16])
