"""Takes up an invitation: asks the other site for an account, and stores what shall be exchanged with it."""

from __future__ import annotations

from typing import Any

from ..adapters import USUAL
from ..adapters.base import Remote
from ..adapters.eden import EdenAdapter
from ..adapters.settings import columns
from ..core.errors import ConfigurationError
from ..core.limits import LONGEST_NAME
from ..core.messages import Sentence
from ..core.task import Activity, LogAction, Result
from ..database.log import OUTGOING
from ..scheduler import jobs as jobs
from ..scheduler import retries as retries
from ..site import Site
from ..site.tasks import TaskRules
from ..site.wanted import tasks as wanted_tasks
from ..site.wanted.tasks import WantedTask
from ..wire.filters import parse_filter_string
from ..wire.protocol.invitation import Invitation, InvitedResource, JoinReply
from ..wire.protocol.prescription import Prescription
from . import prescribed as prescribed


def unknown_here(site: Site, invitation: Invitation) -> list[str]:
    """Return the resources of an invitation that this site does not have: they are left out."""
    return [each.resource for each in invitation.resources if site.schema.get(each.resource) is None]


def check(site: Site, invitation: Invitation) -> None:
    """Check whether an invitation can be taken up here.

    Raises:
        ConfigurationError: it is one of this site itself, or of a site with which this one exchanges already; or it has
            expired.
    """
    if invitation.uuid == site.config().uuid:
        raise ConfigurationError(Sentence.INVITED_BY_ITSELF.say(), hint=Sentence.JOIN_ELSEWHERE.say())
    known = site.known_repository(invitation.uuid)
    if known is not None and known.can_ask:
        raise ConfigurationError(
            Sentence.EXCHANGES_ALREADY.say(name=known.name), hint=Sentence.DELETE_THAT_FIRST.say()
        )
    if invitation.expires < site.clock.now():
        raise ConfigurationError(
            Sentence.INVITATION_EXPIRED.say(time=f"{invitation.expires:%Y-%m-%d %H:%M}"),
            hint=Sentence.ASK_FOR_ANOTHER.say(),
        )


def join(site: Site, invitation: Invitation, user_id: int | None) -> int:
    """Take up an invitation, and begin the first synchronisation; return the repository.

    Args:
        site: this site.
        invitation: what its code says.
        user_id: the user who does it, None for the system.

    Raises:
        ConfigurationError: as by ``check``.
        SyncError: the other site cannot be reached, or refuses.
    """
    check(site, invitation)
    reply = _ask(site, invitation)
    if reply.registration.sender != invitation.uuid:
        raise ConfigurationError(
            Sentence.ANOTHER_SITE_ANSWERS.say(name=invitation.name), hint=Sentence.ASK_FOR_ANOTHER.say()
        )
    with site.store.transaction():
        repository_id = _store(site, invitation, reply)
        for each in invitation.resources:
            if site.schema.get(each.resource) is not None:
                _add_task(site, repository_id, invitation, each)
        prescribed.let_prescribe(site.repository(repository_id), _agreed(site, invitation))
        timeout = site.host.settings.get_sync_task_timeout()
        if invitation.minutes:
            jobs.add_job(site, repository_id, user_id, period=invitation.minutes * 60, timeout=timeout)
        else:
            retries.begin_now(site, repository_id, user_id)
    site.repository(repository_id).log(OUTGOING).task(
        None,
        Activity.REGISTER,
        LogAction.REQUEST,
        Result.SUCCESS,
        Sentence.REGISTERED.say(
            answer=reply.registration.message,
            version=reply.registration.version,
            uuid=reply.registration.sender,
        ),
    )
    return repository_id


def _agreed(site: Site, invitation: Invitation) -> Prescription:
    """Return the most that the inviting site may prescribe later: what a person has seen and confirmed.

    A resource that this site does not have is none of it: the person was told that it is left out.
    """
    known = tuple(each for each in invitation.resources if site.schema.get(each.resource) is not None)
    return Prescription(known, invitation.update_policy, invitation.conflict_policy, invitation.minutes)


def _ask(site: Site, invitation: Invitation) -> JoinReply:
    remote = Remote(
        0,
        invitation.uuid,
        invitation.name,
        site.config().uuid,
        site.host.settings.get_system_name(),
        {"url": invitation.address, "certificate": invitation.certificate},
    )
    with site.connect(USUAL, remote) as peer:
        assert isinstance(peer, EdenAdapter)
        return peer.join(invitation.key)


def _store(site: Site, invitation: Invitation, reply: JoinReply) -> int:
    """Store the inviting site as a repository; one that registered here before gets an address."""
    known = site.known_repository(invitation.uuid)
    entered: dict[str, Any] = {
        "name": invitation.name[:LONGEST_NAME],
        "apitype": USUAL,
        "capabilities": sorted(reply.registration.capabilities),
        "peer_version": reply.registration.version,
        "deleted": False,
        **columns(
            known.settings if known is not None else None,
            {
                "url": invitation.address,
                "username": reply.username,
                "password": site.vault.seal(reply.password),
                **({"certificate": invitation.certificate} if invitation.certificate else {}),
            },
        ),
    }
    if known is None:
        return int(site.db.sync_repository.insert(uuid=invitation.uuid, **entered))
    known.update(**entered)
    return known.id


def _add_task(site: Site, repository_id: int, invitation: Invitation, invited: InvitedResource) -> None:
    db = site.db
    task = db.sync_task
    if not db((task.repository_id == repository_id) & (task.resource_name == invited.resource)).isempty():
        return
    rules = TaskRules(
        invited.mode,
        invited.components,
        update_policy=invitation.update_policy,
        conflict_policy=invitation.conflict_policy,
    )
    filters = parse_filter_string(invited.filters) if invited.filters else ()
    wanted_tasks.add(site, repository_id, WantedTask(invited.resource, rules, tuple(filters)))
