"""Deletions of records that others still refer to are tried again, over all resources, until they are final.

What stands in the way of a deletion may be deleted, moved or freed by a resource that comes later, by another
repository, or by a person here. A refusal is final when whoever sent the deletion has nothing left that could lift it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Callable

from ..core.clock import later
from ..core.kept import Kept, KeptKind, Resolution
from ..core.policy import Terms
from ..core.records import Action
from ..core.schema import Table
from ..database import open_versions as open_versions
from ..exchange.importer import Report
from ..exchange.scope_guard import LeavesScope
from . import Site
from . import left_records as left_records
from .exchange_state import ExchangeStates
from .scoping import scopes as scopes

DELETIONS_AT_ONCE = 500

_CARRIED_OUT = (Action.DELETED, Action.MERGED)


def retry_deletions(site: Site) -> dict[int, Report]:
    """Carry out deletions that wait and that nothing stands in the way of any more, within the current transaction.

    Returns:
        repository -> what became of its deletions.
    """
    reports: dict[int, Report] = {}
    again = True
    while again:
        # One that is carried out may have stood in the way of another one.
        again = False
        for group in _groups(site):
            report = _try(site, group, final=False)
            again = again or bool(sum(report.counts[action] for action in _CARRIED_OUT))
            reports.setdefault(group[0].repository_id or 0, Report()).add_others(report)
    return reports


def refuse_deletions(
    site: Site, repository_id: int, is_final: Callable[[Kept], bool] = lambda kept: True
) -> dict[str, Report]:
    """Refuse deletions of a repository that still wait, within the current transaction: it gets the records back.

    Args:
        site: this site.
        repository_id: the repository.
        is_final: which of them.

    Returns:
        table -> what became of its records.
    """
    reports: dict[str, Report] = {}
    for group in _groups(site):
        due = [each for each in group if each.repository_id == repository_id and is_final(each)]
        if due:
            reports.setdefault(due[0].table, Report()).add(_try(site, due, final=True))
    return reports


def close(site: Site, rows: Sequence[int], user_id: int | None, decision: Resolution) -> None:
    """Close kept versions on which a person decided, within the current transaction.

    Where that leaves two sites different, they go on telling so.

    A record that a deletion still waited for and that stays is given back: later than the deletion, as if that had been
    refused at the end of a run. Its sender would go on without it.

    Args:
        site: this site.
        rows: their rows in sync_kept.
        user_id: who decided.
        decision: what; the records say it already.
    """
    kept = site.db.sync_kept
    waiting = site.db(kept.id.belongs(rows) & (kept.kind == KeptKind.WAITING.value)).select(
        kept.tablename, kept.uuid, kept.modified_on
    )
    left = left_records.apart(site, rows) if decision is Resolution.KEEP else set()
    if left:
        open_versions.leave(site.db, left, user_id, site.clock.now())
    site.kept_versions.resolve([row for row in rows if row not in left], user_id, decision)
    deleted: dict[str, dict[str, datetime | None]] = {}
    for row in waiting:
        deleted.setdefault(row.tablename, {})[row.uuid] = row.modified_on
    for name, moments in deleted.items():
        table = site.schema.get(name)
        if table is not None:
            _give_back(site, table, moments)


def _give_back(site: Site, table: Table, deleted_on: Mapping[str, datetime | None]) -> None:
    now, rows = site.clock.now(), []
    for key, uuid, gone, moment in site.store.fetch(
        table, (table.key, "uuid", "deleted", "modified_on"), "uuid", deleted_on
    ):
        if not gone:
            known = max(each for each in (moment, deleted_on[uuid], datetime.min) if each is not None)
            rows.append((key, later(known, now, site.is_possible)))
    site.store.update(table, ("modified_on",), rows)
    site.journal.note(table.name, [key for key, _ in rows], None)


def _groups(site: Site) -> Iterator[list[Kept]]:
    """Yield deletions that wait, those of one repository and table together."""
    last = 0
    while True:
        found = site.kept_versions.waiting_deletions(last, DELETIONS_AT_ONCE)
        if not found:
            return
        last = found[-1][0]
        waiting = sorted((each for _, each in found), key=_place)
        for _, group in groupby(waiting, key=_place):
            yield list(group)


def _place(kept: Kept) -> tuple[int, str]:
    return kept.repository_id or 0, kept.table


def _try(site: Site, waiting: list[Kept], *, final: bool) -> Report:
    repository_id, table = _place(waiting[0])
    states = ExchangeStates(site.checkpoints, repository_id, site.journal.identity())
    context = site.context(repository_id, states.exchanged(table), states.delivered)
    repository = site.known_repository(repository_id)
    terms = repository.usual_terms(table) if repository else Terms()
    # The scope counts as it is now, and the record as it is now: both may have changed while the deletion waited.
    scope = scopes.given_to(repository) if repository else None
    context = replace(context, final=final)
    if scope is None:
        return site.importer.delete_again(waiting, terms, context)
    try:
        with site.store.savepoint():
            return site.importer.delete_again(waiting, terms, replace(context, guard=scope.guard()))
    except LeavesScope as left:
        # Only once they were carried out it turned out where some of them lead.
        return site.importer.delete_again(waiting, terms, replace(context, guard=scope.guard(left.named)))
