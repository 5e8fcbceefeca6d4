"""Give a group a grant, or revoke one: from the Access page, this DAG's trigger form, or the REST API.

Whoever asks must be allowed to manage the action: `manage:grants/scale/ads/*` to give or revoke `scale:ads/*` and what
is narrower, `manage:grants` for all. Grants that the catalog declares are changed in Git.
"""

from __future__ import annotations

from airflow.sdk import Param

from ops_dashboard.acts import CHANGE_GRANT_DAG_ID
from ops_operators.dags import request_dag
from ops_operators.grants import ChangeGrantOperator

COUNT = {"type": ["null", "integer"], "minimum": 0}
PARAMS = {
    "change": Param(type="string", title="Change", enum=["grant", "revoke"]),
    "group": Param(
        type="string", title="Group", minLength=1, description="as the company directory names it, such as ads-oncall"
    ),
    "action": Param(
        type="string",
        title="Action",
        minLength=1,
        description="what the group may do, such as scale:ads/bidder, or scale:ads/* where * stands for any text",
    ),
    "limits": Param(
        default=None,
        type=["null", "object"],
        title="Limits",
        description='for a grant, optional: {"min": 1, "max": 20, "max_change": 5}',
        properties={"min": COUNT, "max": COUNT, "max_change": {**COUNT, "minimum": 1}},
        additionalProperties=False,
    ),
    "expires_at": Param(
        default=None,
        type=["null", "string"],
        format="date-time",
        title="Until",
        description="for a grant, optional: when it ends by itself",
    ),
    "grant_id": Param(
        default=None,
        type=["null", "integer"],
        minimum=1,
        title="Number",
        description="for a revocation, if there is more than one grant of the group and action",
    ),
}

with request_dag(CHANGE_GRANT_DAG_ID, __doc__, PARAMS) as dag:
    ChangeGrantOperator(task_id="change")
