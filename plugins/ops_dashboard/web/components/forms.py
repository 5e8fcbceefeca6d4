"""Forms. After a mistake each field shows again what was typed, without the page doing anything for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ops_dashboard.web.components.base import Component, Node, check_href


@dataclass(frozen=True, slots=True)
class Hidden(Component):
    """A value that travels with the form unseen. The person who sends it can change it: check it like any other."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class TextField(Component):
    """One line of text. The browser offers the `suggestions`; what is typed may be anything else."""

    name: str
    label: str
    value: str = ""
    hint: Node = None
    error: str | None = None
    required: bool = False
    max_length: int | None = None
    suggestions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TimeField(Component):
    """A date and time in UTC, which the label says. It arrives as `2026-12-31T18:00`, without an offset, or empty."""

    name: str
    label: str
    value: str = ""
    hint: Node = None
    error: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class DateField(Component):
    """A date. It arrives as `2026-12-31`, or empty."""

    name: str
    label: str
    value: str = ""
    hint: Node = None
    error: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class NumberField(Component):
    """A number, whole unless it says otherwise; a whole one has a slider beside it when both ends are known.

    Attributes:
        name: Name in `request.form`.
        label: What the number is.
        value: Shown at first.
        minimum: Smallest number that the browser accepts; check it again.
        maximum: Largest number that the browser accepts; check it again.
        hint: What to know before filling it in.
        error: What was wrong with what was sent, and what is accepted.
        required: Whether the browser insists on a number.
        fractions: Whether the browser accepts others than whole numbers.
    """

    name: str
    label: str
    value: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    hint: Node = None
    error: str | None = None
    required: bool = True
    fractions: bool = False


@dataclass(frozen=True, slots=True)
class TextArea(Component):
    """Several lines of text."""

    name: str
    label: str
    value: str = ""
    hint: Node = None
    error: str | None = None
    required: bool = False
    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class SelectField(Component):
    """A choice of one: `(value, label)` pairs. If it is required, a first one with value "" asks for a choice."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    value: str = ""
    hint: Node = None
    error: str | None = None
    required: bool = False


@dataclass(frozen=True, slots=True, init=False)
class Fieldset(Component):
    """Fields that belong together, beside each other; `legend` names them, `error` is about all of them."""

    legend: str
    children: tuple[Node, ...]
    hint: Node
    error: str | None

    def __init__(self, legend: str, *children: Node, hint: Node = None, error: str | None = None) -> None:
        object.__setattr__(self, "legend", legend)
        object.__setattr__(self, "children", children)
        object.__setattr__(self, "hint", hint)
        object.__setattr__(self, "error", error)


@dataclass(frozen=True, slots=True)
class Typed(Component):
    """What stands in the form's field of that name, repeated in its dialog while the person types."""

    field: str


@dataclass(frozen=True, slots=True)
class Outside:
    """What a dialog says, and its button does, when a number is in none of some ranges.

    Attributes:
        field: Name of the number field.
        ranges: Each from the least to the most, None where it has no end.
        words: What is different.
        button: What the dialog's button does then ("Ask for approval"); empty if there is nothing that it could do.
    """

    field: str
    ranges: Sequence[tuple[float | None, float | None]]
    words: str
    button: str = ""


@dataclass(frozen=True, slots=True, init=False)
class Confirm(Component):
    """A second look before the form is sent: a dialog that repeats it (`Change(…, field=…)`, `Typed(…)`).

    Attributes:
        title: The question ("Scale ads/bidder?").
        button: What the dialog's button does ("Scale now").
        review: What the form's own button then says, since it only opens the dialog.
        outside: What is different for some numbers.
    """

    title: str
    children: tuple[Node, ...]
    button: str
    review: str
    outside: Outside | None

    def __init__(
        self,
        title: str,
        *children: Node,
        button: str,
        review: str = "Review change",
        outside: Outside | None = None,
    ) -> None:
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "children", children)
        object.__setattr__(self, "button", button)
        object.__setattr__(self, "review", review)
        object.__setattr__(self, "outside", outside)


@dataclass(frozen=True, slots=True)
class Submit:
    """A button that sends a form. The function that receives it finds `value` under `name`, to tell buttons apart."""

    label: str
    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Renew:
    """Fields whose choices depend on what is chosen in others.

    As soon as one of the others changes, the form is sent as by the button, in the background, and the fields are
    taken from the answer. Without JavaScript the button itself is there to press.

    Attributes:
        button: Leads to the same form, with what was typed.
        on: Names of the fields that others depend on.
        fields: Names of the fields that are renewed.
    """

    button: Submit
    on: Sequence[str]
    fields: Sequence[str]


@dataclass(frozen=True, slots=True, init=False)
class Form(Component):
    """Fields that are posted to the page's own address, where a `router.form` function receives them.

    Attributes:
        children: Fields and whatever belongs between them.
        submit: The button, as a verb.
        cancel: Address of the way back.
        back: What leads there is called.
        confirm: Asked before sending; without JavaScript the form is sent at once.
        also: Other buttons, which send the form even if a field of it can't be accepted.
        renew: Fields whose choices depend on others.
    """

    children: tuple[Node, ...]
    submit: Submit
    cancel: str
    back: str
    confirm: Confirm | None
    also: tuple[Submit, ...]
    renew: Renew | None

    def __init__(
        self,
        *children: Node,
        submit: str | Submit,
        cancel: str = "",
        back: str = "Cancel",
        confirm: Confirm | None = None,
        also: Sequence[Submit] = (),
        renew: Renew | None = None,
    ) -> None:
        object.__setattr__(self, "children", children)
        object.__setattr__(self, "submit", Submit(submit) if isinstance(submit, str) else submit)
        object.__setattr__(self, "cancel", check_href(cancel))
        object.__setattr__(self, "back", back)
        object.__setattr__(self, "confirm", confirm)
        object.__setattr__(self, "also", tuple(also))
        object.__setattr__(self, "renew", renew)
