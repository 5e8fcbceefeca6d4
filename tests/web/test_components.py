"""Every component: whatever text it is given stays text, and what can't be shown is refused when it is made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError
from starlette.datastructures import ImmutableMultiDict

from ops_dashboard.web import components as c
from ops_dashboard.web.assets import load_assets
from ops_dashboard.web.components import Component, Node, Page, Tone
from ops_dashboard.web.links import Links
from ops_dashboard.web.rendering import Masthead, NavItem, Renderer, View
from tests.web.sample import SEEN_AT, sample_router

assert sample_router.templates
RENDERER = Renderer(load_assets(), [sample_router.templates])
LINKS = Links("/ops", "/ops", {}, "/static/x")

HOSTILE = st.text(min_size=1) | st.lists(
    st.sampled_from(
        ["<script>alert(1)</script>", '"', "'", "&", "<", ">", "-->", "{{ 7*7 }}", "{% x %}", "</textarea>", "x"]
    ),
    min_size=1,
).map("".join)


def view(text: str = "") -> View:
    values = ImmutableMultiDict([("name", text)]) if text else ImmutableMultiDict[str, str]()
    masthead = Masthead(who=text or "x", nav=(NavItem(text or "x", "/ops/workers", current=True),), synced_at=SEEN_AT)
    return View(LINKS, "/ops/workers", SEEN_AT, values, values, masthead, token=text, banner=text or "x")


def render(*nodes: Node, text: str = "") -> str:
    return RENDERER.page(Page(text or "Title", *nodes, subject=text or "x", lead=text or "x"), view(text))


class Skeleton(HTMLParser):
    """The tags and attribute names of a document, without any text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shape: list[tuple[str, ...]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, *(name for name, _ in attrs)))
        self.words += [value or "" for _, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        self.shape.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


EVERY_COMPONENT: dict[str, Callable[[str], Component]] = {
    "Actions": c.Actions,
    "Badge": lambda text: c.Badge(text, Tone.OK),
    "Button": lambda text: c.Button(text, "/ops", primary=True, small=True, outer=True, describes=text),
    "Change": lambda text: c.Change(1, 9, text, field=text, warn_from=2, warning=text),
    "Chips": lambda text: c.Chips("name", text, c.Chip("a", text, 3)),
    "Code": c.Code,
    "Columns": lambda text: c.Columns(text, text),
    "DateField": lambda text: c.DateField("name", text, text, hint=text, error=text, required=True),
    "Empty": lambda text: c.Empty(text, text),
    "Facts": lambda text: c.Facts((text, text), (text, None)),
    "Fieldset": lambda text: c.Fieldset(text, text, hint=text, error=text),
    "Form": lambda text: c.Form(
        text,
        submit=c.Submit(text, text, text),
        confirm=c.Confirm(text, text, button=text, review=text, outside=c.Outside(text, [(1, None)], text, text)),
        also=[c.Submit(text, text, text)],
        renew=c.Renew(c.Submit(text, text, text), [text], [text]),
    ),
    "Heading": lambda text: c.Heading(text, text),
    "Hidden": lambda text: c.Hidden(text, text),
    "Link": lambda text: c.Link(text, "/ops", outer=True),
    "Live": lambda text: c.Live(text, announce=text, name=text),
    "Message": c.Message,
    "Muted": c.Muted,
    "Note": lambda text: c.Note(Tone.BAD, text, title=text),
    "NumberField": lambda text: c.NumberField("name", text, 3, 1, 9, hint=text, error=text),
    "Output": lambda text: c.Output([text], text),
    "Panel": lambda text: c.Panel(text, flush=True),
    "Progress": lambda text: c.Progress(1, 2, text, text),
    "ReadyBar": lambda text: c.ReadyBar(1, None, Tone.BAD),
    "Search": lambda text: c.Search("name", text, [text]),
    "Select": lambda text: c.Select("other", text, [(text, text)]),
    "SelectField": lambda text: c.SelectField(
        "other", text, [(text, text)], value="", hint=text, error=text, required=True
    ),
    "Spread": lambda text: c.Spread(text, text),
    "Stacked": lambda text: c.Stacked(text, text),
    "Steps": lambda text: c.Steps(c.Step(text, c.StepState.NOW, text, note=text)),
    "Table": lambda text: c.Table([c.Column(text, width=20)], [[text], [None]], text),
    "Template": lambda text: c.Template("own.html", {"name": text, "badge": text}),
    "Text": lambda text: c.Text(text, muted=True),
    "TextArea": lambda text: c.TextArea("name", text, text, hint=text, error=text, required=True, max_length=9),
    "TextField": lambda text: c.TextField("name", text, text, text, text, True, 9, [text]),
    "Time": lambda text: c.Time(SEEN_AT),
    "TimeField": lambda text: c.TimeField("name", text, text, hint=text, error=text, required=True),
    "Toolbar": lambda text: c.Toolbar(c.Search("name", text), aside=text),
    "Typed": c.Typed,
}
PARTS = {
    "Component",
    "Node",
    "Page",
    "Redirect",
    "Tone",
    "Chip",
    "Column",
    "Step",
    "StepState",
    "Confirm",
    "Outside",
    "Submit",
    "Renew",
}


def test_every_component_is_tried_here() -> None:
    assert set(EVERY_COMPONENT) == set(c.__all__) - PARTS


@pytest.mark.parametrize("name", EVERY_COMPONENT)
@settings(deadline=None)
@given(text=HOSTILE)
def test_any_text_stays_text(name: str, text: str) -> None:
    make = EVERY_COMPONENT[name]
    assert Skeleton(render(make(text), text=text)).shape == Skeleton(render(make("x"), text="x")).shape


@pytest.mark.parametrize("name", sorted(set(EVERY_COMPONENT) - {"ReadyBar", "Time"}))
def test_no_text_is_lost(name: str) -> None:
    words = Skeleton(render(EVERY_COMPONENT[name]("needle & <thread>"))).words
    assert any("needle & <thread>" in word for word in words)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: c.Table([c.Column("A")], [["1"], ["1", "2"]], "x"), "row 2 has 2 cells, the table has 1 columns"),
        (lambda: c.Column("A", width=33), "width: 33 is not accepted; give 5, 10, 15 … 60"),
        (lambda: c.Time(datetime(2026, 1, 1)), "has no time zone"),
        (lambda: c.Link("x", "javascript:alert(1)"), "href: 'javascript:alert"),
        (lambda: c.Button("x", "//evil.example"), "href: '//evil.example' is not accepted"),
        (lambda: c.Form(submit="x", cancel="javascript:alert(1)"), "is not accepted"),
    ],
)
def test_what_cannot_be_shown_is_refused_when_it_is_made(mistake: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mistake()


def test_a_template_that_names_something_unknown_fails_instead_of_showing_nothing() -> None:
    with pytest.raises(UndefinedError, match="badge"):
        render(c.Template("own.html", {"name": "x"}))


def test_nothing_is_shown_as_nothing_and_an_empty_cell_as_a_dash() -> None:
    assert "None" not in render(None, c.Facts(("Owner", None)))
    assert '<td role="cell" class="">–</td>' in render(c.Table([c.Column("A")], [[None]], "x"))


@pytest.mark.parametrize(("ready", "desired", "value"), [(0, 0, 0), (3, 2, 2), (None, 4, 0), (7, 9, 7)])
def test_a_bar_never_leaves_its_ends(ready: int | None, desired: int | None, value: int) -> None:
    assert f'max="{max(desired or 0, 1)}" value="{value}"' in render(c.ReadyBar(ready, desired))


@pytest.mark.parametrize(
    ("before", "after", "warned"), [(6, 11, False), (6, 12, True), (12, 6, True), (None, 50, False)]
)
def test_a_large_change_is_warned_of_in_both_directions(before: int | None, after: int, warned: bool) -> None:
    assert c.Change(before, after, warn_from=6, warning="Large.").is_large is warned


def test_a_change_may_be_of_words() -> None:
    change = c.Change("held", "applied", warn_from=1)
    assert not change.is_large
    html = render(change)
    assert '<p class="headline words">' in html
    assert '<span class="from">held</span>' in html


def test_a_field_is_optional_if_its_page_says_so() -> None:
    assert "required" in render(c.NumberField("max", "Most"))
    assert "required" not in render(c.NumberField("max", "Most", required=False))


@pytest.mark.parametrize("field", [c.DateField, c.TimeField, c.TextField, c.TextArea])
def test_a_field_is_required_if_its_page_says_so(field: Callable[..., Component]) -> None:
    assert "required" not in render(field("name", "Label"))
    assert "required" in render(field("name", "Label", required=True))


def test_a_choice_can_be_required() -> None:
    assert "required" not in render(c.SelectField("mode", "Mode", [("", "Choose")]))
    assert "required" in render(c.SelectField("mode", "Mode", [("", "Choose")], required=True))


def test_only_whole_numbers_are_slid() -> None:
    whole = render(c.NumberField("max", "Most", 1, 0, 9))
    assert 'step="1" inputmode="numeric"' in whole
    assert 'type="range"' in whole
    fractions = render(c.NumberField("share", "Share", 0.5, 0, 1, fractions=True))
    assert 'value="0.5" min="0" max="1" step="any" inputmode="decimal"' in fractions
    assert 'type="range"' not in fractions


def test_a_finished_live_part_is_not_fetched_again() -> None:
    assert 'data-every="1.5"' in render(c.Live("x", every=1.5))
    assert "data-every" not in render(c.Live("x", every=1.5, done=True))


def test_a_component_of_ones_own_names_its_template() -> None:
    class Own(Component):
        template = "own.html"

    class TwoWords(Component):
        pass

    assert (Own.template, TwoWords.template) == ("own.html", "components/two_words.html")


def test_components_are_values() -> None:
    assert c.Badge("Healthy", Tone.OK) == c.Badge("Healthy", Tone.OK)
    assert hash(c.Panel(c.Text("x"))) == hash(c.Panel(c.Text("x")))
    with pytest.raises(AttributeError):
        c.Badge("Healthy", Tone.OK).label = "x"  # type: ignore[misc]


def test_a_time_says_the_exact_time_on_hover() -> None:
    html = render(c.Time(datetime(2026, 11, 23, 3, 8, 18, tzinfo=UTC)))
    assert 'datetime="2026-11-23T03:08:18+00:00" title="2026-11-23 03:08:18 UTC" data-ago>4 min ago</time>' in html
