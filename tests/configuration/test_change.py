"""Compare-and-set of a ConfigMap's key when things go wrong on the way, in every order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import cast

import pytest

from ops_dashboard.catalog import ConfigMapKey
from ops_dashboard.configuration import ChangedError, ConfigurationError, Stored, UncertainChangeError
from ops_dashboard.configuration.config_maps import ConfigMapApi, ConfigMapHome
from ops_dashboard.workers import ClusterDownError, WorkersError
from ops_dashboard.workers.errors import ConflictError, RejectedError

PLACE = ConfigMapKey(connection="cluster", namespace="ads", name="bidder-config", key="batch_size")
SEEN = Stored("100", "uid", "1", managers=("helm",))


class ConfigMap:
    """A ConfigMap that several clients change; `events` happen one before each look or patch."""

    def __init__(self, *events: Callable[[ConfigMap], None], seen: Stored = SEEN) -> None:
        self.state = seen
        self.patched = 0
        self.lose: Callable[[], WorkersError] | None = None
        self._events = list(events)

    def read(self, _place: ConfigMapKey) -> Stored:
        self._next()
        return self.state

    def patch(self, _place: ConfigMapKey, operations: list[dict[str, object]]) -> Stored:
        self._next()
        uid, test, change = operations
        text = None if test["path"] == "/data" and not self.state.has_neighbours else self.state.text
        if (uid["value"], test["value"]) != (self.state.uid, text):
            raise RejectedError("422")
        value = change["value"]
        self.set(
            cast("dict[str, str]", value)["batch_size"] if isinstance(value, dict) else str(value), "ops-dashboard"
        )
        self.patched += 1
        if self.lose:
            error, self.lose = self.lose(), None
            raise error
        return self.state

    def set(self, text: str | None, manager: str) -> None:
        self.state = Stored(text, self.state.uid, str(int(self.state.version) + 1), managers=(manager,))

    def _next(self) -> None:
        if self._events:
            self._events.pop(0)(self)


def down(*, sent: bool) -> ClusterDownError:
    return ClusterDownError("cluster", "https://cluster", "the connection broke", sent=sent, retry_after=0)


def lose_answer(config_map: ConfigMap) -> None:
    config_map.lose = lambda: down(sent=True)


def lose_request(_config_map: ConfigMap) -> None:
    raise down(sent=True)


def busy(_config_map: ConfigMap) -> None:
    raise down(sent=False)


def collide(_config_map: ConfigMap) -> None:
    raise ConflictError("409")


def nothing(_config_map: ConfigMap) -> None:
    pass


def set_to(text: str | None) -> Callable[[ConfigMap], None]:
    return lambda config_map: config_map.set(text, "kubectl")


def other_key(config_map: ConfigMap) -> None:
    config_map.set(config_map.state.text, "helm")


def created_anew(config_map: ConfigMap) -> None:
    config_map.state = Stored("100", "other uid", "9")


def change(config_map: ConfigMap, text: str = "200", seen: Stored = SEEN) -> None:
    api = cast("ConfigMapApi", config_map)
    ConfigMapHome(api, PLACE, "ads/batch-size", give_up_after=timedelta(seconds=1)).change(seen, text)


NO_VALUE = Stored(None, "uid", "1")
NO_DATA = Stored(None, "uid", "1", has_neighbours=False)
TROUBLES: list[list[Callable[[ConfigMap], None]]] = [
    [],
    [busy],
    [busy, nothing, busy],
    [collide],
    [lose_request],
    [lose_request, nothing, lose_request],
    [lose_answer],
    [lose_answer, lose_request],
    [lose_request, lose_request, lose_request],
]
OF_OTHERS: list[list[Callable[[ConfigMap], None]]] = [[other_key], [busy, other_key], [collide, other_key]]


@pytest.mark.parametrize(
    ("seen", "events"),
    [
        *((seen, events) for seen in (SEEN, NO_VALUE, NO_DATA) for events in TROUBLES),
        *((seen, events) for seen in (SEEN, NO_VALUE) for events in OF_OTHERS),
    ],
)
def test_a_change_takes_effect_exactly_once_whatever_gets_lost(
    seen: Stored, events: list[Callable[[ConfigMap], None]]
) -> None:
    config_map = ConfigMap(*events, seen=seen)

    change(config_map, seen=seen)

    assert (config_map.patched, config_map.state.text) == (1, "200")


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([set_to("7")], "from '100' to '7' by kubectl"),
        ([set_to("200")], "from '100' to '200' by kubectl"),
        ([set_to(None)], "from '100' to nothing by kubectl"),
        ([busy, set_to("7")], "from '100' to '7' by kubectl"),
        ([busy, set_to("200")], "from '100' to '200' by kubectl"),
        ([collide, set_to("7")], "from '100' to '7' by kubectl"),
        ([created_anew], "is again, '100'"),
    ],
    ids=["7", "the target", "removed", "busy, 7", "busy, the target", "collide, 7", "created anew"],
)
def test_a_change_by_somebody_else_is_never_overwritten(events: list[Callable[[ConfigMap], None]], told: str) -> None:
    config_map = ConfigMap(*events)

    with pytest.raises(ChangedError, match=rf"^ads/batch-size was changed .*{told} meanwhile$"):
        change(config_map)

    assert config_map.patched == 0


def test_a_change_that_landed_and_was_set_back_is_not_repeated() -> None:
    config_map = ConfigMap(lose_answer, set_to("100"))

    with pytest.raises(UncertainChangeError, match=r"^ads/batch-size may or may not have been set: .*is again, '100'"):
        change(config_map)

    assert (config_map.patched, config_map.state.text) == (1, "100")


def test_a_cluster_that_goes_away_for_good_after_the_request_leaves_it_uncertain() -> None:
    with pytest.raises(UncertainChangeError, match="may or may not have been set: the cluster of connection cluster"):
        change(ConfigMap(lose_answer, *[busy] * 10_000))


def test_a_cluster_that_was_never_reached_leaves_nothing_uncertain() -> None:
    config_map = ConfigMap(*[busy] * 10_000)

    with pytest.raises(ConfigurationError, match=r"^the cluster of connection cluster at https://cluster") as error:
        change(config_map)

    assert type(error.value) is ConfigurationError
    assert config_map.patched == 0


def test_a_rule_of_the_cluster_is_no_reason_to_try_again() -> None:
    refusals = []

    def refuse(_config_map: ConfigMap) -> None:
        refusals.append("refused")
        raise RejectedError("the ConfigMap is immutable")

    with pytest.raises(ConfigurationError, match=r"^the ConfigMap is immutable$"):
        change(ConfigMap(refuse, nothing, refuse))

    assert len(refusals) == 1


def test_a_key_is_escaped_in_the_patch() -> None:
    sent: list[list[dict[str, object]]] = []

    class Api:
        def patch(self, _place: ConfigMapKey, operations: list[dict[str, object]]) -> Stored:
            sent.append(operations)
            return SEEN

    place = PLACE.model_copy(update={"key": "a~b/c"})
    ConfigMapHome(cast("ConfigMapApi", Api()), place, "x").change(SEEN, "200")

    assert [operation["path"] for operation in sent[0]] == ["/metadata/uid", "/data/a~0b~1c", "/data/a~0b~1c"]
