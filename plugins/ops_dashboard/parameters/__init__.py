"""The values that people give: what a parameter accepts, the check that counts, and how forms show and send them."""

from __future__ import annotations

from ops_dashboard.parameters.checking import ValueProblem, accepted, check_value
from ops_dashboard.parameters.identity import identity_of
from ops_dashboard.parameters.schema import json_schema
from ops_dashboard.parameters.typed import read_text, text_of

__all__ = ["ValueProblem", "accepted", "check_value", "identity_of", "json_schema", "read_text", "text_of"]
