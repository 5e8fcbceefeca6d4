"""The page of one operation: what it is, and for who may run it a form and a look at exactly what will run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ops_dashboard import operations
from ops_dashboard.acts import Preview, RequestError, RunRequest, operation_dag_id
from ops_dashboard.operations.choices import ChoicesError, check_choices
from ops_dashboard.scripts import ScriptError
from ops_dashboard.settings import settings
from ops_dashboard.web.components import Columns, Node, Note, Page, Redirect, Text, Tone
from ops_dashboard.web.errors import Problem
from ops_dashboard.web.pages.asking import ask
from ops_dashboard.web.pages.operations import parts, words
from ops_dashboard.web.pages.operations.about import About, about, beside, operation_of, warnings
from ops_dashboard.web.pages.operations.typed import from_address, from_form, read_request
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")


@router.page("/operations/{name}", title="Run", needs="view:operations")
def operation(request: PageRequest) -> Page:
    """Show what it is, and to who may run it the form, filled in as the address asks for."""
    known = about(request)
    if not known.seen.decision.allowed:
        return _page(known, parts.no_form(known))
    texts = from_address(request, known.operation)
    return _form_page(known, _Shown(texts, reason=request.query.get("reason", "")), status=200)


@router.form("/operations/{name}", needs="run:{name}")
def run_operation(request: PageRequest) -> Redirect | Page:
    """Take the next step: back to the form, on to a look at what will run, or to the run itself."""
    wanted, step = operation_of(request), request.form.get("step", parts.REVIEW)
    texts = from_form(request, wanted)
    if step in {parts.CHANGE, parts.CHOICES}:
        return _form_page(about(request), _Shown(texts), status=200)
    try:
        asked = read_request(wanted, texts, request.form.get("reason", ""))
        preview = _prepared(asked)
    except RequestError as error:
        return _form_page(about(request), _Shown(texts, errors=error.problems), status=422)
    except (ScriptError, ChoicesError) as error:
        return _form_page(about(request), _Shown(texts, trouble=str(error)), status=503)
    if step != parts.RUN:
        return _review_page(about(request), asked, preview)
    if request.form.get(parts.SEEN) != preview.digest:
        changed = Note(Tone.WARN, "What would run is not what you were shown. Look again.", title="It has changed:")
        return _review_page(about(request), asked, preview, changed)
    return _ask(request, asked, preview)


def _prepared(asked: RunRequest) -> Preview:
    """Tell what will run.

    Raises:
        RequestError: A value is not among those that are offered.
        ChoicesError: It can't be said what is offered.
        ScriptError: What would be run can't be read, or is not what the catalog asks for.
    """
    check_choices(asked.operation, asked.parameters)
    return operations.prepare(asked.operation, asked.parameters, settings().scripts_folder).preview


def _ask(request: PageRequest, asked: RunRequest, preview: Preview) -> Redirect | Page:
    """Ask for the run; where that fails, show again what is asked for, as the same request."""
    try:
        return ask(request, operation_dag_id(asked.operation), asked)
    except Problem as problem:
        text = f"{problem.text} {problem.hint}".strip()
        return _review_page(about(request), asked, preview, Note(Tone.BAD, text, title=f"{problem.title}:"), problem)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the form shows.

    Attributes:
        texts: By parameter.
        reason: Shown at first.
        errors: What to correct, by parameter.
        trouble: Why it can't be run at all.
    """

    texts: Mapping[str, str]
    reason: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""


def _form_page(known: About, shown: _Shown, status: int) -> Page:
    trouble = (Note(Tone.BAD, f"{shown.trouble}.", title="It can't be run now:"),) if shown.trouble else ()
    form = parts.form(known, shown.texts, shown.reason, shown.errors)
    return _page(known, *trouble, *warnings(known), main=form, status=status)


def _review_page(
    known: About, asked: RunRequest, preview: Preview, note: Note | None = None, problem: Problem | None = None
) -> Page:
    again = problem is not None
    return _page(
        known,
        note,
        *(() if again else warnings(known, asked)),
        main=parts.review(known, asked, preview, again=again),
        reviewed=True,
        status=problem.status if problem is not None else 409 if note is not None else 200,
    )


def _page(known: About, *notes: Node, main: Node = None, reviewed: bool = False, status: int = 200) -> Page:
    operation = known.operation
    lead, *more = words.paragraphs(operation) or [""]
    return Page(
        f"Review: {operation.title}" if reviewed else operation.title,
        *(Text(paragraph) for paragraph in more),
        Columns(main=(*notes, main), side=beside(known)),
        subject=operation.name,
        lead=lead,
        status=status,
    )
