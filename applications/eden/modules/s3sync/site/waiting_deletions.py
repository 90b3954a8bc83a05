"""Deletions of records that others still refer to are tried again, over all resources, until they are final.

What stands in the way of a deletion may be deleted, moved or freed by a resource that comes later, by another
repository, or by a person here. A refusal is final when whoever sent the deletion has nothing left that could lift it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Callable

from ..core.kept import Kept
from ..core.policy import Terms
from ..core.records import Action
from ..exchange.importer import Report
from . import Site
from .exchange_state import ExchangeStates

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
    return site.importer.delete_again(waiting, terms, replace(context, final=final))
