"""A demo's database whose migrations were rewritten: before the first release they are, instead of added to."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from demo.postgres import Postgres


def forget_rewritten(database: Postgres, name: str, migrations: Path, notes: Path) -> bool:
    """Drop the database if a migration that it has was rewritten since, and note which there are now.

    Args:
        database: The server.
        name: Of the database; it need not be there.
        migrations: The folder of the migrations.
        notes: The file in which they are noted.

    Returns:
        Whether it was dropped.
    """
    present = {file.name: sha256(file.read_bytes()).hexdigest() for file in sorted(migrations.glob("*.sql"))}
    noted = json.loads(notes.read_text()) if notes.exists() else {}
    was_rewritten = not noted or any(present.get(file) != digest for file, digest in noted.items())
    is_dropped = was_rewritten and database.has_database(name)
    if is_dropped:
        database.run("DROP DATABASE {}", name)
    notes.write_text(json.dumps(present))
    return is_dropped
