"""Registers this site with another one, and stores its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ..adapters import adapter_type, detected_capabilities
from ..adapters.base import Adapter
from ..adapters.settings import COLUMNS
from ..core.errors import ConfigurationError, SyncError
from ..core.messages import Sentence
from ..core.task import Activity, LogAction, Result
from ..database.log import OUTGOING
from ..database.tables.define import BELONGING, ENDING, OUTLIVING
from ..exchange.peer import Registration
from ..scheduler import jobs as jobs
from ..site import Repository, Site
from ..site import times as times
from ..site.repositories import first
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
        same_as: the other site says that it is this repository, which registered here before; an administrator has
            to decide whether that is so. None if there is no such question.
    """

    repository_id: int
    registration: Registration | None = None
    error: SyncError | None = None
    same_as: int | None = None

    @property
    def succeeded(self) -> bool:
        """Whether this site is registered at the other one now."""
        return self.error is None and self.same_as is None


class _SameSite(Exception):
    """The other site says that it is a repository which registered here before."""

    def __init__(self, known: Repository) -> None:
        super().__init__(known.name)
        self.known = known


def introduce(site: Site, repository_id: int, join: int | None = None) -> Introduction:
    """Register this site at a repository, and log the result.

    Args:
        site: this site.
        repository_id: the repository.
        join: the repository without address that an administrator knows to be the same site: the two become one.
            Anybody can claim to be another site, so that is never done without being told.
    """
    repository = site.repository(repository_id)
    try:
        with repository.peer() as peer:
            answer = peer.register()
            repository = _remember(repository, answer, join)
            _ask_once(repository, peer, answer)
    except _SameSite as found:
        return Introduction(repository.id, answer, same_as=found.known.id)
    except SyncError as error:
        repository.log(OUTGOING).error(None, Activity.REGISTER, LogAction.REQUEST, error)
        repository.note_contact(None, status="failed")
        return Introduction(repository.id, error=error)
    if answer.is_ours:
        message = Sentence.REGISTERED.say(answer=answer.message, version=answer.version, uuid=answer.uuid)
    else:
        message = Sentence.REGISTERED_AT_EDEN.say(answer=answer.message, uuid=answer.uuid)
    repository.log(OUTGOING).task(None, Activity.REGISTER, LogAction.REQUEST, Result.SUCCESS, message)
    return Introduction(repository.id, answer)


class KnownOffer(NamedTuple):
    """The last known offer of another site.

    Attributes:
        offer: the offer.
        asked_on: when it was requested (UTC, our clock).
    """

    offer: Offer
    asked_on: datetime


def ask_for_offer(repository: Repository) -> Offer | None:
    """Request the offer of a repository, and store it.

    Args:
        repository: the repository; the object does not change.

    Returns:
        its offer; None from a site without one, such as an Eden.

    Raises:
        SyncError: it cannot be requested. The former offer stays stored.
    """
    with repository.peer() as peer:
        found = peer.offer()
    _remember_offer(repository, found)
    return found


def known_offer(repository: Repository) -> KnownOffer | None:
    """Return the stored offer of a repository, without a request."""
    kept = repository.settings.get(OFFER)
    if not kept:
        return None
    return KnownOffer(read_offer(kept["told"]), parse_msince(kept["asked_on"]))


def _ask_once(repository: Repository, peer: Adapter, answer: Registration) -> None:
    """Request the offer of a newly registered site; the registration is valid also if that fails."""
    if not answer.is_ours:
        return
    try:
        _remember_offer(repository, peer.offer())
    except SyncError as error:
        repository.log(OUTGOING).error(None, Activity.REGISTER, LogAction.REQUEST, error)


def _remember_offer(repository: Repository, found: Offer | None) -> None:
    site, kept = repository.site, repository.settings_with()
    if found is None:
        kept.pop(OFFER, None)
    else:
        kept[OFFER] = {"told": offer_json(found), "asked_on": format_msince(site.clock.now())}
    with site.store.transaction():
        repository.update(settings=kept)


def _remember(repository: Repository, answer: Registration, join: int | None) -> Repository:
    """Store what the other site told about itself; return its repository.

    Raises:
        ConfigurationError: that site has another repository already, or it is this site itself.
        _SameSite: it says that it is a repository that registered here before, and nobody has confirmed it.
    """
    site = repository.site
    if answer.uuid == site.config().uuid:
        raise ConfigurationError(
            f"The repository {repository.name} is this site itself.",
            hint="Enter the address of the other site.",
        )
    learned = repository.capabilities & adapter_type(repository.apitype).learned
    changes: dict[str, Any] = {
        "uuid": answer.uuid,
        "capabilities": sorted((answer.capabilities - detected_capabilities()) | learned),
        "peer_version": answer.version,
        "last_connected": site.clock.now(),
        "last_status": "registered",
        "settings": {**repository.settings, **times.told(answer.skew, site.clock.now())},
    }
    known = first(site, uuid=answer.uuid)
    if known is not None and known.id == repository.id:
        known = None
    if known is not None and known.can_ask and not known.deleted:
        raise ConfigurationError(
            f"The site of {repository.name} is already here as the repository {known.name}.",
            hint=f"Use the repository {known.name} and delete this one.",
        )
    if known is not None and not known.deleted and known.id != join:
        raise _SameSite(known)
    with site.store.transaction():
        if known is None:
            repository.update(**changes)
            return site.repository(repository.id)
        # The other site has registered here, too, and an administrator knows it: both rows are for the same site.
        entered = {name: repository[name] for name in ("name", "apitype", *sorted(COLUMNS))}
        _hand_over(repository, known)
        site.db(site.db.sync_repository.id == repository.id).delete()
        known.update(**{**changes, **entered, "deleted": False})
        return site.repository(known.id)


def _hand_over(former: Repository, known: Repository) -> None:
    """Transfer everything that belongs to a repository to another one for the same site.

    The tasks are those that were entered last: the former's. The positions are those of the known one; what the former
    had received beyond them is compared again.
    """
    site = former.site
    db, task = site.db, site.db.sync_task
    ours = [each.resource for each in former.task_rows]
    db((task.repository_id == known.id) & task.resource_name.belongs(ours)).delete()
    jobs.hand_over(db, former.id, known.id)
    for name in (*BELONGING, *OUTLIVING):
        db(db[name].repository_id == former.id).update(repository_id=known.id)
    for name in ENDING:
        db(db[name].repository_id == former.id).delete()
    site.journal.forget_origin(former.id)
