"""What a person may ask for: the values of one request, checked alike by page and task."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ops_dashboard.acts.grants import (
    CHANGE_GRANT_DAG_ID,
    ChangeGrantRequest,
    check_grant,
    find_revocable,
    grant_in_words,
)
from ops_dashboard.acts.requests import EXECUTED_BEFORE, MAX_REASON, ActRequest, RequestError, parse
from ops_dashboard.acts.scale import SCALE_DAG_ID, ScaleRequest, check_within_limits
from ops_dashboard.acts.settings import CHANGE_SETTING_DAG_ID, ChangeSettingRequest, check_setting
from ops_dashboard.acts.syncs import DECIDE_SYNC_DAG_ID, DecideSyncRequest

REQUESTS: Mapping[str, type[ActRequest]] = MappingProxyType(
    {
        SCALE_DAG_ID: ScaleRequest,
        CHANGE_GRANT_DAG_ID: ChangeGrantRequest,
        DECIDE_SYNC_DAG_ID: DecideSyncRequest,
        CHANGE_SETTING_DAG_ID: ChangeSettingRequest,
    }
)
"""By the DAG that carries them out."""

__all__ = [
    "CHANGE_GRANT_DAG_ID",
    "CHANGE_SETTING_DAG_ID",
    "DECIDE_SYNC_DAG_ID",
    "EXECUTED_BEFORE",
    "MAX_REASON",
    "REQUESTS",
    "SCALE_DAG_ID",
    "ActRequest",
    "ChangeGrantRequest",
    "ChangeSettingRequest",
    "DecideSyncRequest",
    "RequestError",
    "ScaleRequest",
    "check_grant",
    "check_setting",
    "check_within_limits",
    "find_revocable",
    "grant_in_words",
    "parse",
]
