"""Resolves many kept versions by one rule, batch by batch, with a report of those left open.

A rule never overrides later changes: if the record was changed after its conflict, the version is left open for a
person. The work is a row of sync_decision. A request or the scheduler's worker claims a batch by moving the row's
position, so that several of them do not interfere, and interrupted work continues where it ended.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..core.errors import BadRequest, SyncError
from ..core.kept import KeptKind, KeptState, Resolution, Rule, Side
from ..core.schema import Table
from ..core.task import Result
from ..core.text import TextEnum
from ..exchange import disputes as disputes
from ..exchange import versions as versions
from ..exchange.disputes import Disagreement
from ..exchange.importer.report import problems_of
from ..scheduler import queue as scheduler_queue
from ..site import Site
from ..site import waiting_deletions as waiting_deletions
from . import decisions as decisions
from . import resolve as resolve
from .kept_list import KeptVersionQuery, entries
from .resolve import Present

FUNCTION = "sync_decide"
BATCH = 50
MOST_PROBLEMS = 200
#: The names of the stored query's values, in the order used before they were stored by name.
_BY_POSITION = ("repository", "kind", "resource", "state", "since", "search")


class LeftOpen(TextEnum):
    """Why a version was left open, besides the reasons of an import."""

    CHANGED = "changed"
    DELETED = "deleted"
    LATER = "later"
    SAME_TIME = "same time"
    UNKNOWN = "unknown"


class WorkState(TextEnum):
    """The state of the work of a rule, a row of sync_decision."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"


class VersionFacts(NamedTuple):
    """The input of a rule.

    Attributes:
        kind: why the version was kept.
        status: as in ``exchange.versions.record_status``, for a conflict that is known by field that of the fields in
            dispute.
        ours_on, theirs_on: times of the versions (UTC), None if unknown.
        now_on: time of the present record, None if it is not here.
        newer: of a conflict that is known by field, the later side of each field; empty for others.
    """

    kind: KeptKind
    status: versions.RecordStatus
    ours_on: datetime | None = None
    theirs_on: datetime | None = None
    now_on: datetime | None = None
    newer: Mapping[str, Side] = {}


class RuleResult(NamedTuple):
    """The result of a rule for a version: the decision, or why it is left open."""

    decision: Resolution | None = None
    why: LeftOpen | None = None


def apply_rule(rule: Rule, facts: VersionFacts) -> RuleResult:
    """Apply a rule.

    Args:
        rule: the rule.
        facts: the facts about the version and its record.
    """
    if rule is Rule.KEEP:
        return RuleResult(Resolution.KEEP)
    if facts.kind is KeptKind.CONFLICT:
        if facts.status is versions.RecordStatus.OTHER:
            return RuleResult(why=LeftOpen.CHANGED)
        if facts.status is versions.RecordStatus.DELETED:
            return RuleResult(why=LeftOpen.DELETED)
        if rule is Rule.NEWER:
            return _newer(facts)
        return RuleResult(Resolution(rule))
    if rule is Rule.OURS:
        return RuleResult(Resolution.KEEP)
    later = facts.now_on is not None and facts.theirs_on is not None and facts.now_on > facts.theirs_on
    if not later or facts.status is versions.RecordStatus.THEIRS:
        return RuleResult(Resolution.THEIRS)
    return RuleResult(Resolution.KEEP) if rule is Rule.NEWER else RuleResult(why=LeftOpen.LATER)


def _newer(facts: VersionFacts) -> RuleResult:
    sides = set(facts.newer.values())
    if sides:
        return RuleResult(Resolution(sides.pop()) if len(sides) == 1 else Resolution.FIELDS)
    ours, theirs = facts.ours_on, facts.theirs_on
    if ours is None or theirs is None or ours == theirs:
        return RuleResult(why=LeftOpen.SAME_TIME)
    return RuleResult(Resolution.OURS if ours > theirs else Resolution.THEIRS)


# --- which versions ------------------------------------------------------------------------------------------


class Selection(NamedTuple):
    """The versions to resolve.

    Attributes:
        ids: ids of sync_kept, None for all of the query.
        wanted: the query of the list.
    """

    ids: list[int] | None
    wanted: KeptVersionQuery

    def to_text(self) -> str:
        """Return the selection as text for the database."""
        return json.dumps({"ids": self.ids, "wanted": self.wanted._asdict()})

    @classmethod
    def from_text(cls, text: str) -> "Selection":
        """Return the selection from its text, also in the form of an earlier release, of which work may wait."""
        given = json.loads(text)
        wanted = given["wanted"]
        named = dict(zip(_BY_POSITION, wanted)) if isinstance(wanted, list) else wanted
        return cls(given["ids"], KeptVersionQuery(**named))

    def query(self, db: Any, rule: Rule) -> Any:
        """Return the query for the open versions of the selection that the rule applies to."""
        table = db.sync_kept
        if self.ids is not None:
            query = table.id.belongs(self.ids)
        else:
            query = self.wanted._replace(state=KeptState.OPEN).query(db)
        query &= table.state == KeptState.OPEN
        if rule == Rule.AGAIN:
            query &= table.kind == KeptKind.REJECTED
        return query


