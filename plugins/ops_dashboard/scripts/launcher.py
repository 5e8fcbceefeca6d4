"""The program that starts a script: it limits itself, then turns into the script's interpreter.

It is a program of its own because the process that runs scripts may have threads: a function that is called between
fork and exec there may wait forever for a lock that some other thread held.

    python -I -S launcher.py PARENT CPU_SECONDS MEMORY_BYTES FILE_BYTES PROCESSES PROGRAM [ARGUMENT]...
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_FIRST_PID_NAMESPACE = 0xEFFFFFFC
_OPEN_FILES = 1024
_NOT_STARTED = 126  # as a shell has it


def main(arguments: list[str]) -> int:
    """Become the program that the arguments name; return only if that did not work."""
    parent, cpu_seconds, memory_bytes, file_bytes, processes = map(int, arguments[:5])
    command = arguments[5:]
    os.umask(0o077)
    _reset_signals()
    _die_with(parent)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if _can_count_processes():
        _limit(resource.RLIMIT_NPROC, _processes_of(os.getuid()) + processes)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, file_bytes)
    _limit(resource.RLIMIT_CPU, cpu_seconds, beyond=1)  # SIGXCPU, which tells why, and a second later SIGKILL
    _limit(resource.RLIMIT_AS, memory_bytes)  # the last: it holds for this program, too
    os.execv(command[0], command)  # noqa: S606 - no shell is what is wanted
    return _NOT_STARTED


def _reset_signals() -> None:
    # What is ignored or blocked stays so in the next program: Python ignores SIGPIPE and SIGXFSZ, and whoever started
    # this one may have ignored or blocked anything.
    for each in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with suppress(OSError):  # the C library keeps a few for itself
            signal.signal(each, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _die_with(parent: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before it could be asked for
        sys.exit(_NOT_STARTED)


def _can_count_processes() -> bool:
    """Tell whether a limit on processes means anything.

    The kernel counts all processes of the user, those in other containers of the machine too, and holds the limit
    against root in none of them. Where some cannot be seen, a limit would let the neighbours' processes keep this
    script from starting one. There, the container has its own limit, and whoever runs the script counts as well.
    """
    return os.getuid() != 0 and Path("/proc/self/ns/pid").stat().st_ino == _FIRST_PID_NAMESPACE


def _processes_of(user: int) -> int:
    """Count as the kernel does, which takes each thread for a process."""
    found = 0
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with suppress(OSError):  # it may be gone by now
                found += len(list((process / "task").iterdir())) if process.stat().st_uid == user else 0
    return found


def _limit(kind: int, value: int, beyond: int = 0) -> None:
    _, most = resource.getrlimit(kind)
    hard = value + beyond if most == resource.RLIM_INFINITY else min(value + beyond, most)
    resource.setrlimit(kind, (min(value, hard), hard))


def _prctl(option: int, value: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise OSError(ctypes.get_errno(), f"prctl {option}")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as failure:
        sys.stderr.write(f"the script could not be started: {failure}\n")
        sys.exit(_NOT_STARTED)
