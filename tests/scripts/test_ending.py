"""However a run ends, nothing that the script started is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from ops_dashboard.scripts import (
    Interpreter,
    ScriptFailedError,
    ScriptStoppedError,
    ScriptTimedOutError,
)
from tests.scripts.running import BASH, PYTHON, SH, Scripts, is_subreaper, time_to_sleep


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


@pytest.fixture
def mark() -> Iterator[str]:
    with time_to_sleep() as mark:
        yield mark


SETSID = "setsid sleep {mark} & sleep .2"
BACKGROUND = "sleep {mark} &"
STUBBORN = "(trap '' TERM HUP INT; sleep {mark}; sleep {mark}; sleep {mark}) & sleep .2"
STUBBORN_SETSID = "setsid sh -c 'trap \"\" TERM HUP INT; sleep {mark}; sleep {mark}' & sleep .2"
PIPELINE = "nohup sleep {mark} | setsid nohup cat > /dev/null &"
DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.chdir("/")
        null = os.open("/dev/null", os.O_RDWR)
        for each in range(3):
            os.dup2(null, each)
        os.execve("/bin/sleep", ["sleep", "{mark}"], {{}})
    os._exit(0)
os.wait()
"""
BURST = """
import os, time
for _ in range(200):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            os.execv("/bin/sleep", ["sleep", "{mark}"])
        time.sleep(1000)
"""
FLEEING = """
import os
if os.fork() == 0:
    while True:
        os.setsid()
        if os.fork():
            os._exit(0)
"""
ESCAPES: list[tuple[Interpreter, str]] = [
    (SH, BACKGROUND),
    (SH, SETSID),
    (BASH, STUBBORN),
    (SH, STUBBORN_SETSID),
    (SH, PIPELINE),
    (PYTHON, DAEMON),
    (PYTHON, BURST),
    (PYTHON, FLEEING),
]
NAMES = ["background", "setsid", "stubborn", "stubborn_setsid", "pipeline", "daemon", "burst", "fleeing"]
WAIT = {SH: "\nsleep 1000", BASH: "\nsleep 1000", PYTHON: "\nimport time\ntime.sleep(1000)"}
FAIL = {SH: "\nexit 3", BASH: "\nexit 3", PYTHON: "\nraise SystemExit(3)"}


@pytest.mark.attack("CVE-2021-20253", then="every process it left behind was killed")
@pytest.mark.parametrize(("interpreter", "escape"), ESCAPES, ids=NAMES)
@pytest.mark.parametrize("end", ["success", "failure", "timeout", "stop"])
def test_nothing_escapes(scripts: Scripts, mark: str, interpreter: Interpreter, escape: str, end: str) -> None:
    text = escape.format(mark=mark)
    limits: dict[str, Any] = {"processes": 1000, "grace_seconds": 0.3}
    if end == "success":
        scripts.run(text, interpreter, **limits)
    elif end == "failure":
        with pytest.raises(ScriptFailedError, match="exit code 3"):
            scripts.run(text + FAIL[interpreter], interpreter, **limits)
    elif end == "timeout":
        with pytest.raises(ScriptTimedOutError, match="not finished after 1 seconds"):
            scripts.run(text + WAIT[interpreter], interpreter, **limits, seconds=1)
    else:
        asked = iter([None] * 8)
        scripts.seen.ask = lambda: next(asked, "cancelled by ada")
        with pytest.raises(ScriptStoppedError, match="cancelled by ada") as caught:
            scripts.run(text + WAIT[interpreter], interpreter, **limits)
        assert caught.value.reason == "cancelled by ada"
    assert is_subreaper() == 0


@pytest.mark.attack(then="killed after its grace period")
def test_a_script_that_ignores_the_request_to_end_is_killed(scripts: Scripts, mark: str) -> None:
    text = f"trap 'echo no' TERM; echo ready; while :; do sleep {mark}; done"
    started = monotonic()
    with pytest.raises(ScriptTimedOutError):
        scripts.run(text, SH, seconds=1, grace_seconds=1)
    assert {"ready", "no"} <= set(scripts.seen.lines)
    assert monotonic() - started < 30


def test_a_script_may_clear_up_when_it_is_asked_to_end(scripts: Scripts) -> None:
    text = "trap 'seq 30000; echo cleared up; exit 0' TERM; echo ready; sleep 1000 & wait"
    with pytest.raises(ScriptTimedOutError):
        scripts.run(text, SH, seconds=1, grace_seconds=20)
    assert (scripts.seen.lines[0], scripts.seen.lines[-1]) == ("ready", "cleared up")


@pytest.mark.attack(then="ended in time, its output cut at the limit")
def test_a_script_that_floods_is_ended_in_time(scripts: Scripts) -> None:
    started = monotonic()
    with pytest.raises(ScriptTimedOutError):
        scripts.run("trap '' TERM; yes", SH, seconds=1, grace_seconds=0.5, output_bytes=1000)
    assert monotonic() - started < 30


def test_whoever_runs_it_is_asked_several_times_a_second(scripts: Scripts) -> None:
    asked: list[float] = []
    scripts.seen.ask = lambda: asked.append(monotonic())
    scripts.run("sleep 1", SH)
    assert len(asked) >= 4
    asked.clear()
    scripts.run("for i in $(seq 200); do echo; sleep .005; done; exec >&- 2>&-; sleep .5", SH)
    assert 4 <= len(asked) < 60


def test_what_raises_in_a_watcher_ends_the_script(scripts: Scripts, mark: str) -> None:
    def fail(text: str) -> None:
        raise KeyError(text)

    scripts.seen.on_line = fail
    with pytest.raises(KeyError, match="hello"):
        scripts.run(f"echo hello; setsid sleep {mark} & sleep {mark}", SH)
    assert is_subreaper() == 0
