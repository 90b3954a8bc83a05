"""Takes what the site that began a run tells at its end, and answers with what of its records is open here."""

from __future__ import annotations

from ..core.cursor import Cursor, acknowledge
from ..site import Repository, Site
from ..site import times as times
from ..site.exchange_state import Standing
from ..site.standing import open_here, store_there
from ..wire.protocol.standing import OpenList, StandingReport
from .contact import note_contact, registered


def take(site: Site, asking: str | None, report: StandingReport) -> OpenList:
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
        return open_here(repository)


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
        Standing(journal=report.journal, number=report.number, complete=report.complete, fetches=fetches)
    )
    if report.time is not None:
        now = site.clock.now()
        skew = (report.time - now).total_seconds()
        repository.update(settings=repository.settings_with(**times.told(skew, now)))
