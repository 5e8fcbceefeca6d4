"""Asking a server for JSON: what is asked again, what is given up, and what the person who set it up is told."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ops_dashboard.directory import impatient
from ops_dashboard.directory.answers import _retry_after
from ops_dashboard.directory.http import server_url
from tests.directory.scripted_server import (
    SECRET,
    Scripted,
    answer,
    break_off,
    drip,
    drop,
    hang,
    never_final,
    serve,
    trickle,
)
from tests.support.certificates import make_certificate


@pytest.fixture
def script() -> Iterator[Scripted]:
    with serve() as server:
        yield server


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path)


@pytest.fixture
def secure(certificate: Path) -> Iterator[Scripted]:
    with serve(certificate) as server:
        yield server


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr("tenacity.nap.sleep", made.append)
    monkeypatch.setattr("tenacity.nap.time.sleep", made.append)
    return made


def test_an_object_comes_back(script: Scripted) -> None:
    script.answers = [answer()]
    assert script.get() == {"answer": 42}
    assert script.asked == ["/here?page=1"]


@pytest.mark.parametrize(
    "fault",
    [*(answer(b"busy", status) for status in (408, 429, 500, 502, 503, 504)), drop, break_off],
    ids=["408", "429", "500", "502", "503", "504", "dropped", "broken off"],
)
def test_a_busy_server_is_asked_again(script: Scripted, fault: Callable[[Any], None], pauses: list[float]) -> None:
    script.answers = [fault, fault, answer()]
    assert script.get() == {"answer": 42}
    assert len(pauses) == 2


def test_another_error_may_be_known_to_mean_busy(script: Scripted, pauses: list[float]) -> None:
    script.answers = [answer(b'{"slow": "down"}', 403), answer()]
    assert script.get(is_busy=lambda error: error.answer == {"slow": "down"}) == {"answer": 42}


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        ("0", 0, 0),
        (timedelta(hours=-1), 0, 0),
        (timedelta(seconds=100), 30, 100),
        ("soon", 0, 0.2),
        ("-1", 0, 0.2),
    ],
)
def test_the_pause_is_as_long_as_the_server_says(
    script: Scripted, header: str | timedelta, least: float, most: float, pauses: list[float]
) -> None:
    if isinstance(header, timedelta):
        header = format_datetime(datetime.now(UTC) + header, usegmt=True)
    script.answers = [answer(b"", 503, Retry_After=header), answer()]
    script.get()
    assert least <= pauses[0] <= most


def test_a_pause_that_is_too_long_is_not_begun(script: Scripted, pauses: list[float]) -> None:
    script.answers = [answer(b"", 429, Retry_After="3600")]
    assert script.refusal().status == 429
    assert not pauses


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409, 501])
def test_what_asking_again_does_not_change_is_asked_once(script: Scripted, status: int) -> None:
    script.answers = [answer(b"no", status, Location="https://elsewhere.example.com")]
    assert str(script.refusal()).startswith(f"{script.url}/here: answered {status} ")
    assert len(script.asked) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"error": {"message": "not for you", "code": 403}}', ": not for you"),
        (b'{"error": "invalid_grant", "error_description": "who?"}', ": who?"),
        (b'{"error": "invalid_grant"}', ": invalid_grant"),
        (b'{"detail": "no such filter", "status": "400"}', ": no such filter"),
        (b'{"error": ["a"]}', ""),
        (b'{"error": {"message": 1}}', ""),
        (b"[]", ""),
        (b"<html>", ""),
        (f'{{"detail": "bad token {SECRET}\\n"}}'.encode(), ": bad token … "),
        (b'{"detail": "' + b"x" * 1000 + b'"}', f": {'x' * 299}…"),
    ],
)
def test_the_servers_own_reason_is_told_without_what_was_sent(script: Scripted, content: bytes, reason: str) -> None:
    script.answers = [answer(content, 400)]
    assert str(script.refusal()) == f"{script.url}/here: answered 400 Bad Request{reason}"


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (b"<!doctype html>", "'<!doctype html>'"),
        (b"[1]", "'[1]'"),
        (b"", "''"),
        (b"\xff", "'\ufffd'"),
        (b"[" * 100_000, f"'{'[' * 78}…"),
        (f"<p>{SECRET}".encode(), "'<p>…'"),
    ],
    ids=["html", "list", "nothing", "no utf-8", "deep", "secret"],
)
def test_anything_but_an_object_is_told(script: Scripted, content: bytes, shown: str) -> None:
    script.answers = [answer(content, Content_Type="text/html")]
    assert str(script.refusal()) == (
        f"{script.url}/here: answered text/html that is no JSON object: {shown};"
        " check the address, and that no proxy or login page stands before it"
    )


@pytest.mark.parametrize("slow", [hang, trickle, drip, never_final])
def test_a_server_that_hangs_is_left(script: Scripted, slow: Callable[[Any], None]) -> None:
    script.answers = [slow] * 50
    error = script.refusal(request_timeout=timedelta(seconds=0.2), give_up_after=timedelta(seconds=1))
    # On a busy machine the time may be over between two tries.
    why = str(error).removeprefix(f"{script.url}/here: ")
    assert why in {"no whole answer in time", "not asked, the 1 s for all are over"}


def test_who_has_no_patience_is_told_of_each_try_and_waits_for_two(script: Scripted, pauses: list[float]) -> None:
    script.answers = [answer(b"", 503)] * 50
    told: list[str] = []
    with impatient(told.append):
        error = script.refusal()
    assert told == [f"try 1 of 2: {error}; asking again"]
    assert len(script.asked) == 2


@pytest.mark.parametrize(("retry_after", "asked"), [("7", ["; asking again in 7 s"]), ("120", [])])
def test_nor_do_they_wait_for_minutes_because_the_server_asks_them_to(
    script: Scripted, pauses: list[float], retry_after: str, asked: list[str]
) -> None:
    script.answers = [answer(b"", 429, Retry_After=retry_after)] * 2
    told: list[str] = []
    with impatient(told.append):
        error = script.refusal()
    assert told == [f"try 1 of 2: {error}{again}" for again in asked]
    assert len(script.asked) == 1 + len(asked)


def test_a_pause_that_outlasts_the_time_does_not_hide_why_it_was_made(
    script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: Event().wait(0.4))
    script.answers = [answer(b"", 503)] * 5
    assert script.refusal(give_up_after=timedelta(seconds=0.3)).status == 503
    assert len(script.asked) == 1


def test_an_answer_without_end_is_not_read_to_it(script: Scripted) -> None:
    script.answers = [answer(gzip.compress(b" " * 1_000_000), Content_Encoding="gzip")]
    error = script.refusal(largest_answer=100_000)
    assert str(error) == f"{script.url}: answered with more than 100000 bytes"
    assert len(script.asked) == 1


def test_when_the_time_is_over_nothing_is_asked(script: Scripted) -> None:
    error = script.refusal(give_up_after=timedelta(0))
    assert str(error) == f"{script.url}/here: not asked, the 0 s for all are over"
    assert not script.asked


def test_a_question_is_not_repeated_until_there_is_no_time_for_others(
    script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops_dashboard.directory.http._REPEAT_FOR", timedelta(seconds=0.1))
    script.answers = [answer(b"", 503)] * 50
    assert script.refusal().status == 503


def test_a_certificate_that_nobody_signed_is_told_at_once(secure: Scripted) -> None:
    assert str(secure.refusal()).startswith(f"{secure.url}/here: its TLS certificate is not trusted: self-signed")
    assert not secure.asked


def test_a_certificate_in_the_named_file_is_trusted(
    secure: Scripted, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    secure.answers = [answer()]
    assert secure.get() == {"answer": 42}


def test_where_nobody_listens_is_told(script: Scripted) -> None:
    with serve() as gone:
        script.url = gone.url
    error = script.refusal(give_up_after=timedelta(seconds=0.2))
    assert str(error) == f"{script.url}/here: cannot be reached: [Errno 111] Connection refused"


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://directory.example.com", "https://directory.example.com"),
        ("https://directory.example.com:8443/scim/v2/", "https://directory.example.com:8443/scim/v2"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_server_has_an_address_that_keeps_secrets(url: str, taken: str) -> None:
    assert server_url(url) == taken


@pytest.mark.parametrize(
    "url",
    [
        *("", "directory.example.com", "https://", "https:///path", "ftp://directory.example.com"),
        *("http://directory.example.com", "http://localhost.example.com", "http://localhost@directory.example.com"),
        *("https://user:password@directory.example.com", "https://directory.example.com?a=b"),
        *("https://directory.example.com#a", "https://directory.example.com:port", "https://[::1", "https://a b"),
    ],
)
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(
        ValueError, match=r"^https://host\[:port\]\[/path\], without a user or a query; http only to lo"
    ):
        server_url(url)


@given(st.text())
@example("https://\x00")
@example("https://xn--")
def test_whatever_is_given_as_an_address_is_taken_or_refused(text: str) -> None:
    try:
        taken = server_url(text)
    except ValueError:
        return
    assert httpx.URL(taken).host


@given(st.text() | st.from_regex(r"\A[A-Z][a-z]{2}, [0-9]{1,9} [A-Z][a-z]{2} [0-9]{1,12} [0-9:]{1,12} [A-Z+-9]{1,8}\Z"))
@example("Mon, 01 Jan 99999999999 00:00:00 GMT")
def test_whatever_a_server_says_of_the_pause_is_a_time_or_nothing(header: str) -> None:
    seconds = _retry_after(header)
    assert seconds is None or seconds >= 0
