"""Change a setting, and restart what has to start anew to see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ops_dashboard import configuration, workers
from ops_dashboard.acts import ChangeSettingRequest, check_setting
from ops_dashboard.catalog import CatalogError, Setting, UnknownSettingError
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.configuration import home_of, restart_target, to_text
from ops_dashboard.text import shown
from ops_dashboard.workers import kubernetes, rollout
from ops_operators.guarded import GuardedOperator
from ops_operators.steps import Attempt, Effect, Observation
from ops_operators.verdicts import FailedError, RefusedError, UncertainError

if TYPE_CHECKING:
    from ops_dashboard.configuration import RestartTarget, Stored

# Reading and setting are quick; the record may say `running` a little longer than the rollout may take.
_MARGIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a rollout is watched.

    Attributes:
        timeout: How long it may take.
        patience: How long a cause that will not go away by waiting is watched before giving up.
    """

    timeout: timedelta = timedelta(minutes=10)
    patience: timedelta = timedelta(seconds=20)


class ChangeSettingOperator(GuardedOperator[ChangeSettingRequest, "Stored"]):
    """Give a setting another value; if the catalog says so, restart its workload and wait until that is ready.

    Args:
        waiting: How the restart is watched.
    """

    request_model = ChangeSettingRequest

    def __init__(self, *, waiting: Waiting = Waiting(), **kwargs: Any) -> None:
        super().__init__(time_limit=waiting.timeout + _MARGIN, **kwargs)
        self.waiting = waiting

    def check(self, request: ChangeSettingRequest) -> None:
        """The setting is in the catalog, and its schema accepts the value."""
        check_setting(_setting(request.setting), request)

    def observe(self, request: ChangeSettingRequest) -> Observation[Stored]:
        """Read the value, and make sure that what has to be restarted can be."""
        setting = _setting(request.setting)
        try:
            stored = home_of(setting).read()
            if target := restart_target(setting):
                kubernetes.for_connection(target.connection).check_restartable(target)
        except (configuration.ConfigurationError, workers.WorkersError) as error:
            raise FailedError(f"{error}; nothing was changed") from error
        value = configuration.current(setting.value, stored.text).value
        if request.expected_unset and value is not None:
            raise RefusedError(
                f"{setting.name} was seen without a value, but it is {shown(value)} now; look again and decide"
            )
        return Observation(value, stored)

    def act(self, request: ChangeSettingRequest, seen: Stored, attempt: Attempt) -> Effect:
        """Compare and set, then restart."""
        setting = _setting(request.setting)
        try:
            home_of(setting).change(seen, to_text(request.value))
        except configuration.ChangedError as error:
            raise RefusedError(f"{error}; nothing was changed") from error
        except configuration.UncertainChangeError as error:
            raise UncertainError(str(error)) from error
        except configuration.ConfigurationError as error:
            raise FailedError(str(error)) from error
        attempt.changed(request.value)
        self.log.info("Set %s to %s", setting.name, shown(request.value))
        target = restart_target(setting)
        return Effect(request.value, ready=self._restart(target) if target else None)

    def _restart(self, target: RestartTarget) -> int:
        cluster = kubernetes.for_connection(target.connection)
        try:
            cluster.restart(target)
        except workers.RestartUncertainError as error:
            raise FailedError(f"the value was set, and {error}") from error
        except workers.WorkersError as error:
            raise FailedError(f"the value was set, but {target} was not restarted: {error}") from error
        self.log.info("Restarting %s", target)
        try:
            result = rollout.wait(cluster, target, None, timeout=self.waiting.timeout, patience=self.waiting.patience)
        except rollout.RolloutFailedError as error:
            raise FailedError(f"the value was set, but restarting {target}: {error}", ready=error.ready) from error
        except workers.WorkersError as error:
            raise FailedError(f"the value was set and {target} restarted, but then: {error}") from error
        return result.ready


def _setting(name: str) -> Setting:
    try:
        return current_catalog().setting(name)
    except UnknownSettingError as error:
        raise RefusedError(f"setting: {error}") from error
    except CatalogError as error:
        raise RefusedError(f"the catalog has mistakes, so nothing can be operated: {error}") from error
