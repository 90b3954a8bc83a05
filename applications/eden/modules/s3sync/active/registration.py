"""Making acquaintance with another site: introduce this one, remember what it answered."""

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

#: Where the offer of a repository is kept in its settings.
OFFER = "offer"


@dataclass(frozen=True)
class Introduction:
    """How it went.

    Attributes:
        repository_id: the repository that now stands for the other site; another one than was asked for where
            the other site had introduced itself here before.
        registration: its answer, None where there was none.
        error: what went wrong, None where nothing did.
    """

    repository_id: int
    registration: Registration | None = None
    error: SyncError | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the other site knows this one now."""
        return self.error is None


def introduce(site: Site, repository_id: int) -> Introduction:
    """Register this site at a repository, and write into the log how that went.

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
    """What another site offered when it was asked last.

    Attributes:
        offer: what it said.
        asked_on: when (UTC, our clock).
    """

    offer: Offer
    asked_on: datetime


def ask_for_offer(site: Site, repository_id: int) -> Offer | None:
    """Ask a repository what it offers, and remember the answer.

    Args:
        site: this site.
        repository_id: the repository.

    Returns:
        its offer; None from a site that makes none, as an Eden.

    Raises:
        SyncError: it cannot be asked. What it offered before stays remembered.
    """
    with site.peer(site.repository(repository_id)) as peer:
        found = peer.offer()
    _remember_offer(site, repository_id, found)
    return found


def known_offer(row: Any) -> KnownOffer | None:
    """Return what a repository offered when it was asked last, without asking it.

    Args:
        row: of sync_repository.
    """
    kept = (row.settings or {}).get(OFFER)
    if not kept:
        return None
    return KnownOffer(read_offer(kept["told"]), parse_msince(kept["asked_on"]))


def _ask_once(site: Site, repository_id: int, peer: Adapter, answer: Registration) -> None:
    """Ask a site that has just been met what it offers; the acquaintance is made also where that fails."""
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
    """Store what the other site told about itself; return the repository that stands for it.

    Raises:
        ConfigurationError: another repository stands for that site already, or it is this very site.
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
        # The other site introduced itself here, too: both rows mean the same.
        entered = {name: row[name] for name in ("name", "apitype", *sorted(COLUMNS))}
        _hand_over(site, row.id, known.id)
        site.db(table.id == row.id).delete()
        site.db(table.id == known.id).update(**{**changes, **entered, "deleted": False})
        return int(known.id)


def _hand_over(site: Site, former: int, known: int) -> None:
    """Let all that belongs to a repository belong to another one that stands for the same site.

    What is exchanged, and how, is what was entered last: the former's. How far an exchange has come is what the
    known one was told; whatever the former had got beyond that is compared once more.
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
