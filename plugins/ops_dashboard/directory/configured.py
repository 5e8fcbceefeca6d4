"""The source that an Airflow connection configures."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from ops_dashboard.directory.models import DirectoryError
from ops_dashboard.directory.settings import Server, SourceSettings, SyncRules
from ops_dashboard.text import shown

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from ops_dashboard.directory.models import DirectorySource

# Imported when chosen: nobody pays for the libraries of a source that they don't use.
_KINDS = {"file": "FileSettings", "google": "GoogleSettings", "ldap": "LdapSettings", "scim": "ScimSettings"}


@dataclass(frozen=True, slots=True)
class ConfiguredSource:
    """A source, under which name it is kept, and what its sync may do by itself."""

    name: str
    source: DirectorySource
    rules: SyncRules


def from_connection(connection_id: str) -> ConfiguredSource:
    """Return the source that an Airflow connection describes: its extra by `kind`, its password the source's secret.

    Raises:
        DirectoryError: There is no such connection, or what it says is not understood; tells every mistake.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        connection = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException as error:
        raise DirectoryError(
            f"Airflow has no connection {connection_id!r}; its extra says kind: {_accepted_kinds()}"
        ) from error
    server = Server(connection.host or None, connection.port, connection.login or None, connection.password or None)
    try:
        settings = settings_from(connection.extra_dejson)
        return ConfiguredSource(settings.source_name, settings.source(server), settings.rules)
    except DirectoryError as error:
        raise DirectoryError(f"connection {connection_id!r}: {error}") from error


def refuse_shared_name(connection_id: str, name: str, others: Iterable[str]) -> None:
    """Refuse a name under which another connection keeps its users, too: each sync would undo the other's.

    Raises:
        DirectoryError: It is so.
    """
    for other in others:
        with suppress(DirectoryError):  # its own sync tells
            if other != connection_id and from_connection(other).name == name:
                break
    else:
        return
    raise DirectoryError(
        f"the connections {connection_id!r} and {other!r} both keep their users under the name {name!r}; give one of"
        " them another `name` in its extra"
    )


def settings_from(extra: object) -> SourceSettings:
    """Return the settings that a connection's extra gives.

    Raises:
        DirectoryError: It names no known kind, or a field is not accepted. Of values only numbers and the like are
            repeated: a text may be a secret that ended up in the wrong place.
    """
    kind = extra.get("kind") if isinstance(extra, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise DirectoryError(f"extra has kind {shown(kind)}, expected {_accepted_kinds()}")
    model: type[SourceSettings] = getattr(import_module(f"ops_dashboard.directory.{kind}"), _KINDS[kind])
    try:
        return model.model_validate(extra)
    except ValidationError as error:
        problems = (_explain(model, found) for found in error.errors())
        raise DirectoryError("; ".join(problems)) from None  # a traceback would show the values


def _explain(model: type[BaseModel], mistake: ErrorDetails) -> str:
    path, value, message = mistake["loc"], mistake["input"], mistake["msg"]
    field = ".".join(map(str, path))
    inner, known = _field(model, path)
    if known is None:
        return f"{shown(field)} is unknown; accepted are {', '.join(inner.model_fields)}" if field else message
    plain = value is None or value == "" or isinstance(value, int | float)
    problem = (
        "missing" if mistake["type"] == "missing" else f"{shown(value)}, not accepted" if plain else "not accepted"
    )
    return f"{field} is {problem}; accepted is {known.description}" if known.description else f"{field}: {message}"


def _field(model: type[BaseModel], path: tuple[Any, ...]) -> tuple[type[BaseModel], FieldInfo | None]:
    """The field at the end of a path through models in models, as far as there are any, and the model it is in."""
    field = model.model_fields.get(str(path[0])) if path else None
    inner = field.annotation if field is not None else None
    if len(path) > 1 and isinstance(inner, type) and issubclass(inner, BaseModel):
        return _field(inner, path[1:])
    return model, field


def _accepted_kinds() -> str:
    return ", ".join(_KINDS)
