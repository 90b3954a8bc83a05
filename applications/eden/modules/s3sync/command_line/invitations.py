"""Invites a site, and takes up an invitation, as the screens do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..active import joining as joining
from ..administration import invitations as invitations
from ..administration.invitations import Wish
from ..core.errors import SyncError
from ..scheduler import queue as queue
from ..site import Site
from ..site.labels import Translate
from ..site.scoping import scopes as scopes
from ..transport.pinning import readable
from ..wire.protocol.invitation import Invitation
from .words import Refusal, moment


def invite(site: Site, T: Translate, given: Mapping[str, Any]) -> dict[str, Any]:
    """Make an invitation; its code is told only this once.

    Args:
        site: this site.
        T: web2py's translator.
        given: name, scope (its name), minutes, days, address (None for the usual one).

    Raises:
        Refusal: there is no such scope, this site does not know its address, or it can make no accounts of sites.
    """
    found = [each for each in scopes.all_of(site) if each.scope.name == given["scope"]]
    if not found:
        names = ", ".join(each.scope.name for each in scopes.all_of(site)) or str(T("none"))
        raise Refusal(f"There is no scope {given['scope']}.", f"There are: {names}.")
    address = given.get("address") or ""
    if not address and not site.base_url.startswith("http"):
        raise Refusal(
            "This site does not know its address.", "Give it: --address https://eden.example.org/eden."
        )
    wish = Wish(given["name"], given["minutes"], given["days"], address)
    try:
        made = invitations.invite(site, found[0], wish)
    except SyncError as error:
        raise Refusal(error.message, error.hint) from error
    return {
        "name": wish.name,
        "scope": found[0].scope.name,
        "address": made.address,
        "expires": moment(made.expires),
        "code": made.code,
        "certificate": readable(made.certificate),
    }


def join(site: Site, given: Mapping[str, Any]) -> dict[str, Any]:
    """Take up an invitation; the first run waits for a worker then.

    Args:
        site: this site.
        given: code.

    Raises:
        Refusal: it cannot be taken up.
    """
    try:
        invitation = Invitation.from_code(given["code"])
        repository_id = joining.join(site, invitation, None)
    except SyncError as error:
        raise Refusal(error.message, error.hint) from error
    site.db.commit()
    return {
        "repository": repository_id,
        "name": invitation.name,
        "address": invitation.address,
        "certificate": readable(invitation.certificate),
        "resources": [each.resource for each in invitation.resources],
        "left_out": joining.unknown_here(site, invitation),
        "minutes": invitation.minutes,
        "workers": queue.workers_alive(site),
    }
