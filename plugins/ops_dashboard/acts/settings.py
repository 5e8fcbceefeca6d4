"""Change a setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo
from pydantic_core import PydanticCustomError

from ops_dashboard.acts.requests import ActRequest, RequestError
from ops_dashboard.catalog import Scalar, ValueType
from ops_dashboard.parameters import ValueProblem, check_value
from ops_dashboard.parameters.keywords import LARGEST_NUMBER, LONGEST_TEXT
from ops_dashboard.strict_yaml import RELATION
from ops_dashboard.text import shown

if TYPE_CHECKING:
    from ops_dashboard.catalog import Setting

CHANGE_SETTING_DAG_ID = "ops_change_setting"
_SCALAR_IN_WORDS = f"a text of at most {LONGEST_TEXT} characters, a number, true or false"


def _scalar(value: object) -> Scalar:
    is_text = isinstance(value, str) and len(value) <= LONGEST_TEXT
    is_number = isinstance(value, int | float) and abs(value) <= LARGEST_NUMBER  # which NaN is not
    if not (is_text or is_number):
        raise ValueError(_SCALAR_IN_WORDS)
    return value  # type: ignore[return-value] # which mypy can't see


def _scalar_or_nothing(value: object) -> Scalar | None:
    return None if value is None else _scalar(value)


def _only_alone(unset: bool, info: ValidationInfo) -> bool:
    if unset and info.data.get("expected") is not None:
        raise PydanticCustomError(RELATION, "false when expected is given: one of both can have been seen")
    return unset


class ChangeSettingRequest(ActRequest):
    """Give a setting another value.

    Without `expected` the value is set whatever is there, like a count without. That nothing was there cannot be said
    by null, which already says that the person does not mind; two people who both set what was not set must not
    overwrite each other unseen, so there is `expected_unset` for it. There is no way to unset a value.
    """

    verb: ClassVar[str] = "set"

    setting: str = Field(max_length=127, description="the name of a setting, as in ads/batch-size")
    value: Annotated[Scalar, PlainValidator(_scalar)] = Field(description=_SCALAR_IN_WORDS)
    expected: Annotated[Scalar | None, PlainValidator(_scalar_or_nothing)] = Field(
        default=None, description=f"the value that was seen before asking, {_SCALAR_IN_WORDS}, or nothing"
    )
    expected_unset: Annotated[bool, AfterValidator(_only_alone)] = Field(
        default=False, description="true if the setting was seen without any value, else false or left out"
    )

    @classmethod
    def resource_of(cls, values: Mapping[str, Any]) -> str:
        """The setting."""
        return str(values.get("setting", ""))

    @property
    def requested(self) -> Scalar:
        """The value asked for."""
        return self.value

    @property
    def expects(self) -> Scalar | None:
        """The value that was seen."""
        return self.expected


def check_setting(setting: Setting, request: ChangeSettingRequest) -> None:
    """Check the value against the setting's schema, and what was seen against its type.

    What was seen may be a text whatever the type: that is how a stored value of another type is shown.

    Raises:
        RequestError: Nobody may set this, or can have seen that.
    """
    problems = {}
    try:
        check_value(setting.value, request.value)
    except ValueProblem as problem:
        problems["value"] = str(problem)
    kind, seen = setting.value.type, request.expected
    if seen is not None and not kind.fits(seen) and not ValueType.STRING.fits(seen):
        problems["expected"] = f"{shown(seen)} is not accepted; {setting.name} is of type {kind}"
    if problems:
        raise RequestError(problems)
