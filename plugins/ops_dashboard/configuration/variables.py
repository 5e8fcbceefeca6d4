"""Settings in Airflow variables.

Airflow knows no compare-and-set. Our own changes exclude each other by the lock that the task holds; against everybody
else a variable is read again immediately before it is set, and verified after that: the gap between is a call long.
"""

from __future__ import annotations

import logging

from ops_dashboard.configuration.errors import ChangedError, ConfigurationError, UncertainChangeError
from ops_dashboard.configuration.models import Stored
from ops_dashboard.text import shown

_log = logging.getLogger(__name__)


class VariableHome:
    """One Airflow variable; see `Home` for what the methods promise. Airflow itself asks again where that is safe.

    Args:
        key: Its key.
        title: What it is about; kept as its description.
    """

    def __init__(self, key: str, title: str) -> None:
        self._key = key
        self._title = title

    def peek(self) -> Stored:
        """Look once."""
        from airflow.sdk import Variable

        try:
            found = Variable.get(self._key, default=None)
        except Exception as error:
            raise self._unreadable(error) from error
        return Stored(found)

    def read(self) -> Stored:
        """Read it in a task, where one that is not there can be told from one that could not be read."""
        found = self.peek()
        if found.text is None and self._is_known():
            raise ConfigurationError(f"the Airflow variable {self._key} exists, but could not be read")
        return found

    def change(self, seen: Stored, text: str) -> None:
        """Set it, provided that it has the text that was seen.

        Raises:
            ChangedError: It has not; it was left alone.
            UncertainChangeError: It was set, and whether it has the text now could not be found out.
            ConfigurationError: Any other, and it was left alone; or it has the text in Airflow's database, which
                something that Airflow asks first hides.
        """
        from airflow.sdk import Variable

        now = self.read()
        if now.text != seen.text:
            raise ChangedError(
                f"the Airflow variable {self._key} was changed from {shown(seen.text)} to {shown(now.text)} meanwhile"
            )
        failure: Exception | None = None
        try:
            Variable.set(self._key, text, description=self._title)
        except Exception as error:  # noqa: BLE001 - whatever it was, what is there now says more
            _log.warning("Setting the variable %s: %s", self._key, error)
            failure = error
        self._verify(seen, text, failure)

    def _verify(self, seen: Stored, text: str, failure: Exception | None) -> None:
        try:
            now = self.read()
        except ConfigurationError as error:
            raise UncertainChangeError(f"{self._key} may or may not have been set: {failure or error}") from error
        if now.text == text:
            return
        if now.text != seen.text:
            raise UncertainChangeError(
                f"the Airflow variable {self._key} was set, but is {shown(now.text)} now: somebody else has changed it"
                " at the same moment"
            )
        if failure is not None:
            raise ConfigurationError(f"the Airflow variable {self._key} could not be set: {failure}") from failure
        raise ConfigurationError(
            f"the Airflow variable {self._key} was set, but still reads {shown(now.text)}: an environment variable or a"
            " secrets backend comes before Airflow's database"
        )

    def _is_known(self) -> bool:
        from airflow.sdk import Variable

        try:
            return self._key in list(Variable.keys(prefix=self._key))
        except Exception as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> ConfigurationError:
        return ConfigurationError(f"the Airflow variable {self._key} could not be read: {error}")
