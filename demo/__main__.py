"""`make demo`: run the whole product on this machine until Ctrl-C.

PORT chooses the web port (default 8080). KUBECONFIG uses a real cluster, with deploy/demo-workloads.yaml applied.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

import httpx

from demo import warmup
from demo.accounts import ACCOUNTS, PASSWORD
from demo.environment import REPOSITORY, Home
from demo.stack import Progress, Stack

_DEFAULT_PORT = "8080"
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(folder: Path = REPOSITORY / ".demo") -> int:
    """Start, wait for Ctrl-C, stop; the exit code is 0 unless something broke.

    Args:
        folder: Where all state is kept.
    """
    home = Home(folder)
    home.folder.mkdir(exist_ok=True)
    try:
        port = _web_port()
        kubeconfig = _kubeconfig()
    except ValueError as error:
        return _complain(error)
    with (home.folder / "url").open("a+") as url_file:
        if not _is_first(url_file):
            url_file.seek(0)
            return _point_to(url_file.read().strip())
        if _is_taken(port):
            return _complain(f"PORT={port} is in use by another program; choose another: make demo PORT=8090")
        stack = Stack(home, port, kubeconfig=kubeconfig, progress=_progress_printer())
        url_file.truncate(0)
        url_file.write(stack.url)
        url_file.flush()
        return _run(stack)


def _point_to(url: str) -> int:
    if url and _is_taken(urlsplit(url).port or 0):
        print(f"The demo is already running; stop it with Ctrl-C to use another port.\nReady: {url}", flush=True)
    else:
        print(f"The demo is already starting at {url}; its own terminal tells when it is ready.", flush=True)
    return 0


def _run(stack: Stack) -> int:
    # `kill` and a closed terminal must stop the children as Ctrl-C does. SIGINT too is set: a shell that starts a
    # program in the background has it ignored, and what is ignored here is also ignored by all children.
    for number in _STOPPING:
        signal.signal(number, signal.default_int_handler)
    try:
        stack.start()
        warmup.load_company(stack)
        warmup.visit_pages(stack)
        _welcome(stack)
        while True:
            time.sleep(1)
            stack.check()
    except KeyboardInterrupt:
        # A second Ctrl-C must not leave half of it running.
        for number in _STOPPING:
            signal.signal(number, signal.SIG_IGN)
        print("\nStopping…", flush=True)
        return 0
    except (RuntimeError, TimeoutError, httpx.HTTPError) as error:
        return _complain(error)
    finally:
        stack.stop()


def _welcome(stack: Stack) -> None:
    width = max(len(account.email) for account in ACCOUNTS)
    print(f"\nLogins (password: {PASSWORD}):")
    for account in ACCOUNTS:
        print(f"  {account.email:<{width}}  {account.what}")
    print(f"Open Operations in the menu, or {stack.url}/plugin/operations; Ctrl-C stops the demo.")
    print(f"Ready: {stack.url}", flush=True)


def _progress_printer() -> Progress:
    begun = time.monotonic()

    def show(step: str) -> None:
        print(f"[{time.monotonic() - begun:4.0f} s] {step}", flush=True)

    return show


def _web_port() -> int:
    text = os.environ.get("PORT") or _DEFAULT_PORT
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ValueError(f"PORT={text!r} is not accepted; give a TCP port, 1 to 65535")
    return int(text)


def _kubeconfig() -> Path | None:
    text = os.environ.get("KUBECONFIG")
    if not text:
        return None
    path = Path(text).expanduser().resolve()
    if not path.is_file():
        raise ValueError(f"KUBECONFIG={text!r} is not accepted; give the path of one kubeconfig file, or unset it")
    return path


def _is_first(lock_file: TextIO) -> bool:
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _complain(message: object) -> int:
    print(f"make demo: {message}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