def counts(site: Site, selection: Selection, rule: Rule) -> dict[str, int]:
    """Return kind -> number of versions that the rule would apply to."""
    db, table = site.db, site.db.sync_kept
    number = table.id.count()
    rows = db(selection.query(db, rule)).select(table.kind, number, groupby=table.kind)
    found = {row.sync_kept.kind: int(row[number]) for row in rows}
    return {kind: found[kind] for kind in KeptKind if kind in found}


# --- the work ------------------------------------------------------------------------------------------------


def begin(site: Site, selection: Selection, rule: str, user_id: int | None) -> int:
    """Store the work to do; return its key.

    Args:
        site: this site.
        selection: the versions; those kept later are not resolved.
        rule: a text of ``Rule``.
        user_id: the user who decides.

    Raises:
        BadRequest: there is no such rule.
    """
    chosen = next((each for each in Rule if each == rule), None)
    if chosen is None:
        raise BadRequest(f"There is no rule {rule[:64]!r}.", hint="Choose one of the list.")
    db, table = site.db, site.db.sync_kept
    query = selection.query(db, chosen)
    last = db(query).select(table.id.max()).first()[table.id.max()]
    with site.store.transaction():
        key: int = db.sync_decision.insert(
            rule=chosen.value,
            selection=selection.to_text(),
            last_id=last or 0,
            user_id=user_id,
            total=db(query).count(),
            problems=[],
        )
    return key


def work(site: Site, key: int, seconds: float | None = None) -> bool:
    """Resolve versions batch by batch.

    Args:
        site: this site.
        key: key of the work.
        seconds: seconds after which to stop between two batches, None for never.

    Returns:
        whether all versions are done.

    Raises:
        BadRequest: there is no such work.
        SyncError: the database did not accept a batch; the work can be continued.
    """
    started = time.monotonic()
    while _batch(site, key):
        if seconds is not None and time.monotonic() - started > seconds:
            return False
    return True


def decide(key: int) -> dict[str, Any]:
    """Finish the work; the scheduler's worker calls this.

    Args:
        key: key of the work.

    Returns:
        the result, for the scheduler's record.
    """
    site = Site.from_current()
    row = site.db.sync_decision(key)
    site.host.impersonate(row.user_id if row is not None else None)
    try:
        work(site, key)
    finally:
        site.db.commit()
    row = site.db.sync_decision(key)
    return {"decided": row.done, "left open": row.left_open}


def queue(site: Site, key: int, timeout: float) -> None:
    """Queue the rest of the work for the next free worker, unless it is queued already. The caller commits.

    Args:
        site: this site, with the scheduler's tables.
        key: key of the work.
        timeout: maximum seconds of the task.
    """
    db, table = site.db, site.db.scheduler_task
    name = f"Decisions {key}"
    waiting = table.status.belongs(scheduler_queue.UNDER_WAY)
    if not db((table.function_name == FUNCTION) & (table.task_name == name) & waiting).isempty():
        return
    scheduler_queue.queue(site, FUNCTION, name, {"key": key}, timeout=timeout)


def purge(db: Any, before: datetime) -> None:
    """Remove work that began before a time (UTC). The caller commits."""
    db(db.sync_decision.created_on < before).delete()


def _batch(site: Site, key: int) -> bool:
    """Resolve the next versions; return whether there may be more."""
    db, table = site.db, site.db.sync_decision
    # Ends the read transaction: in some databases it would not see later changes.
    db.commit()
    sweep = table(key)
    if sweep is None:
        raise BadRequest("There is no such decision.", hint="It may have been removed with the log.")
    if sweep.state == WorkState.FINISHED:
        return False
    kept = db.sync_kept
    query = Selection.from_text(sweep.selection).query(db, Rule(sweep.rule))
    query &= (kept.id > sweep.position) & (kept.id <= sweep.last_id)
    rows = list(db(query).select(orderby=kept.id, limitby=(0, BATCH)))
    if not rows:
        _finish(site, key)
        return False
    with site.store.transaction():
        claim = (table.id == key) & (table.position == sweep.position) & (table.state != WorkState.FINISHED)
        if not db(claim).update(position=rows[-1].id, state=WorkState.RUNNING):
            return True
        sweep = table(key)
        problems = _decide(site, sweep, rows)
        sweep.update_record(
            done=sweep.done + len(rows) - len(problems),
            left_open=sweep.left_open + len(problems),
            problems=[*(sweep.problems or []), *problems][:MOST_PROBLEMS],
        )
    return True


def _finish(site: Site, key: int) -> None:
    db, table = site.db, site.db.sync_decision
    with site.store.transaction():
        ended = (table.id == key) & (table.state != WorkState.FINISHED)
        if not db(ended).update(state=WorkState.FINISHED, finished_on=site.clock.now()):
            return
        sweep = table(key)
        selection = Selection.from_text(sweep.selection)
        who = resolve.person(site, sweep.user_id)
        lines = [f"Decided by {who} by the rule '{sweep.rule}': {sweep.done}. Left open: {sweep.left_open}."]
        lines += [f"{each['name']}: {each['why']}" for each in sweep.problems or []]
        resolve.tell(
            site,
            selection.wanted.repository,
            selection.wanted.resource or None,
            Result.WARNING if sweep.left_open else Result.SUCCESS,
            "\n".join(lines),
        )


