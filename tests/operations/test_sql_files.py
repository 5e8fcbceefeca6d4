"""SQL files: how they are split as PostgreSQL would, and what they may not say."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_dashboard.operations.sql_files import SqlError, read_query, read_statements
from ops_dashboard.operations.sql_tokens import Kind, statements_of, tokens_of
from ops_dashboard.scripts import ScriptMissingError

ONE = "nothing that begins or ends a transaction: the whole file is one"
NAMED = "%% for a percent sign, %(name)s for a parameter"

SPLIT: list[tuple[str, tuple[str, ...]]] = [
    ("SELECT 1", ("SELECT 1",)),
    (" SELECT 1 ; ;\n SELECT 2;; ", ("SELECT 1", "SELECT 2")),
    ("SELECT ';'; SELECT 2", ("SELECT ';'", "SELECT 2")),
    ("SELECT 'it''s;'; SELECT 2", ("SELECT 'it''s;'", "SELECT 2")),
    ("SELECT 'C:\\'; SELECT 2", ("SELECT 'C:\\'", "SELECT 2")),
    ("SELECT E'it\\'s;'; SELECT 2", ("SELECT E'it\\'s;'", "SELECT 2")),
    ('SELECT ";""" FROM t; SELECT 2', ('SELECT ";""" FROM t', "SELECT 2")),
    ("SELECT $$;$$; SELECT $a$ $$ ; $a$; SELECT 3", ("SELECT $$;$$", "SELECT $a$ $$ ; $a$", "SELECT 3")),
    ("SELECT a$b$ FROM t; SELECT 2", ("SELECT a$b$ FROM t", "SELECT 2")),
    ("-- one; two\nSELECT 1; -- end", ("SELECT 1",)),
    ("SELECT 1 /* a /* b */ ; */ + 1; SELECT 2", ("SELECT 1   + 1", "SELECT 2")),
    ("SELECT 1 -- 50 % of\n+ 1", ("SELECT 1  \n+ 1",)),
    (
        "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
        ("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3"),
    ),
    ("", ()),
    ("-- nothing\n;", ()),
]


@pytest.mark.parametrize(("content", "statements"), SPLIT)
def test_a_file_is_split_as_the_server_would(content: str, statements: tuple[str, ...]) -> None:
    assert tuple(statement.text for statement in statements_of(content)) == statements


@given(st.text("ab'\"$;-/*eE\\%() \n1"))
def test_tokens_are_the_whole_file_up_to_what_nothing_closes(text: str) -> None:
    tokens = list(tokens_of(text))
    whole = "".join(token.text for token in tokens)
    assert text.startswith(whole)
    assert whole == text or tokens[-1].kind is Kind.UNCLOSED
    assert [token.line for token in tokens] == sorted(token.line for token in tokens)


WRONG: list[tuple[str, str]] = [
    ("", "line 1: got no statement, expected at least one"),
    ("-- nothing;\n", "line 1: got no statement, expected at least one"),
    ("SELECT %(colour)s", "line 1: got the parameter 'colour', expected one of region, size"),
    ("SELECT 1;\nSELECT\n %(colour)s", "line 3: got the parameter 'colour', expected one of region, size"),
    ("SELECT %s", "line 1: got %s, expected %(name)s for a parameter, %% for a percent sign"),
    ("SELECT $1", "line 1: got $1, expected %(name)s for a parameter"),
    ("SELECT 7 % 2", f"line 1: got a lone %, expected {NAMED}"),
    ("SELECT 'a%'", f"line 1: got a lone %, expected {NAMED}"),
    ("SELECT %(region)b", f"line 1: got a lone %, expected {NAMED}"),
    ("SELECT % (region)s", f"line 1: got a lone %, expected {NAMED}"),
    (
        "SELECT '%(region)s'",
        "line 1: got %(region)s in quotes, expected %(region)s without quotes: it is bound, not pasted",
    ),
    (
        'SELECT "%(region)s"',
        "line 1: got %(region)s in quotes, expected %(region)s without quotes: it is bound, not pasted",
    ),
    (
        "SELECT $$\n%(region)s$$",
        "line 2: got %(region)s in quotes, expected %(region)s without quotes: it is bound, not pasted",
    ),
    ("BEGIN", f"line 1: got BEGIN, expected {ONE}"),
    ("begin; SELECT 1", f"line 1: got BEGIN, expected {ONE}"),
    ("START TRANSACTION", f"line 1: got START, expected {ONE}"),
    ("SELECT 1;\n/* now */ COMMIT AND CHAIN;", f"line 2: got COMMIT, expected {ONE}"),
    ("END", f"line 1: got END, expected {ONE}"),
    ("ROLLBACK TO a", f"line 1: got ROLLBACK, expected {ONE}"),
    ("ABORT", f"line 1: got ABORT, expected {ONE}"),
    ("SAVEPOINT a", f"line 1: got SAVEPOINT, expected {ONE}"),
    ("RELEASE a", f"line 1: got RELEASE, expected {ONE}"),
    ("PREPARE TRANSACTION 'a'", f"line 1: got PREPARE TRANSACTION, expected {ONE}"),
    ("SET TRANSACTION READ ONLY", f"line 1: got SET TRANSACTION, expected {ONE}"),
    ("SET search_path = x", "line 1: got SET, expected SET LOCAL, which ends with the transaction"),
    ("SET SESSION AUTHORIZATION x", "line 1: got SET, expected SET LOCAL, which ends with the transaction"),
    ("RESET ALL", "line 1: got RESET, expected SET LOCAL, which ends with the transaction"),
    ("TRUNCATE orders", "line 1: got TRUNCATE, expected DELETE, whose rows are counted"),
    (
        "COPY t FROM PROGRAM 'id'",
        "line 1: got COPY with PROGRAM, expected statements that need nothing beside the database",
    ),
    ("COPY t FROM stdin", "line 1: got COPY with STDIN, expected statements that need nothing beside the database"),
    (
        "COPY (SELECT 1) TO STDOUT",
        "line 1: got COPY with STDOUT, expected statements that need nothing beside the database",
    ),
    ("\\d orders", "line 1: got a backslash outside of quotes, expected SQL; commands such as \\d are psql's own"),
    ("SELECT 'a", "line 1: got ' that nothing closes, expected its other end"),
    ("SELECT 1\n/* a /* b */", "line 2: got /* that nothing closes, expected its other end"),
    ("SELECT $a$ b", "line 1: got $a$ that nothing closes, expected its other end"),
    ("SELECT 'a\0b'", "line 1: got a character NUL, expected text without it"),
]


