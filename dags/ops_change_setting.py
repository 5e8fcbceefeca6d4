"""Change a setting: from the Settings page, this DAG's trigger form, or the REST API.

What a setting accepts is in the catalog; the task checks it, whichever way the run was triggered.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from ops_dashboard.acts import CHANGE_SETTING_DAG_ID
from ops_operators.dags import request_dag, suggestions
from ops_operators.settings import ChangeSettingOperator

# Airflow fails to hand a larger number to the task, which then can't put it on record.
_LARGEST = 2**63 - 1
# With an object among the types Airflow's form takes JSON, in which 200 is no text. No object is accepted.
_JSON: dict[str, Any] = {
    "type": ["object", "string", "number", "boolean"],
    "not": {"type": "object"},
    "minimum": -_LARGEST,
    "maximum": _LARGEST,
}

PARAMS = {
    "setting": Param(
        type="string",
        title="Setting",
        description="team/name",
        examples=suggestions(lambda catalog: catalog.settings),
    ),
    "value": Param(
        **_JSON,
        title="Value",
        description='as JSON: a text in quotes ("v2"), a number, true or false',
    ),
    "expected": Param(
        default=None,
        **{**_JSON, "type": ["null", "object", "string", "number", "boolean"]},
        title="Value you saw",
        description="optional, as JSON: the act is refused if the value is another by now",
    ),
    "expected_unset": Param(
        default=False,
        type="boolean",
        title="You saw no value",
        description="the act is refused if the setting has a value by now",
    ),
}

with request_dag(CHANGE_SETTING_DAG_ID, __doc__, PARAMS) as dag:
    ChangeSettingOperator(task_id="change")
