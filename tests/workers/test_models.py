"""The words and the errors that pools are spoken of with."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ops_dashboard.workers import Change, ChangedMeanwhileError, ChangeUncertainError, PoolState, WorkersError


@pytest.mark.parametrize(
    ("state", "label"),
    [
        ("healthy", "Healthy"),
        ("scaled_to_zero", "Scaled to zero"),
        ("rolling_out", "Rolling out"),
        ("quota_exceeded", "Quota exceeded"),
        ("image_unavailable", "Image can't be pulled"),
        ("crashing", "Crashing"),
        ("unschedulable", "Unschedulable"),
        ("not_ready", "Not ready"),
        ("missing", "Missing"),
        ("unknown", "Unknown"),
    ],
)
def test_every_state_has_a_value_for_programs_and_a_label_for_people(state: str, label: str) -> None:
    assert PoolState(state).label == label


def test_no_state_is_left_out_above() -> None:
    assert len(PoolState) == 10


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change(6, 8, ("kubectl",)), "changed from 6 to 8 by kubectl"),
        (Change(6, 8, ("argocd", "kubectl")), "changed from 6 to 8 by argocd and kubectl"),
        (Change(6, 8), "changed from 6 to 8 by an unknown client"),
        (Change(6, 6, ("kubectl",)), "changed while its count was, or is again, 6"),
    ],
)
def test_a_change_tells_who_and_from_what_to_what(change: Change, words: str) -> None:
    assert str(change) == words
    assert str(ChangedMeanwhileError("ads/bidder", change)) == f"ads/bidder was {words} meanwhile"


def test_an_uncertain_change_tells_why_it_is_uncertain() -> None:
    error = ChangeUncertainError("ads/bidder", 9, WorkersError("no answer in time"))

    assert str(error) == "ads/bidder may or may not have been set to 9: no answer in time"


def test_importing_the_workers_loads_neither_airflow_nor_the_kubernetes_client() -> None:
    program = (
        "import sys, ops_dashboard.workers.kubernetes, ops_dashboard.workers.rollout;"
        "print({'airflow', 'kubernetes', 'urllib3'} & set(sys.modules))"
    )

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "set()"
