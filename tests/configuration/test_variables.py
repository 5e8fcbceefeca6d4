"""Airflow variables as a task sees them: read again before a change, verified after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import airflow.sdk
import pytest

from ops_dashboard.configuration import ChangedError, ConfigurationError, Stored, UncertainChangeError
from ops_dashboard.configuration.variables import VariableHome


class Variables:
    """Airflow's variables; `before_set` and `after_set` are what happens around a change."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.hidden: dict[str, str] = {}
        self.unreadable = False
        self.described: str | None = None
        self.before_set: Callable[[], None] = lambda: None
        self.after_set: Callable[[], None] = lambda: None

    def get(self, key: str, default: Any = None) -> Any:
        return default if self.unreadable else self.hidden.get(key, self.values.get(key, default))

    def set(self, key: str, value: str, description: str | None = None) -> None:
        self.before_set()
        self.values[key], self.described = value, description
        self.after_set()

    def keys(self, prefix: str = "") -> list[str]:
        return [key for key in self.values if key.startswith(prefix)]


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> Variables:
    made = Variables(model="a", model_2="x")
    monkeypatch.setattr(airflow.sdk, "Variable", made)
    return made


def home(key: str = "model") -> VariableHome:
    return VariableHome(key, "Ranking model")


def fail() -> None:
    raise RuntimeError("the API server does not answer")


def test_a_variable_is_read_and_set(variables: Variables) -> None:
    seen = home().read()
    home().change(seen, "b")

    assert (seen.text, variables.values["model"], variables.described) == ("a", "b", "Ranking model")


def test_one_that_is_not_there_is_not_set_and_can_be(variables: Variables) -> None:
    seen = home("mode").read()
    home("mode").change(seen, "b")

    assert (seen.text, variables.values["mode"]) == (None, "b")


def test_one_that_cannot_be_read_is_not_taken_for_one_that_is_not_there(variables: Variables) -> None:
    """Airflow gives the default for both."""
    variables.unreadable = True

    with pytest.raises(ConfigurationError, match=r"^the Airflow variable model exists, but could not be read$"):
        home().read()


def test_a_change_meanwhile_is_not_overwritten(variables: Variables) -> None:
    seen = home().read()
    variables.values["model"] = "c"

    with pytest.raises(ChangedError, match=r"was changed from 'a' to 'c' meanwhile"):
        home().change(seen, "b")
    assert variables.values["model"] == "c"


def test_a_lost_answer_is_no_failure_if_the_value_is_there(variables: Variables) -> None:
    variables.after_set = fail

    home().change(Stored("a"), "b")

    assert variables.values["model"] == "b"


def test_a_lost_request_is_a_failure_that_changed_nothing(variables: Variables) -> None:
    variables.before_set = fail

    with pytest.raises(ConfigurationError, match="could not be set: the API server does not answer") as error:
        home().change(Stored("a"), "b")
    assert type(error.value) is ConfigurationError


def test_a_change_that_cannot_be_verified_is_uncertain(variables: Variables) -> None:
    def go_down() -> None:
        variables.unreadable = True

    variables.after_set = go_down

    with pytest.raises(UncertainChangeError, match="model may or may not have been set"):
        home().change(Stored("a"), "b")


def test_a_change_that_somebody_overwrites_at_once_is_told(variables: Variables) -> None:
    variables.after_set = lambda: variables.values.update(model="c")

    with pytest.raises(UncertainChangeError, match="was set, but is 'c' now"):
        home().change(Stored("a"), "b")


def test_a_value_that_the_environment_hides_is_told(variables: Variables) -> None:
    variables.hidden["model"] = "a"

    with pytest.raises(ConfigurationError, match="still reads 'a': an environment variable or a secrets backend"):
        home().change(Stored("a"), "b")
