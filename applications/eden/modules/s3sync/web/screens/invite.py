"""Invites a site: asks what it shall exchange, and shows the code once, as text, picture and file."""

from __future__ import annotations

from typing import Any

from gluon import URL, Field, redirect
from gluon.validators import IS_EMPTY_OR, IS_INT_IN_RANGE, IS_LENGTH, IS_NOT_EMPTY

from ...administration import invitations as administration_invitations
from ...administration.invitations import MOST_DAYS, MOST_MINUTES, Wish
from ...core.errors import SyncError
from ...database.paging import whole_number
from ...site.labels import Translate
from ...site.scoping import invitations as invitations
from ...site.scoping import scopes as scopes
from ...transport.pinning import is_fingerprint, normal, readable
from ...ui import look as look
from ...ui.choice import Choice
from ...ui.refusals import refusal
from ...wire.protocol.invitation import Invitation
from .context import ScreenContext
from .qr import picture
from .widgets import action_button, clear_words, form_of, pressed, web_address


def page(screen: ScreenContext) -> Any:
    """Show the form and the invitations that wait; the code of a new one; or the code as a file."""
    args = list(screen.request.args)
    if args == ["code"]:
        return _shown(screen)
    if args == ["file"]:
        return _file(screen)
    if args:
        raise refusal(404, screen.T("There is no such page."))
    return _all(screen)


def _all(screen: ScreenContext) -> dict[str, Any]:
    T, site = screen.T, screen.site
    found = scopes.all_of(site)
    withdraw = action_button("withdraw", T("Withdraw"))
    if pressed(screen, withdraw, "withdraw"):
        key = whole_number(screen.request.post_vars.invitation)
        if key:
            administration_invitations.withdraw(site, key)
            screen.session.flash = T("The invitation was withdrawn.")
        redirect(URL("sync", "invitation"))
    form = _form(screen, found) if found else None
    if form is not None and pressed(screen, form, "invite"):
        given = form.vars
        scope = next(each for each in found if str(each.id) == str(given.scope))
        wish = Wish(
            given.name.strip(),
            int(given.minutes),
            int(given.days),
            given.address,
            bool(given.headquarters_win),
            given.certificate or None,
        )
        try:
            screen.session.sync_invitation = administration_invitations.invite(site, scope, wish).code
        except SyncError as error:
            screen.session.flash = look.Problem(T("Nothing was changed: %s") % error.explain())
            redirect(URL("sync", "invitation"))
        redirect(URL("sync", "invitation", args="code"))
    screen.response.view = "sync/invitation.html"
    return {
        "title": T("Invite a site"),
        "form": form,
        "waiting": invitations.waiting(site),
        "names": {each.id: each.scope.name for each in found},
        "now": screen.now,
        "withdraw": withdraw,
        "warning": clear_words(T, site.base_url),
    }


def _form(screen: ScreenContext, found: list[scopes.StoredScope]) -> Any:
    T = screen.T
    return form_of(
        Field(
            "name",
            label=T("Name of the site"),
            requires=[IS_NOT_EMPTY(error_message=T("Enter a value")), IS_LENGTH(64)],
            comment=T("As it is listed here, for example: Field office Nairobi."),
        ),
        Field(
            "scope",
            label=T("Scope"),
            requires=Choice({str(each.id): each.scope.name for each in found}),
            comment=T("What it may read and write here. It exchanges just that."),
        ),
        Field(
            "address",
            label=T("Address of this site"),
            default=screen.site.base_url,
            requires=web_address(T),
            comment=T("At which the other site reaches it."),
        ),
        Field(
            "certificate",
            label=T("Certificate (SHA-256)"),
            requires=IS_EMPTY_OR(_fingerprint(T)),
            comment=T(
                "Fingerprint of the certificate of this site, where it has made that itself. Empty: it is looked for "
                "at the address."
            ),
        ),
        Field(
            "minutes",
            "integer",
            label=T("Exchange every so many minutes"),
            default=15,
            requires=IS_INT_IN_RANGE(0, MOST_MINUTES + 1),
            comment=T("0 for not by itself. It can be changed there."),
        ),
        Field(
            "days",
            "integer",
            label=T("Days for which it can be taken up"),
            default=7,
            requires=IS_INT_IN_RANGE(1, MOST_DAYS + 1),
        ),
        Field(
            "headquarters_win",
            "boolean",
            label=T("Where both sites changed the same field, ours stays"),
            default=False,
        ),
        table_name="invite",
        T=T,
        label=T("Make the invitation"),
        back=URL("sync", "index"),
    )


def _fingerprint(T: Translate) -> Any:
    """Return a validator for fingerprints."""

    def check(value: Any, record_id: Any = None) -> tuple[Any, Any]:
        if is_fingerprint(str(value)):
            return normal(str(value)), None
        return value, T("Enter the SHA-256 of the certificate: 64 digits from 0 to f")

    return check


def _code(screen: ScreenContext) -> str:
    """Return the code that was made last in this session.

    Raises:
        HTTP: 404 if there is none.
    """
    code = screen.session.sync_invitation
    if not code:
        raise refusal(404, screen.T("The code is shown once. Make another invitation."))
    return str(code)


def _shown(screen: ScreenContext) -> dict[str, Any]:
    code = _code(screen)
    screen.response.view = "sync/invitation_code.html"
    screen.response.headers["Cache-Control"] = "no-store"
    invitation = Invitation.from_code(code)
    return {
        "title": screen.T("The invitation"),
        "code": code,
        "invitation": invitation,
        "certificate": readable(invitation.certificate),
        "picture": picture(code),
    }


def _file(screen: ScreenContext) -> str:
    code = _code(screen)
    headers = screen.response.headers
    headers["Content-Type"] = "text/plain; charset=utf-8"
    headers["Content-Disposition"] = 'attachment; filename="invitation.txt"'
    headers["Cache-Control"] = "no-store"
    return code + "\n"
