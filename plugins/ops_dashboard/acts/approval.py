"""What a second person is shown and may answer, written for Airflow's pages and read back by ours."""

from __future__ import annotations

import re

from ops_dashboard.acts.preview import Preview

APPROVE, REJECT = "Approve", "Reject"
NOTE = "note"
_WHO = re.compile("Somebody in the group `(?P<group>[^`]+)` has to approve it")


def approval_in_markdown(group: str, reason: str, preview: Preview) -> str:
    """Write what is asked for. Whatever somebody typed is indented, so that nothing in it is taken for markup."""
    who = f"Somebody in the group `{group.replace('`', ' ')}` has to approve it, and not who asked."
    parts = (("Reason", reason), *preview.parts)
    return "\n\n".join((who, *(f"**{title}**\n\n{_indented(text)}" for title, text in parts)))


def approver_in(markdown: str) -> str:
    """Read back the group."""
    found = _WHO.match(markdown)
    return found["group"] if found else ""


def parts_in(markdown: str) -> tuple[tuple[str, str], ...]:
    """Read back the reason and the parts of the preview."""
    parts: list[tuple[str, list[str]]] = []
    for line in markdown.split("\n"):
        if line.startswith("**"):
            parts.append((line.strip("*"), []))
        elif line.startswith("    ") and parts:
            parts[-1][1].append(line.removeprefix("    "))
    return tuple((title, "\n".join(lines)) for title, lines in parts)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines() or [""])
