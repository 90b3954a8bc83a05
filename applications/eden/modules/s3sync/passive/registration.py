"""Registers other sites."""

from __future__ import annotations

from typing import Any

from .. import VERSION
from ..adapters import USUAL, adapter_types, detected_capabilities
from ..core.errors import BadRequest
from ..core.limits import LONGEST_NAME, MOST_REGISTERED
from ..core.messages import Sentence
from ..core.task import Activity, LogAction, Result
from ..database.log import INCOMING
from ..exchange.peer import Capability
from ..exchange.scope import NotApproved, NotInScope, Revoked
from ..site import Site
from ..site.repositories import WAITING, first
from ..site.scoping import scopes as scopes
from ..wire.protocol.names import CAPABILITIES
from ..wire.protocol.registration import RegistrationReply, RegistrationRequest
from .contact import binding, check_account

# --- acquaintance ----------------------------------------------------------------------------------------


def _type_of(request: RegistrationRequest) -> str:
    """Return the type to store for a site: the one that it names, if that type can begin an exchange with us."""
    kind = adapter_types().get(request.apitype)
    return request.apitype if kind and Capability.PASSIVE in kind.capabilities else USUAL


def _check_number(site: Site) -> None:
    """Check that the asking account may register one more repository: it could fill the database with them."""
    registered = site.db(site.db.sync_repository.account_id == site.host.user_id).count()
    if site.host.user_id is not None and registered >= MOST_REGISTERED:
        raise BadRequest(
            f"This account has registered {registered} sites: no more are accepted.",
            hint="Let an administrator of the answering site remove those that are not used.",
        )


def _scope_of_account(site: Site) -> int | None:
    """Return the scope that one more repository of the asking account gets: that of the others.

    Raises:
        Revoked, NotApproved: one of them may do nothing here any more, or not yet.
        NotInScope: they have several, and only a person can know which.
    """
    found = scopes.of_account(site, site.host.user_id)
    if scopes.NOTHING in found:
        if first(site, account_id=site.host.user_id, approval=WAITING, deleted=False) is not None:
            raise NotApproved(Sentence.WAITS_FOR_APPROVAL.say())
        raise Revoked(Sentence.REVOKED_HERE.say())
    if len(found) > 1:
        raise NotInScope(Sentence.NAME_THE_SITE.say())
    return found[0] if found else None


def _message(is_known: bool, waits: bool) -> str:
    if is_known:
        return "Registration update successful"
    return (
        "Registration received: it waits for an administrator's approval"
        if waits
        else "Registration successful"
    )


def register(site: Site, request: RegistrationRequest) -> RegistrationReply:
    """Register another site, or store its new name and abilities.

    What an administrator entered, and what the other site answered to our own registration, is not overwritten.

    Raises:
        ForeignAccount: its repository belongs to another account.
        BadRequest: the account has registered too many.
        NotInScope: its repositories have several scopes.
    """
    table = site.db.sync_repository
    told: dict[str, Any] = {"name": request.name[:LONGEST_NAME]}
    if request.capabilities:
        told["capabilities"] = sorted(request.capabilities - detected_capabilities())
    if request.version:
        told["peer_version"] = request.version
    contact: dict[str, Any] = {"deleted": False, "last_connected": site.clock.now()}
    # Sites that are here are trusted as before.
    waits = site.host.settings.get_sync_approve_registrations()
    with site.store.transaction():
        known = first(site, uuid=request.uuid)
        if known is None:
            _check_number(site)
            repository_id = table.insert(
                uuid=request.uuid,
                apitype=_type_of(request),
                account_id=site.host.user_id,
                scope_id=_scope_of_account(site),
                approval=WAITING if waits else None,
                **told,
                **contact,
            )
        else:
            check_account(known)
            repository_id = known.id
            known.update(**({} if known.can_ask else told), **contact, **binding(known))
    sentence = Sentence.INTRODUCED_AGAIN if known else Sentence.INTRODUCED
    site.log(repository_id, INCOMING).task(
        None,
        Activity.REGISTER,
        LogAction.REQUEST,
        Result.SUCCESS,
        sentence.say(name=request.name, uuid=request.uuid),
    )
    return RegistrationReply(
        sender=site.config().uuid,
        message=_message(known is not None, waits),
        version=VERSION,
        capabilities=frozenset(CAPABILITIES),
        time=site.clock.now(),
    )
