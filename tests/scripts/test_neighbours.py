"""A run among other children and threads of the same process: it touches none of them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from ops_dashboard.scripts import (
    Finished,
    Limits,
    ScriptError,
    run,
)
from tests.scripts.running import SH, Scripts, Seen, children, is_subreaper, time_to_sleep, with_argument


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


@pytest.fixture
def mark() -> Iterator[str]:
    with time_to_sleep() as mark:
        yield mark


def soon(condition: Callable[[], object]) -> bool:
    until = monotonic() + 20
    while not condition() and monotonic() < until:
        sleep(0.02)
    return bool(condition())


def test_children_from_before_are_left_alone(scripts: Scripts, mark: str) -> None:
    mine = [
        subprocess.Popen(["sleep", "1000"]),
        subprocess.Popen(["sleep", "1000"], start_new_session=True),
        # It starts another one during the run, and leaves it to this process.
        subprocess.Popen(
            ["sh", "-c", "sleep .5; sleep 30 & echo $!; exit"], start_new_session=True, stdout=subprocess.PIPE
        ),
    ]
    ended = subprocess.Popen(["true"])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    before = [each.pid for each in (*mine, ended)]
    assert mine[2].stdout is not None
    try:
        run(scripts.write(f"setsid sleep {mark} & sleep 1.5", SH), {}, [], Limits(), Seen())
        orphan = int(mine[2].stdout.readline())
        assert set(before) <= set(children())
        assert [each.poll() for each in mine] == [None, None, 0]
        assert ended.wait() == 0
        assert orphan in children()
        os.kill(orphan, signal.SIGKILL)
        os.waitpid(orphan, 0)
    finally:
        mine[2].stdout.close()
        for each in mine:
            each.kill()
            each.wait()


def test_a_process_with_threads_that_start_children_of_their_own(scripts: Scripts, mark: str) -> None:
    over = threading.Event()
    codes: list[int] = []

    def busy() -> None:
        while not over.is_set():
            codes.append(subprocess.run(["sleep", "0.01"], start_new_session=True, check=False).returncode)

    threads = [threading.Thread(target=busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        script = scripts.write(f"setsid sleep {mark} & sleep .5", SH)
        for _ in range(3):
            run(script, {}, [], Limits(), Seen())
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert set(codes) == {0}


def test_a_thread_can_run_a_script_and_two_cannot_at_a_time(scripts: Scripts, mark: str) -> None:
    first, second = scripts.write(f"setsid sleep {mark} & echo ready; sleep 1", SH), scripts.write("echo", SH, "second")
    ready = threading.Event()
    ended: list[Finished] = []
    seen = Seen(on_line=lambda _: ready.set())
    thread = threading.Thread(target=lambda: ended.append(run(first, {}, [], Limits(), seen)))
    thread.start()
    assert ready.wait(20)
    with pytest.raises(ScriptError, match="second was not started: this process is running another script"):
        run(second, {}, [], Limits(), Seen())
    thread.join()
    assert len(ended) == 1
    assert with_argument(mark) == []
    scripts.run(second)


CALLER = """
import sys
from pathlib import Path
from ops_dashboard.scripts import Interpreter, Limits, read_script, run
from tests.scripts.running import is_subreaper, time_to_sleep, Seen
seen = Seen(on_line=lambda text: print(text, flush=True))
run(read_script(Path(sys.argv[1]), "script", Interpreter.SH), {}, [], Limits(), seen)
"""


def test_a_script_dies_with_the_process_that_runs_it(scripts: Scripts, mark: str) -> None:
    scripts.write(f"echo $$; exec sleep {mark}", SH)
    arguments = [sys.executable, "-c", CALLER, str(scripts.folder)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env={"TMPDIR": str(scripts.places)}) as caller:
        assert caller.stdout is not None
        pid = int(caller.stdout.readline())
        assert soon(lambda: pid in with_argument(mark))
        caller.kill()
    assert soon(lambda: not with_argument(mark))


def test_a_subreaper_stays_one(scripts: Scripts) -> None:
    library = ctypes.CDLL(None)
    library.prctl(36, 1, 0, 0, 0)
    try:
        scripts.run("true", SH)
        assert is_subreaper() == 1
    finally:
        library.prctl(36, 0, 0, 0, 0)


def test_orphans_that_end_during_the_run_are_let_go(scripts: Scripts) -> None:
    text = "for i in $(seq 30); do (sleep .01 &); done; sleep 1; ps -o stat= --ppid $PPID; true"
    scripts.run(text, SH)
    assert [line for line in scripts.seen.lines if line.startswith("Z")] == []


def test_an_exit_code_that_somebody_else_took_is_no_success(scripts: Scripts) -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with pytest.raises(ScriptError, match="has ended, but how is unknown"):
            scripts.run("exit 3", SH)
    finally:
        signal.signal(signal.SIGCHLD, before)
