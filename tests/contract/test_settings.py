"""Settings in ConfigMaps and restarts, as the product's service account."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from airflow.sdk.exceptions import AirflowFailException

from ops_dashboard.catalog import ConfigMapKey, WorkloadKind
from ops_dashboard.configuration import ChangedError, ConfigurationError
from ops_dashboard.configuration.config_maps import ConfigMapApi, ConfigMapHome, read_all
from ops_dashboard.ledger import Entry, Outcome
from ops_dashboard.workers import WorkersError, rollout
from ops_dashboard.workers.api import ClusterApi
from ops_dashboard.workers.kubernetes import KubernetesWorkers
from ops_operators.settings import ChangeSettingOperator, Waiting
from tests.support.acting import Run, perform, records
from tests.support.clusters.place import Place, eventually
from tests.support.company import grant, with_grants

Declares = Callable[..., None]
QUICK = Waiting(timedelta(seconds=60), timedelta(seconds=1))


def home(place: Place, key: str = "batch_size", name: str = "bidder-config") -> ConfigMapHome:
    where = ConfigMapKey(connection=place.connection, namespace=place.namespace, name=name, key=key)
    return ConfigMapHome(ConfigMapApi(place.connection), where, "ads/batch-size", give_up_after=timedelta(seconds=2))


@pytest.mark.parametrize("data", [{"batch_size": "100", "other": "x"}, {"other": "x"}, {}, None])
@pytest.mark.parametrize("key", ["batch_size", "batch.size", "-", ".data-like"])
def test_a_key_is_read_and_set_whatever_was_there(place: Place, data: dict[str, str] | None, key: str) -> None:
    place.create_config(data if data is None else {key if name == "batch_size" else name: data[name] for name in data})
    seen = home(place, key).read()

    home(place, key).change(seen, "200")

    assert seen.text == (data or {}).get("batch_size")
    others = {name: value for name, value in (data or {}).items() if name != "batch_size"}
    assert place.config()["data"] == {**others, key: "200"}
    assert home(place, key).read().managers == (("ops-dashboard",) if data else ())


@pytest.mark.parametrize("text", ["", "two\nlines\n", "ä → 🦉", '"quoted"', "x" * 2000])
def test_any_text_is_kept_as_it_is(place: Place, text: str) -> None:
    place.create_config({"batch_size": "100"})

    home(place).change(home(place).read(), text)

    assert place.config()["data"]["batch_size"] == home(place).read().text == text


@pytest.mark.parametrize(
    ("before", "meanwhile", "told"),
    [
        ({"batch_size": "100"}, {"batch_size": "150"}, "from '100' to '150' by kubectl"),
        ({"batch_size": "100"}, {"batch_size": "200"}, "from '100' to '200' by kubectl"),
        ({"batch_size": "100", "other": "x"}, {"batch_size": None}, "from '100' to nothing by an unknown client"),
        ({"batch_size": "100"}, {"batch_size": None}, "from '100' to nothing by an unknown client"),
        ({"other": "x"}, {"batch_size": "150"}, "from nothing to '150' by kubectl"),
        (None, {"batch_size": "150"}, "from nothing to '150' by an unknown client"),
        (None, {"other": "x"}, "changed while it was, or is again, nothing"),
    ],
)
def test_a_value_that_somebody_changed_meanwhile_is_left_alone(
    place: Place, before: dict[str, str] | None, meanwhile: dict[str, str | None], told: str
) -> None:
    place.create_config(before)
    seen = home(place).read()
    place.set_config(meanwhile)
    left = place.config().get("data")

    with pytest.raises(ChangedError, match=f"{told} meanwhile$"):
        home(place).change(seen, "200")

    assert place.config().get("data") == left


def test_a_change_of_another_key_is_no_reason_to_refuse(place: Place) -> None:
    place.create_config({"batch_size": "100"})
    seen = home(place).read()
    place.set_config({"other": "x"})

    home(place).change(seen, "200")

    assert place.config()["data"] == {"batch_size": "200", "other": "x"}


def test_a_config_map_that_was_created_anew_is_left_alone(place: Place) -> None:
    place.create_config({"batch_size": "100"})
    seen = home(place).read()
    path = f"/api/v1/namespaces/{place.namespace}/configmaps/bidder-config"
    assert place.cluster.request("DELETE", path).status == 200
    place.create_config({"batch_size": "100"})

    with pytest.raises(ChangedError):
        home(place).change(seen, "200")

    assert place.config()["data"] == {"batch_size": "100"}


@pytest.mark.beyond_the_simulator
def test_an_immutable_config_map_is_told(place: Place) -> None:
    place.create_config({"batch_size": "100"}, immutable=True)

    with pytest.raises(ConfigurationError, match="immutable"):
        home(place).change(home(place).read(), "200")


def test_what_does_not_exist_or_is_not_open_is_told(place: Place) -> None:
    with pytest.raises(ConfigurationError, match="has no configmaps bidder-config in namespace test-"):
        home(place).read()
    with pytest.raises(ConfigurationError, match="does not let its user get configmaps other in namespace test-"):
        home(place, name="other").read()
    with pytest.raises(ConfigurationError, match="has no configmaps bidder-config"):
        read_all(ConfigMapApi(place.connection), place.namespace, "bidder-config")


def admin(place: Place, monkeypatch: pytest.MonkeyPatch) -> KubernetesWorkers:
    """The product with more rights than it has: StatefulSets are restarted nowhere in the demo."""
    extra = {"kube_config": place.cluster.kubeconfig(place.cluster.admin_token)}
    monkeypatch.setenv("AIRFLOW_CONN_ALL_RIGHTS", json.dumps({"conn_type": "kubernetes", "extra": extra}))
    return KubernetesWorkers(ClusterApi("all_rights"), give_up_after=timedelta(seconds=2))


@pytest.mark.parametrize("kind", list(WorkloadKind))
@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_restart_replaces_every_pod(
    place: Place, monkeypatch: pytest.MonkeyPatch, kind: WorkloadKind, count: int
) -> None:
    workers, pool = admin(place, monkeypatch), place.create(kind, count, name="bidder")
    place.until_ready(pool, count)
    before = pods(place)
    workers.check_restartable(pool)

    workers.restart(pool)
    result = rollout.wait(
        workers, pool, None, timeout=timedelta(seconds=60), patience=timedelta(seconds=20), poll_seconds=0.1
    )

    assert result.ready == count
    assert len(pods(place)) == count
    assert not before & pods(place)
    annotations = place.workload(pool)["spec"]["template"]["metadata"]["annotations"]
    assert "kubectl.kubernetes.io/restartedAt" in annotations


def test_pods_that_a_restart_cures_are_no_reason_to_give_up(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a setting is put right: the old pods crash until the new ones are ready."""
    workers, pool = (
        admin(place, monkeypatch),
        place.create(WorkloadKind.DEPLOYMENT, 2, name="bidder", behaviour="crash"),
    )
    eventually(lambda: workers.progress(pool, 2).problem is not None)
    annotations = {"ops-test/behaviour": None, "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
    place.patch(pool, {"spec": {"template": {"metadata": {"annotations": annotations}}}})
    found = rollout.wait(workers, pool, None, timeout=timedelta(seconds=60), patience=timedelta(0), poll_seconds=0.1)
    assert found.ready == 2


@pytest.mark.parametrize(
    ("kind", "change", "told"),
    [
        (WorkloadKind.DEPLOYMENT, {"paused": True}, "its rollouts are paused"),
        (WorkloadKind.STATEFUL_SET, {"updateStrategy": {"type": "OnDelete", "rollingUpdate": None}}, "OnDelete"),
        (WorkloadKind.STATEFUL_SET, {"updateStrategy": {"rollingUpdate": {"partition": 2}}}, "below number 2"),
    ],
)
def test_what_would_not_restart_is_told_beforehand(
    place: Place, workers: KubernetesWorkers, kind: WorkloadKind, change: dict[str, Any], told: str
) -> None:
    pool = place.create(kind, 1, name="bidder")
    place.patch(pool, {"spec": change})

    with pytest.raises(WorkersError, match=f"{kind} bidder cannot be restarted: .*{told}"):
        workers.check_restartable(pool)


def pods(place: Place) -> set[str]:
    items = place.cluster.request("GET", f"/api/v1/namespaces/{place.namespace}/pods").document["items"]
    return {pod["metadata"]["uid"] for pod in items if "deletionTimestamp" not in pod["metadata"]}


@pytest.fixture
def declare(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Declares:
    """Make a catalog with one setting, ads/batch-size, in the place."""
    monkeypatch.setenv("AIRFLOW__OPS_DASHBOARD__CATALOG_FOLDER", str(tmp_path))

    def write(*, restart: bool = True) -> None:
        home = {"connection": place.connection, "namespace": place.namespace, "name": "bidder-config"}
        entry = {
            "title": "Batch size",
            "owner": "Ads",
            "value": {"type": "integer", "minimum": 1, "maximum": 1000},
            "config_map": {
                **home,
                "key": "batch_size",
                **({"restart": {"kind": "Deployment", "name": "bidder"}} if restart else {}),
            },
        }
        (tmp_path / "settings.yaml").write_text(yaml.safe_dump({"settings": {"ads/batch-size": entry}}))

    return write


@pytest.fixture
def may_set(at_work: psycopg.Connection) -> psycopg.Connection:
    return with_grants(at_work, grant("ads-oncall", "set:ads/*"))


def asking(value: object, **more: object) -> Run:
    return Run({"setting": "ads/batch-size", "value": value, "reason": "test", **more})


def failing(run: Run, connection: psycopg.Connection) -> Entry:
    """Perform what must fail, and return its record."""
    with pytest.raises(AirflowFailException):
        perform(ChangeSettingOperator(task_id="change", waiting=QUICK), run)
    (record,) = records(connection, run)
    return record


@pytest.mark.parametrize("restart", [True, False])
@pytest.mark.parametrize(
    ("data", "asked", "before"),
    [
        ({"batch_size": "100"}, {"expected": 100}, 100),
        ({"batch_size": "100"}, {}, 100),
        ({"batch_size": "many"}, {"expected": "many"}, "many"),
        ({"other": "x"}, {"expected_unset": True}, None),
        (None, {"expected_unset": True}, None),
        ({"batch_size": "200"}, {"expected": 200}, 200),
    ],
)
def test_a_value_is_set_its_workload_restarted_and_all_recorded(
    place: Place,
    may_set: psycopg.Connection,
    declare: Declares,
    restart: bool,
    data: dict[str, str] | None,
    asked: dict[str, object],
    before: object,
) -> None:
    declare(restart=restart)
    place.create_config(data)
    bidder = place.create(WorkloadKind.DEPLOYMENT, 2, name="bidder")
    place.until_ready(bidder, 2)
    old, run = pods(place), asking(200, **asked)

    ended = perform(ChangeSettingOperator(task_id="change", waiting=QUICK), run)

    assert ended == {"before": before, "after": 200, "ready": 2 if restart else None}
    assert place.config()["data"]["batch_size"] == "200"
    (record,) = records(may_set, run)
    assert (record.outcome, record.before, record.requested, record.after) == (Outcome.SUCCEEDED, before, 200, 200)
    assert (record.action, record.resource) == ("set", "ads/batch-size")
    assert bool(old & pods(place)) != restart


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"expected": 50}, "50 was seen before asking, but ads/batch-size was changed from 50 to 100 by somebody outside"),
    ({"expected": "100"}, "'100' was seen before asking, but ads/batch-size was changed from '100' to 100"),
    ({"expected_unset": True}, "ads/batch-size was seen without a value, but it is 100 now"),
    ({"value": 0}, "value: 0 is not accepted"),
    ({"value": "200"}, "value: '200' is not accepted"),
    ({"value": True}, "value: True is not accepted"),
    ({"setting": "ads/batch-sise"}, "did you mean ads/batch-size?"),
]


