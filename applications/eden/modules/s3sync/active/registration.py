"""Registers this site with another one, and stores its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ..adapters import adapter_type, can_ask
from ..adapters.base import Adapter
from ..adapters.settings import COLUMNS
from ..core.errors import ConfigurationError, SyncError
from ..database.log import OUTGOING, SyncLog
from ..database.tables.define import BELONGING, ENDING, OUTLIVING
from ..exchange.peer import Registration
from ..scheduler import jobs
from ..site import Site
from ..wire.protocol.offer import Offer, offer_json, read_offer
from ..wire.protocol.times import format_msince, parse_msince

#: The key of the offer in the settings of a repository.
OFFER = "offer"


@dataclass(frozen=True)
class Introduction:
    """The result of a registration.

    Attributes:
        repository_id: the repository of the other site; it differs from the given one if the other site had
            registered here before.
        registration: its answer, None if there was none.
        error: the error, None if there was none.
    """

    repository_id: int
    registration: Registration | None = None
    error: SyncError | None = None

    @property
    def succeeded(self) -> bool:
        """Whether this site is registered at the other one now."""
        return self.error is None


def introduce(site: Site, repository_id: int) -> Introduction:
    """Register this site at a repository, and log the result.

    Args:
        site: this site.
        repository_id: the repository.
    """
    row = site.repository(repository_id)
    log = SyncLog(site.db, site.store.transaction, site.clock, repository_id, OUTGOING)
    try:
        with site.peer(row) as peer:
            answer = peer.register()
            repository_id = _remember(site, row, answer)
            _ask_once(site, repository_id, peer, answer)
    except SyncError as error:
        log.error(None, "register", "request", error)
        site.note_contact(repository_id, None, status="failed")
        return Introduction(repository_id, error=error)
    log = SyncLog(site.db, site.store.transaction, site.clock, repository_id, OUTGOING)
    kind = f"version {answer.version}" if answer.is_ours else "an Eden"
    log.task(
        None, "register", "request", "success", f"{answer.message} ({kind}, {answer.uuid}).", remote=False
    )
    return Introduction(repository_id, answer)


class KnownOffer(NamedTuple):
    """The last known offer of another site.

    Attributes:
        offer: the offer.
        asked_on: when it was requested (UTC, our clock).
    """

    offer: Offer
    asked_on: datetime


def ask_for_offer(site: Site, repository_id: int) -> Offer | None:
    """Request the offer of a repository, and store it.

    Args:
        site: this site.
        repository_id: the repository.

    Returns:
        its offer; None from a site without one, such as an Eden.

    Raises:
        SyncError: it cannot be requested. The former offer stays stored.
    """
    with site.peer(site.repository(repository_id)) as peer:
        found = peer.offer()
    _remember_offer(site, repository_id, found)
    return found


def known_offer(row: Any) -> KnownOffer | None:
    """Return the stored offer of a repository, without a request.

    Args:
        row: row of sync_repository.
    """
    kept = (row.settings or {}).get(OFFER)
    if not kept:
        return None
    return KnownOffer(read_offer(kept["told"]), parse_msince(kept["asked_on"]))


def _ask_once(site: Site, repository_id: int, peer: Adapter, answer: Registration) -> None:
    """Request the offer of a newly registered site; the registration is valid also if that fails."""
    if not answer.is_ours:
        return
    try:
        _remember_offer(site, repository_id, peer.offer())
    except SyncError as error:
        SyncLog(site.db, site.store.transaction, site.clock, repository_id, OUTGOING).error(
            None, "register", "request", error
        )


def _remember_offer(site: Site, repository_id: int, found: Offer | None) -> None:
    table = site.db.sync_repository
    kept = dict(table(repository_id).settings or {})
    if found is None:
        kept.pop(OFFER, None)
    else:
        kept[OFFER] = {"told": offer_json(found), "asked_on": format_msince(site.clock.now())}
    with site.store.transaction():
        site.db(table.id == repository_id).update(settings=kept)


def _remember(site: Site, row: Any, answer: Registration) -> int:
    """Store what the other site told about itself; return its repository.

    Raises:
        ConfigurationError: that site has another repository already, or it is this site itself.
    """
    if answer.uuid == site.config().uuid:
        raise ConfigurationError(
            f"The repository {row.name} is this site itself.",
            hint="Enter the address of the other site.",
        )
    table = site.db.sync_repository
    learned = frozenset(row.capabilities or ()) & adapter_type(row.apitype).learned
    changes: dict[str, Any] = {
        "uuid": answer.uuid,
        "capabilities": sorted(answer.capabilities | learned),
        "peer_version": answer.version,
        "last_connected": site.clock.now(),
        "last_status": "registered",
        "settings": {**(row.settings or {}), "skew": answer.skew},
    }
    known = site.db((table.uuid == answer.uuid) & (table.id != row.id)).select().first()
    if known is not None and can_ask(known) and not known.deleted:
        raise ConfigurationError(
            f"The site of {row.name} is already here as the repository {known.name}.",
            hint=f"Use the repository {known.name} and delete this one.",
        )
    with site.store.transaction():
        if known is None:
            row.update_record(**changes)
            return int(row.id)
        # The other site has registered here, too: both rows are for the same site.
        entered = {name: row[name] for name in ("name", "apitype", *sorted(COLUMNS))}
        _hand_over(site, row.id, known.id)
        site.db(table.id == row.id).delete()
        site.db(table.id == known.id).update(**{**changes, **entered, "deleted": False})
        return int(known.id)


def _hand_over(site: Site, former: int, known: int) -> None:
    """Transfer everything that belongs to a repository to another one for the same site.

    The tasks are those that were entered last: the former's. The positions are those of the known one; what the former
    had received beyond them is compared again.
    """
    db, task = site.db, site.db.sync_task
    ours = [each.resource_name for each in site.task_rows(former)]
    db((task.repository_id == known) & task.resource_name.belongs(ours)).delete()
    jobs.hand_over(db, former, known)
    for name in (*BELONGING, *OUTLIVING):
        db(db[name].repository_id == former).update(repository_id=known)
    for name in ENDING:
        db(db[name].repository_id == former).delete()
    site.journal.forget_origin(former)
