"""How times and differences read. The scripts in `static/` say the same words for what moves in the browser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def ago(at: datetime, now: datetime) -> str:
    """Say how far away a point in time is: "12 s ago", "in 5 min", "yesterday 21:40", "6 days ago", "3 Nov 2026".

    Args:
        at: The point in time, time zone aware.
        now: The time of the request, time zone aware.
    """
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    seconds = int(abs(now - at).total_seconds())
    if seconds == 0:
        return "just now"
    if seconds < 86_400:
        amount = _amount(seconds)
        return f"in {amount}" if at > now else f"{amount} ago"
    days = abs((now.date() - at.date()).days)
    if at < now and now.date() - at.date() == timedelta(days=1):
        return f"yesterday {at:%H:%M}"
    if days <= 14:
        plural = "day" if days == 1 else "days"
        return f"in {days} {plural}" if at > now else f"{days} {plural} ago"
    return f"{at.day} {at:%b %Y}"


def _amount(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    return f"{seconds // 3600} h"


def lasting(span: timedelta) -> str:
    """Say how long a limit is: "45 min", "6 h", "2.5 h", "3 days"."""
    minutes = span.total_seconds() / 60
    if minutes < 120:
        return f"{round(minutes, 1):g} min"
    hours = round(minutes / 60, 1)
    return f"{hours:g} h" if hours <= 48 else f"{round(hours / 24, 1):g} days"


def exact(at: datetime) -> str:
    """Say a point in time in full, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def clock(at: datetime) -> str:
    """Say the time of day, in UTC."""
    return f"{at.astimezone(UTC):%H:%M:%S}"


def difference(before: int | None, after: int, unit: str) -> str:
    """Say what a change amounts to: "6 more workers", "1 fewer worker", "no change"."""
    if before is None or not unit:
        return ""
    if after == before:
        return "no change"
    count = abs(after - before)
    return f"{count} {'more' if after > before else 'fewer'} {unit.removesuffix('s') if count == 1 else unit}"
