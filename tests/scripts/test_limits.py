"""What a script gets of this process and of the machine: little, and the same each time."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from ops_dashboard.scripts import Interpreter, ScriptError, ScriptFailedError, TooManyProcessesError, launcher
from tests.scripts.running import BASH, PYTHON, SH, Scripts

MIB = 2**20


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


def failure(scripts: Scripts, text: str, interpreter: Interpreter = PYTHON, **limits: Any) -> ScriptFailedError:
    with pytest.raises(ScriptFailedError) as caught:
        scripts.run(text, interpreter, **limits)
    return caught.value


ENVIRONMENT = """
import json, os
with open(os.environ["OPS_RESULT"], "w") as file:
    json.dump(dict(os.environ), file)
"""


@pytest.mark.attack("CVE-2016-3721", then="a fixed environment: nothing of Airflow's, nothing that was given")
def test_the_environment_is_fixed(scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "secret")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("BASH_ENV", "/somewhere")
    values = {"LD_PRELOAD": "/tmp/evil.so", "PATH": "/tmp", "PYTHONSTARTUP": "x"}
    result = scripts.run(ENVIRONMENT, values=values, arguments=["LD_PRELOAD=x"]).result
    assert isinstance(result, dict)
    home = str(result["HOME"])
    assert result == {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": home,
        "TMPDIR": home,
        "OPS_RESULT": f"{home}/.ops-result.json",
    } | {key: value for key, value in result.items() if key == "LC_CTYPE"}  # Python's own, for its children
    assert Path(home).parent == scripts.places


@pytest.mark.attack("CVE-2016-3721", then="a fixed environment: nothing of Airflow's")
def test_a_shell_gets_nothing_else_either(scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    scripts.run("env | cut -d= -f1 | sort", SH)
    assert set(scripts.seen.lines) <= {"HOME", "LANG", "OPS_RESULT", "PATH", "PWD", "TMPDIR", "OLDPWD", "_", "SHLVL"}


def test_the_place(scripts: Scripts) -> None:
    scripts.run('stat -c "%a %n" "$PWD" "$0"; touch x; stat -c %a x; umask; [ "$PWD" = "$HOME" ] && ls', SH)
    folder, script, *others = scripts.seen.lines
    assert folder.startswith(f"700 {scripts.places}/")
    assert script == f"500 {folder.removeprefix('700 ')}/script"
    assert others == ["600", "0077", "script", "x"]


def test_a_script_in_a_folder_runs_under_its_own_name(scripts: Scripts) -> None:
    (scripts.folder / "ads").mkdir()
    scripts.run(scripts.write('echo "${0##*/}"', SH, "ads/rebuild.sh"))
    assert scripts.seen.lines == ["rebuild.sh"]


_C_LIBRARYS_OWN = 1 << 31 | 1 << 32  # signals 32 and 33: no program can set them, and make ignores them


def test_the_limits(scripts: Scripts) -> None:
    command = "ulimit -c -n -t -f -v; grep -E '^(SigBlk|SigIgn|NoNewPrivs)' /proc/self/status; ls /proc/self/fd | wc -l"
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    try:
        scripts.run(command, BASH, seconds=9, grace_seconds=1, file_bytes=MIB, memory_bytes=999 * MIB)
    finally:
        signal.signal(signal.SIGUSR2, signal.SIG_DFL)
    found = [line.split()[-1] for line in scripts.seen.lines]
    assert found[:5] == ["0", "1024", str(10 * (os.cpu_count() or 1)), "1024", str(999 * 1024)]
    blocked, ignored, is_bound = (int(each, 16) for each in found[5:8])
    assert (blocked, ignored & ~_C_LIBRARYS_OWN, is_bound) == (0, 0, 1)
    assert found[8] == "4"  # input, both outputs, and the folder that ls reads


@pytest.mark.attack("CVE-2021-20253", then="it has no file of the worker's open")
def test_descriptors_of_this_process_are_not_inherited(scripts: Scripts, tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        scripts.run("ls -l /proc/self/fd", SH)
    assert "secret" not in "".join(scripts.seen.lines)


def test_python_is_isolated_and_unbuffered(scripts: Scripts) -> None:
    text = """
import sys
print(sys.executable, sys.flags.isolated, sys.flags.safe_path, sys.flags.no_user_site, sys.stdout.write_through)
try:
    import script
except ImportError:
    print("its own folder is not searched")
