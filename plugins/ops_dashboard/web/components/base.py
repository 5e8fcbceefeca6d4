"""What every component is: a frozen value with a template that turns it into HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, TypeAlias

from ops_dashboard.text import shown

Node: TypeAlias = "str | int | Component | tuple[Node, ...] | None"
"""What can stand on a page: text, a number, a component, several of them in a row, or nothing."""

_LOCAL = re.compile(r"(?:/(?![/\\])|[?#])[^\\\x00-\x20]*|")


class Tone(StrEnum):
    """What a colour stands for. The word beside it says the same, so that no meaning is in colour alone."""

    OK = "ok"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Component:
    """A piece of a page.

    The class `ReadyBar` is rendered by `templates/components/ready_bar.html`, which sees the value as `c` and the
    request as `view`. A component of your own names its file in the class: `template: ClassVar = "my_chart.html"`,
    in the template folder of your router.
    """

    template: ClassVar[str]

    def __init_subclass__(cls) -> None:
        """Derive the template's name from the name of the class."""
        if "template" not in cls.__dict__:
            snake = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
            cls.template = f"components/{snake}.html"


def is_local(href: str) -> bool:
    """Tell whether a link stays on this server: a path, a query or a fragment, with no way to name another host."""
    return _LOCAL.fullmatch(href) is not None


def check_href(href: str) -> str:
    """Refuse what a link must not point to, `javascript:` above all.

    Raises:
        ValueError: `href` is neither a local address nor an https address.
    """
    if is_local(href) or re.fullmatch(r"https://[^\s\\]+", href):
        return href
    raise ValueError(f"href: {shown(href)} is not accepted; give a path such as '/ops/workers' or an https address")
