"""How fast a large directory is applied and a right is decided, each beside a yardstick in the same run.

- apply: a snapshot of a million memberships into an empty database, beside a plain COPY of the same rows; then the
  same snapshot again, which changes nothing
- decide: the decision function at 20,000 users, 240,000 memberships and 10,000 grants, beside a look-up by primary key
  on the same connection, and beside pycasbin with the same grants; alone, and while another process syncs all the
  time. Half of the questions are about something that a group of the person's may do.

EDGES=n and CALLS=n make it smaller. The last line is
`apply_ratio <x> decision_p95_ms <y> decision_ratio <z>`: the apply's time by the COPY's, the decision's 95th
percentile, and that by the look-up's.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import LiteralString

import psycopg

from bench import casbin_grants
from bench.company import Size, apply, fresh_database, fresh_servers, grants, load_grants, snapshot
from demo.postgres import Postgres
from ops_dashboard.database import connect_url
from ops_dashboard.directory import Snapshot

_ROUNDS = 5
_COMPANY = Size(users=20_000, groups=2_000, memberships=240_000, grants=10_000)
_MOVED = 2_000

_DECIDE = "SELECT * FROM ops.decide(%s, %s, 9, 6)"
_LOOK_UP = "SELECT * FROM ops.users WHERE user_id = %s"


def main() -> int:
    """Measure and print."""
    edges = int(os.environ.get("EDGES", "1000000"))
    calls = int(os.environ.get("CALLS", "5000"))
    with fresh_servers() as server:
        apply_ratio = _measure_apply(server, edges)
        decision_p95, decision_ratio = _measure_decisions(server, calls)
    print(f"apply_ratio {apply_ratio:.2f} decision_p95_ms {decision_p95:.2f} decision_ratio {decision_ratio:.2f}")
    return 0


def _measure_apply(server: Postgres, edges: int) -> float:
    found = snapshot(Size(users=max(50, edges // 20), groups=max(5, edges // 100), memberships=edges))
    print(f"== a snapshot of {edges} memberships", flush=True)
    copies, applies, repeats = [], [], []
    for number in range(_ROUNDS):
        name = f"apply_{number}"
        with connect_url(fresh_database(server, name)) as connection:
            copies.append(_timed(partial(_copy, server.url(name), found)))
            applies.append(_timed(partial(apply, connection, found)))
            repeats.append(_timed(partial(apply, connection, found)))
        print(f"  copy {copies[-1]:6.2f} s  apply {applies[-1]:6.2f} s  no change {repeats[-1]:6.2f} s", flush=True)
        server.run("DROP DATABASE {}", name)
    return statistics.median(applies) / statistics.median(copies)


def _copy(url: str, found: Snapshot) -> None:
    with connect_url(url) as connection:
        connection.execute("CREATE TABLE public.copied (user_id text, group_id text)")
        with connection.cursor().copy("COPY public.copied FROM STDIN") as copy:
            for group in found.groups.entries:
                for user in group.member_users:
                    copy.write_row((user, group.external_id))


def _measure_decisions(server: Postgres, calls: int) -> tuple[float, float]:
    url = fresh_database(server, "decide")
    wanted = grants(_COMPANY)
    print(f"== {_COMPANY.users} users, {_COMPANY.memberships} memberships, {_COMPANY.grants} grants", flush=True)
    with connect_url(url) as connection:
        apply(connection, snapshot(_COMPANY))
        load_grants(connection, wanted)
        with connect_url(server.url("decide")) as owner:
            owner.autocommit = True
            owner.execute("ANALYZE")
        questions = _questions(connection, calls)
        connection.commit()
        alone = _ask(connection, questions)
        with _syncing(url):
            beside = _ask(connection, questions)
    _print("look-up", alone["look-up"])
    _print("decide", alone["decide"])
    _print("look-up while syncing", beside["look-up"])
    _print("decide while syncing", beside["decide"])
    disturbed = _percentile(beside["decide"], 99) / _percentile(alone["decide"], 99)
    print(f"  p99 of decide while syncing by p99 alone: {disturbed:.2f}")
    _print("pycasbin", casbin_grants.measure(snapshot(_COMPANY), wanted, questions[:30]))
    p95 = _percentile(alone["decide"], 95)
    return p95, p95 / _percentile(alone["look-up"], 95)


def _questions(connection: psycopg.Connection, calls: int) -> list[tuple[str, str]]:
    chance = random.Random(2)
    allowed = connection.execute(
        "SELECT users.email, replace(grants.action, '*', 'x') FROM ops.grants"
        " JOIN ops.groups ON groups.name = grants.group_name JOIN ops.direct_members USING (group_id)"
        " JOIN ops.users USING (user_id) ORDER BY md5(users.email || grants.action) LIMIT %s",
        [calls // 2],
    ).fetchall()
    others = [
        (f"person{chance.randrange(_COMPANY.users)}@example.com", f"scale:team{chance.randrange(1000)}/role")
        for _ in range(calls - len(allowed))
    ]
    questions = [*((email, action) for email, action in allowed), *others]
    chance.shuffle(questions)
    return questions


def _ask(connection: psycopg.Connection, questions: list[tuple[str, str]]) -> dict[str, list[float]]:
    """Decide and look up in turn, so that the machine's noise hits both alike; milliseconds."""
    connection.autocommit = True
    found: dict[str, list[float]] = {"decide": [], "look-up": []}
    for number, question in enumerate(questions):
        found["decide"].append(1000 * _timed(partial(_fetch, connection, _DECIDE, question)))
        found["look-up"].append(1000 * _timed(partial(_fetch, connection, _LOOK_UP, (number + 1,))))
    connection.autocommit = False
    return {name: times[len(times) // 10 :] for name, times in found.items()}  # the first tenth warms up


def _fetch(connection: psycopg.Connection, query: LiteralString, values: tuple[object, ...]) -> object:
    return connection.execute(query, values).fetchone()


@contextmanager
def _syncing(url: str) -> Iterator[None]:
    """Sync all the time, in a process of its own, each time with other memberships."""
    stop = multiprocessing.Event()
    started = multiprocessing.Event()
    process = multiprocessing.Process(target=_sync_until, args=(url, started, stop))
    process.start()
    started.wait()
    yield
    stop.set()
    process.join()


def _sync_until(url: str, started: multiprocessing.synchronize.Event, stop: multiprocessing.synchronize.Event) -> None:
    versions = [snapshot(_COMPANY, moved=_MOVED), snapshot(_COMPANY)]
    runs = 0
    with connect_url(url) as connection:
        while not stop.is_set():
            started.set()
            apply(connection, versions[runs % 2])
            runs += 1
    print(f"  {runs} syncs of {_MOVED} changed memberships meanwhile", flush=True)


def _timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def _percentile(times: list[float], percent: int) -> float:
    return statistics.quantiles(times, n=100)[percent - 1]


def _print(name: str, times: list[float]) -> None:
    p50, p95, p99 = (_percentile(times, percent) for percent in (50, 95, 99))
    print(f"  {name:>22}: p50 {p50:7.3f} ms, p95 {p95:7.3f} ms, p99 {p99:7.3f} ms, of {len(times)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
