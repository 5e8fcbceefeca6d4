"""`make demo` as a person meets it: started twice, with a bad port, stopped with Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from demo.processes import Child
from demo.stack import free_port

# As a shell without job control does with what it starts in the background.
BACKGROUND = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
MAIN = "import sys; from pathlib import Path; from demo.__main__ import main; sys.exit(main(Path(sys.argv[1])))"


def start(folder: Path, before: str = "", **environment: str) -> subprocess.Popen[str]:
    """Start a demo with its state in a folder of the test's own."""
    return subprocess.Popen(
        [sys.executable, "-c", before + MAIN, str(folder)],
        env={**os.environ, "KUBECONFIG": "", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def words(program: subprocess.Popen[str]) -> str:
    output, _ = program.communicate(timeout=60)
    return output


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"PORT": "abc"}, "PORT='abc' is not accepted; give a TCP port"),
        ({"PORT": "0"}, "PORT='0' is not accepted"),
        ({"PORT": "65536"}, "PORT='65536' is not accepted"),
        ({"PORT": "٨٠"}, "is not accepted"),
        ({"KUBECONFIG": "/no/such/file"}, "KUBECONFIG='/no/such/file' is not accepted"),
    ],
)
def test_a_bad_setting_is_refused_with_what_is_accepted(
    tmp_path: Path, environment: dict[str, str], message: str
) -> None:
    program = start(tmp_path, **environment)
    assert message in words(program)
    assert program.returncode == 1


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        program = start(tmp_path, PORT=str(port))
        assert f"PORT={port} is in use" in words(program)
    assert program.returncode == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_stopped_in_the_background_too(tmp_path_factory: pytest.TempPathFactory, number: signal.Signals) -> None:
    with start(tmp_path_factory.mktemp("demo"), BACKGROUND, PORT=str(free_port())) as program:
        assert program.stdout is not None
        assert any("preparing the databases" in line for line in program.stdout)
        family = psutil.Process(program.pid).children(recursive=True)
        program.send_signal(number)
        assert program.wait(60) == 0
        _, alive = psutil.wait_procs(family, timeout=30)
        assert alive == []


@pytest.mark.stack
def test_it_starts_once_says_where_and_stops_without_a_trace(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("demo")
    port = free_port()
    with start(folder, PORT=str(port)) as program:
        assert program.stdout is not None
        said = []
        for line in program.stdout:
            said.append(line)
            if line.startswith("Ready:"):
                break
        assert said[-1] == f"Ready: http://localhost:{port}\n", "".join(said)
        assert any("oncall@ads.example.com" in line for line in said)

        second = start(folder, PORT=str(free_port()))
        said_second = words(second)
        assert "already running" in said_second
        assert f"Ready: http://localhost:{port}" in said_second
        assert second.returncode == 0

        family = psutil.Process(program.pid).children(recursive=True)
        assert len(family) >= 5
        program.send_signal(signal.SIGINT)
        assert program.wait(60) == 0
        _, alive = psutil.wait_procs(family, timeout=10)
        assert alive == []


def test_a_child_that_outlived_its_demo_is_ended_by_the_next(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "import time; time.sleep(600)"]
    forgotten = Child("sleeper", argv, dict(os.environ), tmp_path)
    forgotten.start()
    left = psutil.Process(int((tmp_path / "sleeper.pid").read_text().split()[0]))
    following = Child("sleeper", argv, dict(os.environ), tmp_path)
    following.start()
    try:
        assert left.wait(10) is not None or not left.is_running()
    finally:
        forgotten.stop()
        following.stop()


def test_a_child_that_ends_by_itself_is_told_with_its_last_words(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "print('no such thing'); raise SystemExit(3)"]
    child = Child("failing", argv, dict(os.environ), tmp_path)
    child.start()
    assert child.process is not None
    child.process.wait(10)
    with pytest.raises(RuntimeError, match=r"(?s)failing ended with code 3.*no such thing"):
        child.check()
    child.stop()
