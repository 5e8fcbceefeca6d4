"""Groups in groups: memberships are what follows from the direct ones."""

from __future__ import annotations

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ops_dashboard.directory import DirectoryGroup, DirectoryUser
from tests.support.company import load, memberships, snapshot


def closure(groups: dict[int, tuple[set[int], set[int]]]) -> set[tuple[int, int]]:
    """What memberships must be, said in Python: everybody in a group and in all that it reaches."""
    found = set()
    for group in groups:
        reached, todo = set(), [group]
        while todo:
            inner = todo.pop()
            if inner not in reached:
                reached.add(inner)
                todo.extend(groups[inner][1])
        found |= {(user, group) for inner in reached for user in groups[inner][0]}
    return found


GRAPHS = st.integers(1, 7).flatmap(
    lambda size: st.fixed_dictionaries(
        {
            group: st.tuples(st.sets(st.integers(0, 4), max_size=3), st.sets(st.integers(0, size - 1), max_size=4))
            for group in range(size)
        }
    )
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graphs=st.lists(GRAPHS, min_size=1, max_size=3))
def test_memberships_are_the_closure_of_any_graph_after_any_other(
    app_connection: psycopg.Connection, graphs: list[dict[int, tuple[set[int], set[int]]]]
) -> None:
    users = tuple(DirectoryUser(f"u-{n}", f"u{n}@example.com", f"User {n}", active=True) for n in range(5))
    for graph in graphs:
        groups = (
            DirectoryGroup(f"g-{n}", f"group {n}", tuple(f"u-{m}" for m in members), tuple(f"g-{m}" for m in inner))
            for n, (members, inner) in graph.items()
        )
        load(app_connection, snapshot(users, groups))
        expected = {(f"u{user}@example.com", f"group {group}") for user, group in closure(graph)}
        assert memberships(app_connection) == expected
        app_connection.commit()
