"""The figures that rules of notices look at, from the database: those that ``/metrics`` tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from ...site import Site
from ..status import RepositoryStatus, statuses
from ..troubles import failed_in_a_row, free_bytes
from .rules import THIS_SITE, Figure, Kind

MEGABYTE = 1_000_000
HOUR = timedelta(hours=1)


def figures(site: Site, kinds: Iterable[Kind]) -> list[Figure]:
    """Return the figures of some kinds; only what these need is read.

    A repository that was revoked, or waits for approval, has none.

    Args:
        site: this site.
        kinds: those of the rules that are switched on.
    """
    wanted = frozenset(kinds)
    found: list[Figure] = []
    if Kind.DISK in wanted:
        free = free_bytes(site)
        found.append(Figure(Kind.DISK, THIS_SITE, None if free is None else free / MEGABYTE))
    if wanted - {Kind.DISK}:
        found += _of_repositories(site, wanted)
    return [each for each in found if each.kind in wanted]


def _of_repositories(site: Site, wanted: frozenset[Kind]) -> Iterator[Figure]:
    shown = [each for each in statuses(site) if not (each.facts.is_revoked or each.facts.is_waiting)]
    yield Figure(Kind.CONFLICTS, THIS_SITE, sum(each.facts.undecided for each in shown))
    failed = failed_in_a_row(site) if Kind.FAILED in wanted else {}
    since = _set_up_on(site) if Kind.SILENT in wanted else {}
    for each in shown:
        yield Figure(Kind.CONFLICTS, each.id, each.facts.undecided)
        if each.facts.skew is not None:
            yield Figure(Kind.CLOCK, each.id, each.facts.skew)
        if each.facts.is_active:
            yield Figure(Kind.FAILED, each.id, failed.get(each.id, 0))
        heard = last_heard(each) or since.get(each.id)
        if heard is not None:
            yield Figure(Kind.SILENT, each.id, max(0.0, (site.clock.now() - heard) / HOUR))


def last_heard(each: RepositoryStatus) -> datetime | None:
    """Return when another site was heard last: when it made contact, or a run of ours with it was complete."""
    moments = (each.facts.last_contact, each.facts.last_success)
    return max((moment for moment in moments if moment is not None), default=None)


def _set_up_on(site: Site) -> dict[int, datetime]:
    table = site.db.sync_repository
    rows = site.db(table.id > 0).select(table.id, table.created_on)
    return {int(row.id): row.created_on for row in rows if row.created_on is not None}
