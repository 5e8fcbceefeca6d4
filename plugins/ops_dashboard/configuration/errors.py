"""Why a setting could not be read or changed. Each message is read by the person who asked."""

from __future__ import annotations


class ConfigurationError(Exception):
    """Base of them all: it could not be read, or was not changed."""


class ChangedError(ConfigurationError):
    """Somebody else changed it after it was read, so it was left alone."""


class UncertainChangeError(ConfigurationError):
    """A change was sent, and what became of it could not be found out."""
