"""Takes what the site that began a run tells at its end; answers what of its records is open here and what changed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence

from ..core.cursor import Cursor, acknowledge
from ..core.limits import MOST_FILES
from ..exchange.scope import NotInScope
from ..site import Repository, Site
from ..site import left_records as left_records
from ..site import times as times
from ..site.exchange_state import Standing
from ..site.scoping import scopes as scopes
from ..site.standing import changed_since, open_here, store_there
from ..wire.filters import Filter
from ..wire.protocol.news import read_pulls
from ..wire.protocol.pull import PullRequest
from ..wire.protocol.standing import StandingAnswer, StandingReport
from .begun import BegunExchanges
from .contact import note_contact, registered
from .scoped import within


def take(site: Site, asking: str | None, report: StandingReport) -> StandingAnswer:
    """Store a report; one that arrives late changes nothing.

    Args:
        site: this site.
        asking: how the asking site identifies itself.
        report: what it tells.

    Raises:
        NotRegistered, ForeignAccount: it is not registered, or belongs to another account.
    """
    repository = registered(site, asking)
    note_contact(repository)
    with site.store.transaction():
        former = repository.states.standing()
        if former.journal != report.journal or former.number < report.number:
            _store(repository, report)
            if report.version and report.version != repository.peer_version:
                repository.update(peer_version=report.version)
        if report.complete:
            BegunExchanges(repository).end()
        site.kept_versions.supersede(left_records.outdated(repository))
        # Before a run there is nothing to compare with: it is about to fetch what changed.
        names = dict.fromkeys((*report.fetches, *report.cursors))
        changed = changed_since(repository, fetched(repository, names)) if report.complete else {}
        files = [each.uuid for each in site.pending_references.waiting_files(repository.id, MOST_FILES)]
        return StandingAnswer(open_here(repository), changed, files=list(dict.fromkeys(files)))


def fetched(repository: Repository, names: Iterable[str]) -> dict[str, Sequence[Filter]]:
    """Return tables that the asking site fetches, with the filters of its last question for news.

    Where that was answered with nothing, no cursor was handed out, or it did not move: what the filters keep back, and
    what was there before, lies behind it as well.

    Args:
        repository: the repository of the asking site.
        names: of the tables; those that it may not read are left out.
    """
    tables: dict[str, Sequence[Filter]] = dict.fromkeys(names, ())
    _, asked = repository.states.question()
    found = {
        **tables,
        **{each.resource: each.filters for each in read_pulls(asked) if each.resource in tables},
    }
    scope = scopes.of_repository(repository)
    if scope is None:
        return found
    may: dict[str, Sequence[Filter]] = {}
    for name, filters in found.items():
        # Of what may not be asked for nothing is counted either.
        with contextlib.suppress(NotInScope):
            may[name] = within(repository.site, PullRequest(name, filters=tuple(filters)), scope).filters
    return may


def _store(repository: Repository, report: StandingReport) -> None:
    site, states = repository.site, repository.states
    store_there(repository, report.open)
    for table, text in report.cursors.items():
        served = states.served(table)
        arrived = acknowledge(served, Cursor.parse(text), states.identity)
        if arrived != served:
            states.save_served(table, arrived)
    fetches = [name for name in report.fetches if site.schema.get(name) is not None]
    states.save_standing(
        Standing(
            journal=report.journal,
            number=report.number,
            complete=report.complete,
            fetches=fetches,
            changed=dict(report.changed),
        )
    )
    if report.time is not None:
        now = site.clock.now()
        skew = (report.time - now).total_seconds()
        repository.update(settings=repository.settings_with(**times.told(skew, now)))