class _Known(NamedTuple):
    """What is known of a version.

    Attributes:
        facts: for the rule.
        key: key of the record, None if it is not here.
        disagreement: the fields that it is about, None where whole versions are.
    """

    facts: VersionFacts
    key: int | None
    disagreement: Disagreement | None


def _decide(site: Site, sweep: Any, rows: Sequence[Any]) -> list[Mapping[str, Any]]:
    """Resolve versions within the current transaction; return those left open, with the reason."""
    rule = Rule(sweep.rule)
    known = _knowledge(site, rows)
    if rule is Rule.KEEP:
        _settle(site, {Resolution.KEEP: rows}, known, sweep.user_id)
        return []
    changed: set[tuple[str, str | None]] = set()
    settled: dict[Resolution, list[Any]] = {}
    left: list[Mapping[str, Any]] = []
    for entry in entries(site, rows):
        row = entry.row
        record = (row.tablename, row.uuid)
        found = _knowledge(site, [row]).get(row.id) if record in changed else known.get(row.id)
        ruling = RuleResult(why=LeftOpen.UNKNOWN) if found is None else apply_rule(rule, found.facts)
        why: str = ruling.why or ""
        if ruling.decision is not None and found is not None:
            if ruling.decision in (Resolution.KEEP, found.facts.status.value):
                settled.setdefault(ruling.decision, []).append(row)
                continue
            why = _restore(site, row.id, ruling.decision, found.facts.newer, sweep.user_id)
            changed.add(record)
        if why:
            name = entry.name or row.uuid or row.tablename
            left.append({"id": row.id, "name": name, "why": why})
    _settle(site, settled, known, sweep.user_id)
    return left


def _settle(
    site: Site, settled: Mapping[Resolution, Sequence[Any]], known: Mapping[int, _Known], user_id: int | None
) -> None:
    """Close versions whose records say already what was decided; others have to learn of that all the same."""
    by_table: dict[str, list[decisions.Decided]] = {}
    for decision, rows in settled.items():
        waiting_deletions.close(site, [row.id for row in rows], user_id, decision)
        for row in rows:
            found = known.get(row.id)
            if found is not None and found.disagreement is not None and found.key is not None:
                made = decisions.Decided(found.key, found.disagreement)
                by_table.setdefault(row.tablename, []).append(made)
    for name, group in by_table.items():
        decisions.note(site, site.schema.table(name), group, user_id)


def _restore(
    site: Site, kept_id: int, decision: Resolution, sides: Mapping[str, Side], user_id: int | None
) -> str:
    """Make a version the record, or the chosen sides of its fields; return why this failed, "" if it did not."""
    try:
        if decision is Resolution.FIELDS:
            report = resolve.combine(site, kept_id, sides, user_id, quiet=True)
        else:
            report = resolve.restore(site, kept_id, Side(decision), user_id, quiet=True)
    except BadRequest as refused:
        return refused.explain()
    return " ".join(map(str, problems_of(report))) if report.failures else ""


def _knowledge(site: Site, rows: Sequence[Any]) -> dict[int, _Known]:
    """Return id -> what is known of a version, without those that this site can no longer read."""
    found: dict[int, _Known] = {}
    by_table: dict[str, list[Any]] = {}
    for row in rows:
        by_table.setdefault(row.tablename, []).append(row)
    for name, group in by_table.items():
        table = site.schema.get(name)
        if table is None:
            continue
        uuids = [row.uuid for row in group if row.uuid]
        present = resolve.all_here(site, table, uuids)
        keys = [each.key for each in present.values() if each.key is not None]
        texts = site.exporter.snapshot(table, keys)
        for row in group:
            here = present.get(row.uuid, Present(None))
            try:
                found[row.id] = _known(site, table, row, here, texts.get(here.key or 0))
            except SyncError:
                continue
    return found


def _known(site: Site, table: Table, row: Any, here: Present, text: str | None) -> _Known:
    ours, theirs = versions.read(row.ours, site.schema), versions.read(row.theirs, site.schema)
    now = versions.read(text, site.schema)
    disputed = None
    if row.kind == KeptKind.CONFLICT and here.is_here:
        disputed = decisions.in_dispute(site, ours, theirs, table)
    if disputed is not None and ours is not None and theirs is not None:
        status = disputes.status(disputed, now, ours, theirs, table, site.own_domain)
    else:
        status = versions.record_status(now, ours, theirs, table, site.own_domain)
    facts = VersionFacts(
        KeptKind(row.kind),
        status,
        ours.modified_on if ours is not None else None,
        theirs.modified_on if theirs is not None else None,
        here.modified_on if here.is_here else None,
        decisions.newer(disputed, table) if disputed is not None else {},
    )
    return _Known(facts, here.key if here.is_here else None, disputed)
