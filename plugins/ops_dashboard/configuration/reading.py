"""The settings for those who look: one read for each ConfigMap or variable, shared for some seconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from threading import Condition

from cachetools import TTLCache, cachedmethod

from ops_dashboard.catalog import Setting
from ops_dashboard.configuration.encoding import current
from ops_dashboard.configuration.errors import ConfigurationError
from ops_dashboard.configuration.homes import Place, key_of
from ops_dashboard.configuration.models import Current
from ops_dashboard.settings import settings

_MAX_PLACES = 1000
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Values:
    """What was seen, and what could not be.

    Attributes:
        by_setting: The value of each setting that could be read, by name.
        problems: Why others could not be, a sentence each.
        seen_at: When the oldest was read.
    """

    by_setting: Mapping[str, Current]
    problems: tuple[str, ...]
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class _Seen:
    texts: Mapping[str, str]
    problem: str | None
    at: datetime


class ValueReader:
    """Reads settings through a cache that all requests of this process share.

    Args:
        seconds: How long an answer may be shown again.
    """

    def __init__(self, seconds: float) -> None:
        self._cache: TTLCache[Place, _Seen] = TTLCache(_MAX_PLACES, ttl=seconds)
        self._condition = Condition()

    def read(self, chosen: Iterable[Setting], since: Mapping[str, datetime] | None = None) -> Values:
        """The settings' values. All places are asked at the same time: one that hangs does not add to another.

        Args:
            chosen: Which settings.
            since: By name, the moment after which it must have been seen: what was just changed, or is about to be,
                must not be told from memory.
        """
        grouped: dict[Place, list[Setting]] = defaultdict(list)
        for setting in chosen:
            place = Place.of(setting)
            grouped[place].append(setting)
            if since and setting.name in since:
                self._forget_before(place, since[setting.name])
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            seen = dict(zip(grouped, threads.map(self._read_place, grouped), strict=True))
        return Values(
            by_setting={
                setting.name: current(setting.value, seen[place].texts.get(key_of(setting)))
                for place, members in grouped.items()
                for setting in members
                if seen[place].problem is None
            },
            problems=tuple(dict.fromkeys(each.problem for each in seen.values() if each.problem)),
            seen_at=min((each.at for each in seen.values()), default=datetime.now(UTC)),
        )

    def _forget_before(self, place: Place, moment: datetime) -> None:
        with self._condition:
            kept = self._cache.get(place)
            if kept is not None and kept.at < moment:
                del self._cache[place]

    @cachedmethod(lambda self: self._cache, key=lambda _self, place: place, condition=lambda self: self._condition)
    def _read_place(self, place: Place) -> _Seen:
        at = datetime.now(UTC)
        try:
            return _Seen(place.texts(), None, at)
        except ConfigurationError as error:
            # Kept like an answer: a cluster that is down must not be asked again by every page load.
            return _Seen({}, str(error), at)


@cache
def value_reader() -> ValueReader:
    """The reader of this process."""
    return ValueReader(settings().status_cache_seconds)
