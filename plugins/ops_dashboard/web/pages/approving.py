"""What who approves a request should know beside what exactly would be done."""

from __future__ import annotations

from ops_dashboard import access
from ops_dashboard.acts import ChangeSettingRequest, RunRequest, ScaleRequest
from ops_dashboard.catalog.current import current_catalog
from ops_dashboard.configuration.reading import value_reader
from ops_dashboard.ledger import Entry, Value
from ops_dashboard.web.components import Code, Facts, Link, Node, Note, Panel, Text, Time, Tone
from ops_dashboard.web.dag_runs import DagRun
from ops_dashboard.web.pages.operations.words import operation_url, paragraphs, what_runs
from ops_dashboard.web.pages.run_records import read_records
from ops_dashboard.web.pages.shared import person, state_badge
from ops_dashboard.web.pages.values import given, value_in_words
from ops_dashboard.web.pages.waiting import is_outdated, outdated
from ops_dashboard.web.request import PageRequest
from ops_dashboard.workers.statuses import status_reader

_Fact = tuple[str, Node]


def about_request(request: PageRequest, asked: DagRun) -> tuple[Node, ...]:
    """Who asked, until when it has to be answered, why it takes somebody, and what it is about as it is now."""
    entry = next((each for each in read_records(request, asked.dag_id, asked.run_id) if each.is_waiting), None)
    who = person(asked.asked_by or "nobody", request.user.name)
    facts: list[_Fact] = [("Asked by", (f"{who} ", Time(asked.asked_at)))]
    notes: tuple[Node, ...] = ()
    if entry is not None:
        facts += [("To be answered", Time(entry.answer_by))] if entry.answer_by else []
        facts += _why(request, entry)
        more, notes = _about(request, entry)
        facts += more
    return (Panel(*notes, Facts(*facts)),)


def _why(request: PageRequest, entry: Entry) -> list[_Fact]:
    """What the asker's own grant says to it, where that is what takes somebody else."""
    if entry.action == RunRequest.verb:
        return []
    amounts = access.amount(entry.requested), access.amount(entry.before)
    decision = access.decide(request.database, entry.actor, f"{entry.action}:{entry.resource}", *amounts)
    request.release_database()  # what follows waits for a cluster
    if decision.approver is None:
        return []
    return [("Why", f"{decision.reason[:1].upper()}{decision.reason[1:]}.")]


def _about(request: PageRequest, entry: Entry) -> tuple[list[_Fact], tuple[Node, ...]]:
    catalog = current_catalog()
    if entry.action == ScaleRequest.verb and entry.resource in catalog.pools:
        return _about_pool(request, entry)
    if entry.action == ChangeSettingRequest.verb and entry.resource in catalog.settings:
        return _about_setting(request, entry)
    if entry.action != RunRequest.verb:
        return [], ()
    values = given(entry.resource, entry.requested)
    operation = catalog.operations.get(entry.resource)
    if operation is None or not request.may("view:operations"):
        return values, ()
    title = Link(operation.title, operation_url(request, operation.name))
    facts: list[_Fact] = [("Operation", title), *values, what_runs(request, operation)]
    return facts, tuple(map(Text, paragraphs(operation)))


def _about_pool(request: PageRequest, entry: Entry) -> tuple[list[_Fact], tuple[Node, ...]]:
    pools = current_catalog().pools
    pool = pools[entry.resource]
    status = status_reader().read_beside(pool, pools.values(), since=request.now).by_pool.get(pool.name)
    link = Link(Code(pool.name), request.url("/workers", q=pool.name))
    now = f"{status.ready} of {status.desired} ready" if status else None
    facts: list[_Fact] = [("Pool", link), ("Now", now), ("State", state_badge(status))]
    facts += [("Limits", f"{pool.min} to {pool.max}"), ("Owner", pool.owner)]
    return facts, _in_vain(entry, status.desired if status else None)


def _about_setting(request: PageRequest, entry: Entry) -> tuple[list[_Fact], tuple[Node, ...]]:
    setting = current_catalog().settings[entry.resource]
    current = value_reader().read([setting], since={setting.name: request.now}).by_setting.get(setting.name)
    now: Node = Code(value_in_words(current.value)) if current is not None else None
    facts: list[_Fact] = [("Setting", setting.title), ("Now", now), ("Owner", setting.owner)]
    return facts, _in_vain(entry, current.value if current is not None else None)


def _in_vain(entry: Entry, present: Value) -> tuple[Node, ...]:
    if not is_outdated(entry, present):
        return ()
    return (Note(Tone.WARN, outdated(present), title="Changed meanwhile:"),)