@pytest.mark.parametrize(("asked", "message"), REFUSED)
def test_what_is_not_as_it_was_seen_or_not_accepted_changes_nothing(
    place: Place, may_set: psycopg.Connection, declare: Declares, asked: dict[str, object], message: str
) -> None:
    declare(restart=False)
    place.create_config({"batch_size": "100"})

    record = failing(asking(**{"value": 200, **asked}), may_set)

    assert record.outcome is Outcome.REFUSED
    assert message in str(record.message)
    assert place.config()["data"] == {"batch_size": "100"}


def test_what_cannot_be_restarted_is_not_set(place: Place, may_set: psycopg.Connection, declare: Declares) -> None:
    declare()
    place.create_config({"batch_size": "100"})

    record = failing(asking(200), may_set)

    assert (record.outcome, record.started_at) == (Outcome.FAILED, None)
    assert "has no deployments bidder" in str(record.message)
    assert "nothing was changed" in str(record.message)
    assert place.config()["data"] == {"batch_size": "100"}


def test_a_restart_that_gets_stuck_fails_with_the_cause_and_the_value_is_set(
    place: Place, may_set: psycopg.Connection, declare: Declares
) -> None:
    declare()
    place.create_config({"batch_size": "100"})
    bidder = place.create(WorkloadKind.DEPLOYMENT, 2, name="bidder")
    place.until_ready(bidder, 2)
    place.patch(bidder, {"spec": {"template": {"metadata": {"annotations": {"ops-test/behaviour": "image"}}}}})

    record = failing(asking(200), may_set)

    assert (record.outcome, record.after) == (Outcome.FAILED, 200)
    assert "the value was set, but restarting Deployment bidder:" in str(record.message)
    assert "pull" in str(record.message)
    assert place.config()["data"] == {"batch_size": "200"}


def test_a_setting_without_its_config_map_is_not_started(
    place: Place, may_set: psycopg.Connection, declare: Declares
) -> None:
    declare(restart=False)

    record = failing(asking(200), may_set)

    assert (record.outcome, record.started_at) == (Outcome.FAILED, None)
    assert "has no configmaps bidder-config" in str(record.message)
