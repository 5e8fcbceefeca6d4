"""The ledger's chain: nobody can change what is in it, and a change by force shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import psycopg
import pytest

from ops_dashboard import ledger
from ops_dashboard.database import connect_url
from ops_dashboard.ledger import Details, Event, Verification
from tests.support.ledger_records import at_once, request, write

Row = dict[str, object]


def chain(connection: psycopg.Connection) -> list[Row]:
    """All rows in order, in the form that is hashed."""
    rows = connection.execute(
        """
        SELECT seq, opened, step, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
               request_id::text, event, actor, action, resource, dag_id, run_id, task_id, reason,
               to_char(deadline AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS deadline,
               details::text AS details, prev_hash, hash
          FROM ops.ledger ORDER BY seq
        """
    )
    names = [column.name for column in rows.description or ()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def hash_of(row: Row) -> bytes:
    """The hash as anybody can compute it, without the database."""
    *fields, details, prev_hash, _ = row.values()
    text = ", ".join([json.dumps(field, ensure_ascii=False) for field in fields] + [str(details)])
    assert isinstance(prev_hash, bytes)
    return hashlib.sha256(prev_hash + f"[{text}]".encode()).digest()


def first_break(rows: Sequence[Row]) -> int | None:
    """The number of the first row that does not follow from the one before."""
    prev_hash: object = hashlib.sha256(b"").digest()
    for number, row in enumerate(rows, start=1):
        if row["seq"] != number or row["prev_hash"] != prev_hash or row["hash"] != hash_of(row):
            return number
        prev_hash = row["hash"]
    return None


def test_appends_from_many_connections_make_one_chain(app_url: str, app_connection: psycopg.Connection) -> None:
    def append_some() -> None:
        with connect_url(app_url) as connection:
            for _ in range(20):
                write(connection, request(), Event.STARTED, Event.CHANGED, Event.SUCCEEDED)

    at_once([append_some] * 8)
    rows = chain(app_connection)
    assert len(rows) == 8 * 20 * 3
    assert first_break(rows) is None
    assert ledger.verify(app_connection) == Verification(480, hash_of(rows[-1]).hex(), None, has_kept=False)


def test_a_rolled_back_append_leaves_no_gap(app_connection: psycopg.Connection) -> None:
    write(app_connection, request(), Event.DENIED)
    ledger.append(app_connection, request(), Event.DENIED, Details())
    app_connection.rollback()
    write(app_connection, request(), Event.DENIED)
    assert first_break(chain(app_connection)) is None


def test_the_hash_does_not_depend_on_the_reader_s_settings(app_connection: psycopg.Connection) -> None:
    app_connection.execute("SET timezone = 'Asia/Kathmandu'; SET datestyle = 'German'; SET bytea_output = 'escape'")
    write(app_connection, request(reason='Größe → 9 "quoted" \\ \n'), Event.STARTED, Event.FAILED)
    app_connection.execute("RESET ALL")
    write(app_connection, request(), Event.DENIED)
    assert first_break(chain(app_connection)) is None
    app_connection.execute("SET timezone = 'Asia/Kathmandu'; SET datestyle = 'German'; SET bytea_output = 'escape'")
    assert ledger.verify(app_connection).first_break is None


EDITS = [
    "UPDATE ops.ledger SET reason = 'nothing to see'",
    "UPDATE ops.ledger SET reason = reason WHERE false",
    "DELETE FROM ops.ledger",
    "TRUNCATE ops.ledger",
    "INSERT INTO ops.ledger (seq) VALUES (1) ON CONFLICT (seq) DO UPDATE SET reason = 'x'",
    "MERGE INTO ops.ledger AS held USING (VALUES (1)) AS v (seq) ON held.seq = v.seq WHEN MATCHED THEN DELETE",
]


@pytest.mark.parametrize("edit", [*EDITS, "INSERT INTO ops.ledger (seq) VALUES (99)", "DELETE FROM ops.open_requests"])
def test_the_product_s_role_can_only_append(app_connection: psycopg.Connection, edit: str) -> None:
    write(app_connection, request(), Event.STARTED)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app_connection.execute(edit)


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize("edit", [edit for edit in EDITS if not edit.startswith("INSERT")])
def test_not_even_a_superuser_can_edit_in_passing(owner_connection: psycopg.Connection, edit: str, role: str) -> None:
    write(owner_connection, request(), Event.DENIED)
    owner_connection.execute(f"SET session_replication_role = {role}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=r"ops\.ledger is append-only"):
        owner_connection.execute(edit)


@pytest.mark.parametrize(
    ("edit", "found_at", "told"),
    [
        ("UPDATE ops.ledger SET actor = 'somebody else' WHERE seq = 3", 3, "row 3 was changed"),
        ("UPDATE ops.ledger SET details = '{\"after\": 1}' WHERE seq = 3", 3, "row 3 was changed"),
        ("UPDATE ops.ledger SET at = at - interval '1 microsecond' WHERE seq = 2", 2, "row 2 was changed"),
        ("UPDATE ops.ledger SET deadline = at WHERE seq = 1", 1, "row 1 was changed"),
        ("UPDATE ops.ledger SET hash = sha256('x') WHERE seq = 5", 5, "row 5 was changed"),
        ("UPDATE ops.ledger SET hash = NULL WHERE seq = 5", 5, "row 5 was changed"),
        ("UPDATE ops.ledger SET prev_hash = sha256('x') WHERE seq = 4", 4, "row 4 does not follow from row 3"),
        ("DELETE FROM ops.ledger WHERE seq = 3", 3, "row 3 is missing"),
        ("DELETE FROM ops.ledger WHERE seq = 1", 1, "row 1 is missing"),
        ("UPDATE ops.ledger SET seq = seq + 10 WHERE seq = 5", 5, "row 5 is missing"),
    ],
)
def test_an_edit_by_somebody_who_took_the_guards_down_shows(
    owner_connection: psycopg.Connection, edit: str, found_at: int, told: str
) -> None:
    for _ in range(5):
        write(owner_connection, request(), Event.DENIED)
    owner_connection.execute("ALTER TABLE ops.ledger DISABLE TRIGGER append_only")
    if edit.startswith("UPDATE"):
        with pytest.raises(psycopg.errors.IntegrityError), owner_connection.transaction():
            owner_connection.execute(edit)
        owner_connection.execute(
            "ALTER TABLE ops.ledger DROP CONSTRAINT ledger_hash_fits, DROP CONSTRAINT ledger_first_step_opens,"
            " DROP CONSTRAINT ledger_check, ALTER hash DROP NOT NULL"
        )
    owner_connection.execute(edit)
    assert first_break(chain(owner_connection)) == found_at
    assert ledger.verify(owner_connection).first_break == told


def test_a_rewritten_or_shortened_chain_shows_against_a_head_that_was_kept(
    owner_connection: psycopg.Connection,
) -> None:
    for _ in range(3):
        write(owner_connection, request(), Event.DENIED)
    kept = ledger.verify(owner_connection).head
    assert kept is not None
    write(owner_connection, request(), Event.DENIED)
    assert ledger.verify(owner_connection, kept).has_kept
    owner_connection.execute("ALTER TABLE ops.ledger DISABLE TRIGGER append_only")
    owner_connection.execute("DELETE FROM ops.ledger WHERE seq > 2")
    write(owner_connection, request(), Event.DENIED)
    after = ledger.verify(owner_connection, kept)
    assert (after.count, after.first_break, after.has_kept) == (3, None, False)


def test_an_empty_ledger_holds(app_connection: psycopg.Connection) -> None:
    assert ledger.verify(app_connection) == Verification(0, None, None, has_kept=False)


def test_a_forked_chain_is_refused(owner_connection: psycopg.Connection) -> None:
    """A second row that follows the same one, with all else about it being right."""
    write(owner_connection, request(), Event.DENIED)
    with pytest.raises(psycopg.errors.UniqueViolation, match="prev_hash"):
        owner_connection.execute(
            """
            INSERT INTO ops.ledger
            SELECT fork.seq, fork.seq, step, at, fork.request_id, event, actor, action, resource, dag_id, run_id,
                   task_id, reason, deadline, details, prev_hash,
                   ops.ledger_hash(prev_hash, fork.seq, fork.seq, step, at, fork.request_id, event, actor, action,
                                   resource, dag_id, run_id, task_id, reason, deadline, details)
              FROM ops.ledger CROSS JOIN (VALUES (2, gen_random_uuid())) AS fork (seq, request_id)
            """
        )
