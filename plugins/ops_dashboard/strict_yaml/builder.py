"""Values with their lines, built from the parser's events: nothing but plain data can come out of it."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, cast

import yaml

from ops_dashboard.strict_yaml.document import HOLE, Hole, YamlDocument
from ops_dashboard.strict_yaml.mistakes import FileMistake, Steps
from ops_dashboard.strict_yaml.scalars import Ambiguity, Scalar, meaning
from ops_dashboard.text import shorten, shown

MAX_DEPTH = 32

# libyaml's parser is ten times faster, but PyYAML can be built without it.
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def build(text: str, file: str) -> YamlDocument:
    """Build what can be understood of the file's text, and note the mistakes."""
    builder = _Builder(text, file)
    value = builder.document()
    return YamlDocument(file, value, MappingProxyType(builder.lines), tuple(builder.mistakes))


class _Builder:
    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._events = _events(text)
        self.lines: dict[Steps, int] = {}
        self.mistakes: list[FileMistake] = []

    def document(self) -> object:
        try:
            next(self._events)  # the start of the stream
            if isinstance(next(self._events), yaml.StreamEndEvent):
                return None
            value = self._node(next(self._events), ())
            next(self._events)  # the end of the document
            if not isinstance(after := next(self._events), yaml.StreamEndEvent):
                self._note((), _line(_mark(after)), "a second document", "one document in a file")
        except yaml.MarkedYAMLError as error:
            line = _line(error.problem_mark)
            found = shown("".join(self._text.split("\n")[line - 1 : line]))
            self._note((), line, found, f"valid YAML ({shorten(error.problem)})")
            return HOLE
        return value

    def _node(self, event: yaml.Event, path: Steps) -> object:
        self.lines.setdefault(path, _line(_mark(event)))
        match event:
            case yaml.AliasEvent():
                return self._hole(event, path, shorten(f"*{event.anchor}"), "the value itself instead of an alias")
            case yaml.ScalarEvent(tag=str(tag)) | yaml.CollectionStartEvent(tag=str(tag)):
                return self._hole(event, path, shown(tag), "a value without a tag")
            case yaml.ScalarEvent():
                return self._scalar(event, path)
            case yaml.SequenceStartEvent():
                return self._sequence(path)
        return self._mapping(path)

    def _scalar(self, event: yaml.ScalarEvent, path: Steps) -> object:
        value = _meaning(event)
        if isinstance(value, Ambiguity):
            return self._hole(event, path, shorten(event.value), value.expected)
        return value

    def _sequence(self, path: Steps) -> list[object]:
        items: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _mapping(self, path: Steps) -> dict[str, object]:
        entries: dict[str, object] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            value_event = next(self._events)
            if isinstance(key, Hole):
                self._skip(value_event)
            elif key in entries:
                expected = f"each key once; it is on line {self.lines[*path, key]}"
                self._note((*path, key), _line(_mark(event)), f"{shown(key)} again", expected)
                self._skip(value_event)
            else:
                self.lines[*path, key] = _line(_mark(event))
                entries[key] = self._node(value_event, (*path, key))
        return entries

    def _key(self, event: yaml.Event, path: Steps) -> str | Hole:
        if not isinstance(event, yaml.ScalarEvent) or event.tag is not None:
            return self._hole(event, path, "a list, mapping, alias or tag as key", "text as key")
        key = _meaning(event)
        if isinstance(key, str):
            return key
        return self._hole(event, path, f"the key {shorten(event.value)}", "text as key; put it in quotes")

    def _hole(self, event: yaml.Event, path: Steps, value: str, expected: str) -> Hole:
        self._note(path, _line(_mark(event)), value, expected)
        self._skip(event)
        return HOLE

    def _note(self, path: Steps, line: int, value: str, expected: str) -> None:
        self.mistakes.append(FileMistake(self._file, path, line, value, expected))

    def _skip(self, event: yaml.Event) -> None:
        """Pass over all that the event begins."""
        depth = _opens(event)
        while depth:
            depth += _opens(next(self._events))


def _events(text: str) -> Iterator[yaml.Event]:
    depth = 0
    for event in yaml.parse(text, Loader=_PARSER):
        depth += _opens(event)
        if depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(None, None, f"more than {MAX_DEPTH} levels of nesting", _mark(event))
        yield event


def _opens(event: yaml.Event) -> int:
    return isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)


def _mark(event: yaml.Event) -> yaml.Mark:
    return cast("yaml.Mark", event.start_mark)  # libyaml's has the same attributes, but another class


def _line(mark: yaml.Mark | None) -> int:
    return mark.line + 1 if mark else 1


def _meaning(event: yaml.ScalarEvent) -> Scalar | Ambiguity:
    plain, _ = event.implicit
    return meaning(event.value) if plain else event.value
