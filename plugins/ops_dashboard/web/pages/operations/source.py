"""What a script or the statements of an operation say: the text whose fingerprint previews and records tell."""

from __future__ import annotations

from hashlib import sha256

from ops_dashboard.scripts import ScriptError, read_content
from ops_dashboard.settings import settings
from ops_dashboard.web.components import Code, Facts, Heading, Output, Page, Panel
from ops_dashboard.web.errors import Problem, not_found
from ops_dashboard.web.pages.operations.about import operation_of
from ops_dashboard.web.pages.operations.words import kind_of
from ops_dashboard.web.request import PageRequest
from ops_dashboard.web.router import Router

router = Router(prefix="/ops")


@router.page("/operations/{name}/source", title="Source", needs="view:operations")
def source(request: PageRequest) -> Page:
    """Show the file as it is now; whether it is the one of a preview, the fingerprint tells."""
    operation = operation_of(request)
    if operation.pod is not None:
        raise not_found(f"{operation.name} runs an image, not a file.")
    kind, file = kind_of(operation)
    try:
        content = read_content(settings().scripts_folder, file)
    except ScriptError as error:
        raise Problem(503, "The file can't be read", f"{error}.", hint="Ask your Data Platform team.") from error
    lines = content.decode(errors="backslashreplace").removesuffix("\n").split("\n")
    return Page(
        kind,
        Panel(Facts(("sha256", Code(sha256(content).hexdigest())), ("Lines", len(lines)))),
        Heading("Content"),
        Output([_visible(line) for line in lines], file, whole=True),
        subject=file,
        lead=f"What {operation.title} runs, as it is on this web server now.",
    )


def _visible(line: str) -> str:
    """What can't be seen, or turns what follows, is written out: it is part of what runs."""
    return "".join(
        each if each.isprintable() or each == "\t" else each.encode("unicode_escape").decode() for each in line
    )
