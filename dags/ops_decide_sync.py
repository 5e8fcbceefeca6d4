"""Release or discard a held sync of the company directory: from the Access page, this DAG's form, or the REST API.

Whoever asks must be allowed to `manage:access`, and a release takes somebody else than the person who asked for the
sync. The digest makes sure that exactly those differences are applied that somebody has looked at.
"""

from __future__ import annotations

from airflow.sdk import Param

from ops_dashboard.acts import DECIDE_SYNC_DAG_ID
from ops_operators.dags import request_dag
from ops_operators.directory_decision import DecideSyncOperator

PARAMS = {
    "source": Param(type="string", title="Source", minLength=1, description="the directory's name, such as google"),
    "digest": Param(
        type="string",
        title="Digest",
        minLength=64,
        maxLength=64,
        description="of the differences, as the page and the held run's log show it",
    ),
    "decision": Param(type="string", title="Decision", enum=["release", "discard"]),
}

with request_dag(DECIDE_SYNC_DAG_ID, __doc__, PARAMS) as dag:
    DecideSyncOperator(task_id="decide")
