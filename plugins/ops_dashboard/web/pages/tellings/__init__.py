"""How a run reads on its page and in lists, for each kind of act."""

from __future__ import annotations

from collections.abc import Mapping

from ops_dashboard.acts import (
    CANCEL_RUN_DAG_ID,
    CHANGE_GRANT_DAG_ID,
    CHANGE_SETTING_DAG_ID,
    DAG_PREFIX,
    DECIDE_SYNC_DAG_ID,
    SCALE_DAG_ID,
)
from ops_dashboard.web.pages.tellings.base import Telling
from ops_dashboard.web.pages.tellings.grants import GrantTelling
from ops_dashboard.web.pages.tellings.operations import CancelTelling, OperationTelling
from ops_dashboard.web.pages.tellings.scaling import ScalingTelling
from ops_dashboard.web.pages.tellings.settings import SettingTelling
from ops_dashboard.web.pages.tellings.syncs import SyncTelling

_TELLINGS: Mapping[str, Telling] = {
    SCALE_DAG_ID: ScalingTelling(),
    CHANGE_GRANT_DAG_ID: GrantTelling(),
    DECIDE_SYNC_DAG_ID: SyncTelling(),
    CANCEL_RUN_DAG_ID: CancelTelling(),
    CHANGE_SETTING_DAG_ID: SettingTelling(),
}
_OPERATION = OperationTelling()
_ANY = Telling()


def telling_of(dag_id: str) -> Telling:
    """How the runs of a DAG read; those of one that is no longer there in plain words."""
    return _TELLINGS.get(dag_id, _OPERATION if dag_id.startswith(DAG_PREFIX) else _ANY)


__all__ = ["Telling", "telling_of"]
