"""What a person may ask for: which values are accepted, what is acted on, and how a record tells of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ops_dashboard.acts import (
    REQUESTS,
    ActRequest,
    ChangeGrantRequest,
    DecideSyncRequest,
    RequestError,
    ScaleRequest,
    grant_in_words,
    parse,
)
from ops_dashboard.catalog import Limits

DIGEST = "0123456789abcdef" * 4
SCALE = {"pool": "ads/bidder", "replicas": 7, "reason": "x"}
GRANT = {"change": "grant", "group": "ads-oncall", "action": "scale:ads/*", "reason": "x"}
REVOKE = {**GRANT, "change": "revoke"}
SYNC = {"source": "google", "digest": DIGEST, "decision": "release", "reason": "x"}

ACCEPTED: list[tuple[type[ActRequest], dict[str, Any], str, str | int]] = [
    (ScaleRequest, SCALE, "scale:ads/bidder", 7),
    (ChangeGrantRequest, GRANT, "manage:grants/scale/ads/*", "ads-oncall → scale:ads/*"),
    (ChangeGrantRequest, {**GRANT, "limits": None, "expires_at": None, "grant_id": None},
     "manage:grants/scale/ads/*", "ads-oncall → scale:ads/*"),
    (ChangeGrantRequest, {**GRANT, "limits": {}}, "manage:grants/scale/ads/*", "ads-oncall → scale:ads/*"),
    (ChangeGrantRequest, {**GRANT, "limits": {"min": 1, "max": 20}, "expires_at": "2026-12-01T19:00:00+01:00"},
     "manage:grants/scale/ads/*", "ads-oncall → scale:ads/*, 1 to 20, until 2026-12-01 18:00 UTC"),
    (ChangeGrantRequest, {**GRANT, "action": "*"}, "manage:grants/*", "ads-oncall → *"),
    (ChangeGrantRequest, {**GRANT, "action": "manage:access"}, "manage:grants/manage/access",
     "ads-oncall → manage:access"),
    # The rule has one word that means more than it says, and so has what one must be allowed to manage.
    (ChangeGrantRequest, {**GRANT, "action": "manage:grants"}, "manage:grants/manage/grants*",
     "ads-oncall → manage:grants"),
    (ChangeGrantRequest, REVOKE, "manage:grants/scale/ads/*", "revocation of ads-oncall → scale:ads/*"),
    (ChangeGrantRequest, {**REVOKE, "grant_id": 12}, "manage:grants/scale/ads/*",
     "revocation of grant 12, ads-oncall → scale:ads/*"),
    (DecideSyncRequest, SYNC, "manage:access", "release of sync 0123456789ab of google"),
    (DecideSyncRequest, {**SYNC, "decision": "discard"}, "manage:access", "discard of sync 0123456789ab of google"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "values", "target", "requested"), ACCEPTED)
def test_a_request_says_what_it_acts_on_and_what_it_asks_for(
    model: type[ActRequest], values: dict[str, Any], target: str, requested: str | int
) -> None:
    asked = parse(model, values)
    assert (asked.target, asked.requested) == (target, requested)
    assert asked.target == f"{asked.verb}:{model.resource_of(values)}"


REFUSED: list[tuple[str, type[ActRequest], dict[str, Any], dict[str, str]]] = [
    ("true for a count", ScaleRequest, {**SCALE, "replicas": True}, {"replicas": "True is not accepted"}),
    ("true for what was seen", ScaleRequest, {**SCALE, "expected": True}, {"expected": "True is not accepted"}),
    ("text for what was seen", ScaleRequest, {**SCALE, "expected": "7"}, {"expected": "'7' is not accepted"}),
    ("unknown key", ChangeGrantRequest, {**GRANT, "user": "x"}, {"user": "unknown; accepted are reason, change"}),
    ("what was seen, of a grant", ChangeGrantRequest, {**GRANT, "expected": 1}, {"expected": "unknown"}),
    ("nothing", ChangeGrantRequest, {}, dict.fromkeys(("reason", "change", "group", "action"), "missing; accepted is")),
    ("other change", ChangeGrantRequest, {**GRANT, "change": "edit"},
     {"change": "'edit' is not accepted; accepted is grant or"}),
    ("blank reason", ChangeGrantRequest, {**GRANT, "reason": " "}, {"reason": "' ' is not accepted"}),
    ("group on two lines", ChangeGrantRequest, {**GRANT, "group": "a\nb"}, {"group": r"'a\nb' is not accepted"}),
    ("group without a name", ChangeGrantRequest, {**GRANT, "group": ""}, {"group": "'' is not accepted"}),
    ("100 kB group", ChangeGrantRequest, {**GRANT, "group": "x" * 100_000}, {"group": "is not accepted"}),
    ("action without a verb", ChangeGrantRequest, {**GRANT, "action": "ads/*"},
     {"action": "'ads/*' is not accepted; accepted is scale"}),
    ("unknown verb", ChangeGrantRequest, {**GRANT, "action": "drop:ads"}, {"action": "'drop:ads' is not accepted"}),
    ("stars for a verb", ChangeGrantRequest, {**GRANT, "action": "*:ads"}, {"action": "'*:ads' is not accepted"}),
    ("two stars", ChangeGrantRequest, {**GRANT, "action": "**"}, {"action": "'**' is not accepted"}),
    ("LIKE's wildcard", ChangeGrantRequest, {**GRANT, "action": "scale:%"}, {"action": "'scale:%' is not accepted"}),
    ("action and newline", ChangeGrantRequest, {**GRANT, "action": "scale:a\n"},
     {"action": r"'scale:a\n' is not accepted"}),
    ("long action", ChangeGrantRequest, {**GRANT, "action": "scale:" + "a" * 201}, {"action": "is not accepted"}),
    ("limits as text", ChangeGrantRequest, {**GRANT, "limits": "1-20"},
     {"limits": "'1-20' is not accepted; accepted is a mapping"}),
    ("true for a limit", ChangeGrantRequest, {**GRANT, "limits": {"max": True}},
     {"limits.max": "True is not accepted; accepted is a whole"}),
    ("limits of a right to manage", ChangeGrantRequest,
     {**GRANT, "action": "manage:grants/scale/ads/*", "limits": {"max": 5}},
     {"limits": "accepted is nothing for manage:grants/scale/ads/*: limits are for actions that begin with scale: or"}),
    ("unknown limit", ChangeGrantRequest, {**GRANT, "limits": {"step": 1}},
     {"limits.step": "unknown; accepted are min, max, max_change"}),
    ("limits the wrong way round", ChangeGrantRequest, {**GRANT, "limits": {"min": 5, "max": 2}},
     {"limits.max": "2 is not accepted; accepted is at least min, which is 5"}),
    ("no change at all", ChangeGrantRequest, {**GRANT, "limits": {"max_change": 0}},
     {"limits.max_change": "0 is not accepted"}),
    ("time without a zone", ChangeGrantRequest, {**GRANT, "expires_at": "2026-12-01T18:00"},
     {"expires_at": "accepted is a date and time with its offset"}),
    ("a day", ChangeGrantRequest, {**GRANT, "expires_at": "2026-12-01"}, {"expires_at": "is not accepted"}),
    ("seconds since 1970", ChangeGrantRequest, {**GRANT, "expires_at": 4102444800},
     {"expires_at": "4102444800 is not accepted"}),
    ("the last year", ChangeGrantRequest, {**GRANT, "expires_at": "9999-12-31T23:59:59-10:00"},
     {"expires_at": "is not accepted"}),
    ("a number for a new grant", ChangeGrantRequest, {**GRANT, "grant_id": 3},
     {"grant_id": "3 is not accepted; accepted is nothing when change is grant"}),
    ("true for a number", ChangeGrantRequest, {**REVOKE, "grant_id": True}, {"grant_id": "True is not accepted"}),
    ("2^63", ChangeGrantRequest, {**REVOKE, "grant_id": 2**63}, {"grant_id": "is not accepted"}),
    ("limits of a revocation", ChangeGrantRequest, {**REVOKE, "limits": {"max": 3}},
     {"limits": "accepted is nothing when change is revoke"}),
    ("end of a revocation", ChangeGrantRequest, {**REVOKE, "expires_at": "2026-12-01T18:00:00Z"},
     {"expires_at": "accepted is nothing when"}),
    ("short digest", DecideSyncRequest, {**SYNC, "digest": DIGEST[:12]},
     {"digest": "is not accepted; accepted is the digest"}),
    ("upper-case digest", DecideSyncRequest, {**SYNC, "digest": DIGEST.upper()}, {"digest": "is not accepted"}),
    ("digest and newline", DecideSyncRequest, {**SYNC, "digest": DIGEST + "\n"}, {"digest": "is not accepted"}),
    ("other decision", DecideSyncRequest, {**SYNC, "decision": "apply"},
     {"decision": "'apply' is not accepted; accepted is release or discard"}),
    ("source with NUL", DecideSyncRequest, {**SYNC, "source": "a\x00"}, {"source": r"'a\x00' is not accepted"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "values", "problems"), [row[1:] for row in REFUSED], ids=[name for name, *_ in REFUSED]
)
def test_what_is_not_accepted_is_told_by_field(
    model: type[ActRequest], values: dict[str, Any], problems: dict[str, str]
) -> None:
    with pytest.raises(RequestError) as caught:
        parse(model, values)
    assert caught.value.problems.keys() == problems.keys()
    for field, words in problems.items():
        assert words in caught.value.problems[field]
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("model", REQUESTS.values())
@pytest.mark.parametrize("garbage", [{}, {"action": None, "pool": None}, {"action": ["*"], "pool": {"a": 1}}])
def test_what_is_acted_on_can_be_told_of_any_values(model: type[ActRequest], garbage: dict[str, Any]) -> None:
    assert isinstance(model.resource_of(garbage), str)


WORDS: list[tuple[Limits, datetime | None, str]] = [
    (Limits(), None, "a → scale:x"),
    (Limits(min=2), None, "a → scale:x, at least 2"),
    (Limits(max=0), None, "a → scale:x, at most 0"),
    (Limits(min=0, max=0), None, "a → scale:x, 0 to 0"),
    (Limits(max_change=5), None, "a → scale:x, changes of at most 5"),
    (Limits(min=1, max=9, max_change=5), datetime(2026, 12, 1, 18, tzinfo=UTC),
     "a → scale:x, 1 to 9, changes of at most 5, until 2026-12-01 18:00 UTC"),
]  # fmt: skip


@pytest.mark.parametrize(("limits", "expires_at", "words"), WORDS)
def test_a_grant_reads_as_a_line(limits: Limits, expires_at: datetime | None, words: str) -> None:
    assert grant_in_words("a", "scale:x", limits, expires_at) == words