"""
    scripts.run(text)
    assert scripts.seen.lines == [f"{sys.executable} 1 True 1 True", "its own folder is not searched"]


@pytest.mark.parametrize("interpreter", Interpreter)
def test_interpreters_are_absolute(interpreter: Interpreter) -> None:
    assert Path(interpreter.argv[0]).is_absolute()
    assert os.access(interpreter.argv[0], os.X_OK)


def test_bash_reads_no_profile(scripts: Scripts) -> None:
    scripts.run("shopt -q login_shell || echo no login; echo $-; set -o | grep posix", BASH)
    assert scripts.seen.lines[0] == "no login"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("exit 3", 3, "script failed with exit code 3"),
        ("exit 255", 255, "exit code 255"),
        ("kill -SEGV $$", -signal.SIGSEGV, "script was killed by SIGSEGV"),
        ("kill -KILL $$", -signal.SIGKILL, "killed by SIGKILL: maybe the machine"),
        ("kill -TERM $$", -signal.SIGTERM, "killed by SIGTERM"),
        ("kill -40 $$", -40, "killed by signal 40"),
        ("nonsense_command", 127, "exit code 127"),
    ],
)
def test_a_failure_tells_how_the_script_ended(scripts: Scripts, text: str, code: int, message: str) -> None:
    error = failure(scripts, text, SH)
    assert error.exit_code == code
    assert message in str(error)


@pytest.mark.attack(then="ended by its limit of file size")
def test_a_file_may_not_grow_beyond_the_limit(scripts: Scripts) -> None:
    text = "head -c 1048577 /dev/zero > big; echo $? $(stat -c %s big)"
    scripts.run(text, BASH, file_bytes=MIB)
    assert scripts.seen.lines[-1] == f"{128 + signal.SIGXFSZ} {MIB}"
    error = failure(scripts, "printf '%2000000s' x > big", BASH, file_bytes=MIB)
    assert str(error) == "script was killed by SIGXFSZ: it wrote a file larger than it may"


@pytest.mark.attack(then="ended by its limit of memory")
def test_memory_is_bounded(scripts: Scripts) -> None:
    error = failure(scripts, "kept = bytearray(300 * 2**20)", memory_bytes=200 * MIB)
    assert error.exit_code == 1
    assert scripts.seen.lines[-1] == "MemoryError"


def test_a_program_that_needs_more_memory_than_it_may_have_is_a_failure(scripts: Scripts) -> None:
    assert failure(scripts, "true", SH, memory_bytes=MIB).exit_code != 0


def test_processor_time_is_bounded_should_nobody_watch() -> None:
    numbers = [str(os.getpid()), "1", str(2**32), str(MIB), "9"]
    command = ["/bin/sh", "-c", "while :; do :; done"]
    pid = os.posix_spawn(sys.executable, [sys.executable, "-IS", launcher.__file__, *numbers, *command], {})
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGXCPU


@pytest.mark.attack(then="ended: it started more processes than it may")
def test_too_many_processes_end_the_script(scripts: Scripts) -> None:
    text = "for i in $(seq 60); do setsid sleep 1000 & done; wait"
    with pytest.raises(TooManyProcessesError, match="it started more than 40 processes"):
        scripts.run(text, BASH, processes=40)


@pytest.mark.attack(then="ended: it started more processes than it may")
def test_a_fork_bomb_ends(scripts: Scripts) -> None:
    text = "bomb() { [ $1 -gt 8 ] && sleep 1000; bomb $(($1 + 1)) & bomb $(($1 + 1)) & wait; }; bomb 0"
    with pytest.raises(TooManyProcessesError, match="it started more than 50 processes"):
        scripts.run(text, BASH, processes=50)


def test_the_kernel_counts_each_thread_as_a_process() -> None:
    before = launcher._processes_of(os.getuid())
    over = threading.Event()
    threads = [threading.Thread(target=over.wait) for _ in range(50)]
    for thread in threads:
        thread.start()
    try:
        assert 30 < launcher._processes_of(os.getuid()) - before < 200
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_a_program_that_is_missing_is_told(scripts: Scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ScriptError, match="script could not be started: No such file or directory"):
        scripts.run("print(1)")


def test_the_launcher_tells_what_kept_it_from_starting_a_script(capfd: pytest.CaptureFixture[str]) -> None:
    numbers = [str(os.getpid()), "9", str(2**32), str(MIB), "9"]
    arguments = [sys.executable, "-IS", launcher.__file__, *numbers, "/nowhere/bash"]
    pid = os.posix_spawn(sys.executable, arguments, {})
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 126
    assert "could not be started: [Errno 2]" in capfd.readouterr().err