@pytest.mark.attack(then="told by the check, at its line; never run")
@pytest.mark.parametrize(("content", "problem"), WRONG)
def test_what_a_file_may_not_say_is_told(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "a.sql").write_text(content or ";")
    with pytest.raises(SqlError) as refused:
        read_statements(tmp_path, "a.sql", ("region", "size"))
    assert str(refused.value) == f"a.sql: {problem}"


RIGHT = [
    "SET LOCAL work_mem = '64MB'; SELECT 1",
    "SET CONSTRAINTS ALL DEFERRED",
    "SELECT 'BEGIN; COMMIT; \\d $1'",
    "SELECT CASE WHEN true THEN 1 END",
    "DO $$ BEGIN PERFORM 1; END $$",
    "SELECT 7 %% 2, 'a%%', %(region)s || %(size)s",
    "-- 100 % of '%(colour)s\nSELECT 1",
    "COPY t FROM '/srv/t.csv'",
]


@pytest.mark.parametrize("content", RIGHT)
def test_what_a_file_may_say(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.sql").write_text(content)
    assert read_statements(tmp_path, "a.sql", ("region", "size")).statements


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("BEGIN;\nSELECT %s, %(x)s;\nCOMMIT")
    with pytest.raises(SqlError) as refused:
        read_statements(tmp_path, "a.sql", ())
    assert [(problem.line, problem.value) for problem in refused.value.problems] == [
        (1, "BEGIN"),
        (2, "%s"),
        (2, "the parameter 'x'"),
        (3, "COMMIT"),
    ]
    assert refused.value.problems[2].expected == "no parameter, as there is none"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("SELECT 1; SELECT 2", "line 1: got statement 2, expected one SELECT and nothing else"),
        ("DELETE FROM t", "line 1: got DELETE, expected one query: SELECT, WITH, VALUES, TABLE"),
        ("SELECT %(size)s", "line 1: got the parameter 'size', expected one of region"),
    ],
)
def test_choices_are_one_query(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "a.sql").write_text(content)
    with pytest.raises(SqlError, match=r"^a\.sql: ") as refused:
        read_query(tmp_path, "a.sql", ("region",))
    assert str(refused.value) == f"a.sql: {problem}"


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(b"SELECT 1;\nSELECT '\xff'")
    with pytest.raises(SqlError, match=r"a\.sql: line 2: got byte 0xff, expected text in UTF-8"):
        read_statements(tmp_path, "a.sql", ())


@pytest.mark.attack(then="no link is followed")
def test_it_is_read_as_safely_as_a_script(tmp_path: Path) -> None:
    (tmp_path / "real.sql").write_text("SELECT 1")
    (tmp_path / "link.sql").symlink_to("real.sql")
    for name in ("link.sql", "../real.sql", "gone.sql", "/etc/passwd"):
        with pytest.raises(ScriptMissingError):
            read_statements(tmp_path, name, ())
