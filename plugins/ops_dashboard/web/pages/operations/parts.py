"""The form of an operation, and what stands in its place: a review, or why there is no form."""

from __future__ import annotations

from collections.abc import Mapping

from ops_dashboard.acts import Preview, RunRequest
from ops_dashboard.catalog import Operation
from ops_dashboard.parameters import text_of
from ops_dashboard.web.components import (
    Actions,
    Button,
    Code,
    Facts,
    Form,
    Hidden,
    Link,
    Message,
    Node,
    Note,
    Panel,
    Renew,
    Submit,
    Text,
    Tone,
)
from ops_dashboard.web.pages.asking import once, reason_field, shown_as
from ops_dashboard.web.pages.operations.about import About
from ops_dashboard.web.pages.operations.typed import field_of, offer_of, renewed
from ops_dashboard.web.pages.operations.words import duration, example_of, operation_url
from ops_dashboard.web.pages.previews import preview as preview_of
from ops_dashboard.web.pages.value_field import value_field

REVIEW, CHANGE, CHOICES, RUN = "review", "change", "choices", "run"
"""The steps that a form is sent for, in its field `step`."""
SEEN = "seen"
"""The field that tells which preview was looked at."""

_STEP = "step"


def no_form(known: About) -> Message:
    """Why the reader may not run it, and the way to who may."""
    reason, name = known.seen.decision.reason, known.operation.name
    why = known.request.url("/access", action=known.operation.action)
    return Message(
        Text(f"You may not run this: {reason}."),
        Text("Somebody in a group that may can run it for you. Your Data Platform team gives grants.", muted=True),
        Actions(Button("Who may", why, describes=f"run {name}")),
        tone=Tone.WARN,
    )


def form(known: About, texts: Mapping[str, str], reason: str, errors: Mapping[str, str]) -> tuple[Node, ...]:
    """The fields, from the schemas of the parameters, and the reason."""
    operation = known.operation
    strange = errors.keys() - operation.parameters.keys() - {"reason"}
    made = Form(
        *(_field(operation, name, texts, errors) for name in operation.parameters),
        reason_field(errors, reason),
        *_second_person(operation),
        submit=Submit("Review", _STEP, REVIEW),
        cancel=known.request.url("/operations"),
        renew=_renew(operation),
    )
    notes = (Note(Tone.BAD, f"{name}: {errors[name]}", title="Not accepted:") for name in sorted(strange))
    return (*notes, Panel(_example(known), made))


def _field(operation: Operation, name: str, texts: Mapping[str, str], errors: Mapping[str, str]) -> Node:
    parameter = operation.parameters[name]
    offer = offer_of(operation, name, texts)
    shown = parameter.model_copy(update={"title": parameter.label(name)})
    error = errors.get(name) or offer.trouble
    return value_field(field_of(name), shown, value=texts[name], error=error, options=offer.options, nothing=offer.hint)


def _renew(operation: Operation) -> Renew | None:
    on, fields = renewed(operation)
    button = Submit("Update choices", _STEP, CHOICES)
    return Renew(button, [field_of(name) for name in on], [field_of(name) for name in fields]) if fields else None


def _example(known: About) -> Node:
    values = example_of(known.operation)
    if not values:
        return None
    href = operation_url(known.request, known.operation.name, values)
    return Text(Link("Fill in the example", href), muted=True)


def _second_person(operation: Operation) -> tuple[Note, ...]:
    needed = operation.approval
    if needed is None:
        return ()
    text = f"Somebody in {needed.group}, and not you, has to approve it within {duration(needed.within)}."
    return (Note(Tone.BUSY, text, title="Takes a second person:"),)


def review(known: About, asked: RunRequest, preview: Preview, *, again: bool) -> tuple[Node, ...]:
    """What is asked for, what exactly will run, and the button.

    Args:
        known: The operation.
        asked: The request.
        preview: What it would do.
        again: It is shown once more because the answer was lost, and is still the same request.
    """
    operation, request = known.operation, known.request
    values = [(operation.parameters[name].label(name), value) for name, value in asked.parameters.items()]
    typed = request.form
    sent = Form(
        *(Hidden(field_of(name), typed.get(field_of(name), "")) for name in operation.parameters),
        Hidden("reason", asked.reason),
        Hidden(SEEN, preview.digest),
        once(shown_as(request) if again else ""),
        *_second_person(operation),
        submit=Submit("Ask for approval" if operation.approval else "Run now", _STEP, RUN),
        also=(Submit("Change", _STEP, CHANGE),),
        cancel=request.url("/operations"),
    )
    return (
        Panel(
            Facts(
                *((label, Code(text_of(value)) if value is not None else None) for label, value in values),
                ("Reason", asked.reason),
            )
        ),
        Panel(*preview_of(preview.parts), sent),
    )
