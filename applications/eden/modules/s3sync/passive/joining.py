"""Takes in a site that was invited: it gets an account of its own, which can do only what the invitation says."""

from __future__ import annotations

import secrets
from typing import Any

from .. import VERSION
from ..adapters import USUAL, detected_capabilities
from ..core.errors import SyncError
from ..core.limits import LONGEST_NAME
from ..core.messages import Message, Sentence
from ..core.task import Activity, LogAction, Result
from ..database import accounts as accounts
from ..database.log import INCOMING
from ..database.tables.fields import live
from ..site import Repository, Site
from ..site.repositories import first
from ..site.scoping import invitations as invitations
from ..site.scoping.invitations import StoredInvitation
from ..wire.protocol.invitation import JoinReply, JoinRequest
from ..wire.protocol.names import CAPABILITIES
from ..wire.protocol.registration import RegistrationReply


class NotInvited(SyncError):
    """An invitation cannot be taken up."""

    code = "not_invited"
    default_hint = "Ask there for a new invitation."
    http_status = 403

    def __init__(self, message: Message) -> None:
        super().__init__(message, hint=Sentence.ASK_FOR_ANOTHER.say())


def join(site: Site, request: JoinRequest) -> JoinReply:
    """Take in a site.

    The same one may ask again, as long as it has not used its account: the answer may have been lost.

    Args:
        site: this site.
        request: who it is, and the key of its invitation.

    Raises:
        NotInvited: there is no such invitation, it has expired, or another site has taken it up.
        ConfigurationError: no account can be made here.
    """
    found = invitations.with_key(site, request.key) if request.key else None
    known = first(site, uuid=request.registration.uuid)
    if found is None or (found.used_on is not None and not _may_ask_again(found, known)):
        raise NotInvited(Sentence.INVITATION_UNKNOWN.say())
    if found.expires_on < site.clock.now():
        raise NotInvited(Sentence.INVITATION_EXPIRED.say(time=f"{found.expires_on:%Y-%m-%d %H:%M}"))
    if found.used_on is None and known is not None and not known.deleted:
        # Who it is, is what it says: nobody takes over a repository that is here.
        raise NotInvited(Sentence.ALREADY_HERE.say(name=known.name))
    password = secrets.token_urlsafe(24)
    with site.store.transaction():
        username, repository_id = _taken_in(site, request, found, known, password)
    site.log(repository_id, INCOMING).task(
        None,
        Activity.REGISTER,
        LogAction.REQUEST,
        Result.SUCCESS,
        Sentence.JOINED.say(name=request.registration.name, invitation=found.name),
    )
    registration = RegistrationReply(
        site.config().uuid,
        version=VERSION,
        capabilities=frozenset(CAPABILITIES),
        time=site.clock.now(),
    )
    return JoinReply(registration, username, password)


def _may_ask_again(found: StoredInvitation, known: Repository | None) -> bool:
    return (
        known is not None
        and known.id == found.repository_id
        and known.last_connected is None
        and not known.is_revoked
    )


def _taken_in(
    site: Site, request: JoinRequest, found: StoredInvitation, known: Repository | None, password: str
) -> tuple[str, int]:
    """Make account and repository within the current transaction; return the login name and the repository.

    Raises:
        NotInvited: another site has taken the invitation up since it was read, or it was withdrawn.
    """
    table, invitation = site.db.sync_repository, site.db.sync_invitation
    if found.used_on is not None and known is not None and known.account_id is not None:
        accounts.set_password(site.db, known.account_id, password)
        return site.accounts.email(known.account_id) or "", known.id
    unused = (invitation.id == found.id) & (invitation.used_on == None) & live(invitation)  # noqa: E711 - SQL
    # The database decides which of several is the first one: the others find none that is unused.
    if not site.db(unused).update(used_on=site.clock.now()):
        raise NotInvited(Sentence.INVITATION_UNKNOWN.say())
    username = f"site-{secrets.token_hex(6)}{accounts.MADE}"
    told: dict[str, Any] = {
        "name": found.name[:LONGEST_NAME],
        "apitype": USUAL,
        "capabilities": sorted(request.registration.capabilities - detected_capabilities()),
        "peer_version": request.registration.version,
        "account_id": accounts.create_account(site.db, username, password, found.name),
        "scope_id": found.scope_id,
        "approval": None,
        "deleted": False,
        "last_connected": None,
    }
    if known is None:
        repository_id = int(table.insert(uuid=request.registration.uuid, **told))
    else:
        repository_id = known.id
        known.update(**told)
    site.db(invitation.id == found.id).update(repository_id=repository_id)
    return username, repository_id
