"""Recognises the forms of this site by a proof, so that none is lost when its session ends.

Each form carries an encrypted proof of who opened it, and when. A form that comes after its session has ended, or
that web2py's session does not know any more, is taken if the same user is logged in, and put aside for that user if
nobody is, or somebody else: what was typed is shown again after the log-in, and to nobody else.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from gluon import CAT, URL, A, current
from gluon.storage import Storage

from s3sync.core.errors import ConfigurationError
from s3sync.site.vault import PREFIX, Vault
from s3sync.ui.forms import PROOF
from s3sync.ui.look import Problem
from s3sync.ui.refusals import refusal
from s3sync.web.front.sent_again import is_secret

from .typed_forms import TooLong, TypedForm, TypedForms

KEY_FILE, FOLDER = "forms.key", "typed"
#: The variable of an address that names what was typed.
TYPED = "typed"
#: Seconds for which a form can be sent, and for which a browser is known.
LASTS = 30 * 86_400
#: The cookie of a browser with which somebody has logged in.
COOKIE = "eden_known"
#: Form keys that a session remembers as used.
MOST_SPENT = 50
logger = logging.getLogger("eden")


class FormKeeper:
    """Keeps the forms of a request, as ``s3sync.ui.sent_forms`` asks for it.

    Args:
        private: the application's private folder.
        user_id: returns the present user, None if nobody is logged in.
        now: seconds since 1970.
    """

    def __init__(
        self, private: Path, user_id: Callable[[], int | None], now: Callable[[], float] = time.time
    ) -> None:
        self._vault = Vault(private, KEY_FILE)
        self._user_id = user_id
        self._now = now
        self.typed = TypedForms(private / FOLDER, self._vault, now)
        self._restored: TypedForm | None = None

    @property
    def restored(self) -> bool:
        """Whether this page shows what was typed before a log-in."""
        return self._restored is not None

    # --- proofs ----------------------------------------------------------------------------------------

    def proof(self, formname: str, formkey: str) -> str | None:
        """Return the proof that the present user opened a form, None if nobody is logged in."""
        user_id = self._user_id()
        return None if user_id is None else self._sealed(["form", user_id, formname, formkey])

    def opened_by(self, sent: Mapping[str, Any]) -> int | None:
        """Return who opened a form, None if it does not prove that.

        Args:
            sent: what a browser sent.
        """
        found = self._opened(sent.get(PROOF), 5)
        if found is None or found[:1] + found[2:4] != ["form", sent.get("_formname"), sent.get("_formkey")]:
            return None
        return int(found[1])

    def is_ours(self, sent: Mapping[str, Any]) -> bool:
        """Return whether the present user opened the form that was sent."""
        user_id = self._user_id()
        return user_id is not None and self.opened_by(sent) == user_id

    def admit(self, session: Any, sent: Any) -> None:
        """Let web2py take a form that the present user opened, in another session or long ago; but only once."""
        key = sent.get("_formkey")
        spent = list(session.spent_form_keys or ())
        if not self.is_ours(sent) or key in spent:
            return
        session.spent_form_keys = [*spent, key][-MOST_SPENT:]
        name = f"_formkey[{sent.get('_formname')}]"
        known = list(session.get(name) or ())
        if key not in known:
            session[name] = [*known, key]

    # --- what was saved --------------------------------------------------------------------------------

    def saved(self, session: Any, sent: Mapping[str, Any], address: str) -> None:
        """Remember in the session that a form was saved, and which page tells so."""
        done = [*(session.saved_forms or ()), (sent.get("_formkey"), _digest(sent), address)]
        session.saved_forms = done[-MOST_SPENT:]

    def saved_as(self, session: Any, sent: Mapping[str, Any]) -> str | None:
        """Return the page of what was saved with the same form and the same values; None if they are sent for once.

        A person who presses the button twice wants one record; who goes back and types something else, does not.
        """
        wanted = (sent.get("_formkey"), _digest(sent))
        return next((address for *form, address in session.saved_forms or () if tuple(form) == wanted), None)

    def _sealed(self, said: list[Any]) -> str | None:
        try:
            return str(self._vault.seal(json.dumps([*said, int(self._now())])))[len(PREFIX) :]
        except ConfigurationError as error:
            # Without a key forms have to be saved once more; that must not keep anybody out.
            logger.warning("Forms cannot be proved: %s", error)
            return None

    def _opened(self, sealed: Any, parts: int) -> list[Any] | None:
        """Return what was sealed here, with when it was as the last part; None if it was not, or too long ago."""
        if not isinstance(sealed, str):
            return None
        try:
            said = json.loads(self._vault.open(PREFIX + sealed) or "")
        except (ConfigurationError, ValueError):
            return None
        if not isinstance(said, list) or len(said) != parts or said[-1] + LASTS < self._now():
            return None
        return said

    # --- browsers --------------------------------------------------------------------------------------

    def greet(self, request: Any, response: Any, user_id: int) -> None:
        """Let a browser know that somebody has logged in with it: later it may send a large form without a session."""
        sealed = self._sealed(["browser", user_id])
        if sealed is None:
            return
        response.cookies[COOKIE] = sealed
        cookie = response.cookies[COOKIE]
        cookie["path"], cookie["max-age"] = "/", LASTS
        cookie["httponly"], cookie["samesite"] = True, "Lax"
        if request.is_https:
            cookie["secure"] = True

    def was_here(self, request: Any) -> bool:
        """Return whether somebody has logged in with this browser before."""
        cookie = request.cookies.get(COOKIE)
        found = self._opened(cookie.value, 3) if cookie is not None else None
        return found is not None and found[0] == "browser"

    # --- what was typed --------------------------------------------------------------------------------

    def receive(self, request: Any) -> Any:
        """Look at a request before its page is made: put aside a form of somebody else, or show what was typed before.

        Returns:
            why the request is refused, None if it is not.
        """
        user_id = self._user_id()
        if user_id is None:
            return None
        if request.env.request_method == "POST":
            owner = self.opened_by(request.post_vars)
            if owner is not None and owner != user_id:
                self._put_aside(request, owner)
                return self._somebody_elses()
        elif request.get_vars[TYPED]:
            self._restore(request, user_id, str(request.get_vars[TYPED]))
        return None

    def _restore(self, request: Any, user_id: int, token: str) -> None:
        found = self.typed.find(user_id, token)
        if found is None or found.address != _address(request):
            current.response.flash = Problem(
                current.T("What was typed here is not kept any more, or was typed under another account.")
            )
            return
        self._restored = found
        request._post_vars = Storage(found.fields)

    def settled(self) -> None:
        """Forget what was typed before a log-in: the form was taken."""
        token, user_id = current.request.get_vars[TYPED], self._user_id()
        if token and user_id is not None:
            self.typed.forget(user_id, str(token))

    def unseen(self, s3db: Any) -> list[tuple[str, Any, datetime]]:
        """Return what the present user typed and has not seen again: address, kind of the record, when (UTC)."""
        user_id = self._user_id()
        found = self.typed.unseen(user_id) if user_id is not None else []
        return [
            (_with_token(each), _kind(s3db, each), datetime.utcfromtimestamp(each.since)) for each in found
        ]

    def put_aside(self, request: Any) -> str | None:
        """Keep what was sent by somebody who is not logged in any more.

        Returns:
            the address at which it is shown after the log-in; None if nothing was typed.

        Raises:
            HTTP: it cannot be kept; the person is told how to go on all the same.
        """
        if request.env.request_method != "POST" or not request.post_vars._formname:
            return None
        owner = self.opened_by(request.post_vars)
        if owner is None:
            raise self._stay(409, current.T("You are not logged in, so nothing was saved."))
        token = self._put_aside(request, owner)
        current.session.flash = current.T(
            "You are not logged in any more. What you typed is kept for a day: log in, and go on."
        )
        return _address(request, token)

    def _put_aside(self, request: Any, owner: int) -> str:
        T = current.T
        try:
            token = self.typed.keep(owner, _address(request), _fields(request.post_vars))
        except TooLong as error:
            raise self._stay(
                413, T("You are not logged in, so nothing was saved, and it is too long to be kept.")
            ) from error
        except (OSError, ConfigurationError) as error:
            logger.warning("What was typed cannot be kept: %s", error)
            raise self._stay(
                507,
                T("You are not logged in, so nothing was saved, and the disk of this site takes nothing."),
            ) from error
        if request.get_vars[TYPED]:
            self.typed.forget(owner, str(request.get_vars[TYPED]))
        return token

    def _stay(self, status: int, what: Any) -> Any:
        T = current.T
        how = T(
            "Do not close this page: log in in another one, then load this one again. Your browser sends it again."
        )
        return refusal(
            status,
            CAT(
                what,
                " ",
                how,
                " ",
                A(T("Log in in a new page"), _href=URL("default", "user", args="login"), _target="_blank"),
            ),
        )

    def _somebody_elses(self) -> Any:
        return current.T(
            "This form was opened under another account. Nothing was saved. What was typed is kept for a day and shown "
            "to that account alone, on its home page."
        )


def _digest(sent: Mapping[str, Any]) -> str:
    """Return a digest of what was typed, files by their names."""
    typed = sorted((name, str(getattr(value, "filename", value))) for name, value in sent.items())
    return hashlib.sha256(json.dumps(typed).encode()).hexdigest()[:16]


def _address(request: Any, token: str | None = None) -> str:
    """Return the address of the page of a request, with the name of what was typed or without."""
    variables = {name: value for name, value in request.get_vars.items() if name != TYPED}
    if token is not None:
        variables[TYPED] = token
    address: str = URL(args=request.args, vars=variables)
    return address


def _with_token(form: TypedForm) -> str:
    return f"{form.address}{'&' if '?' in form.address else '?'}{TYPED}={form.token}"


def _kind(s3db: Any, form: TypedForm) -> Any:
    """Return what kind of record a form is of, else the address of its page."""
    table = str(form.fields.get("_formname") or "").partition("/")[0]
    return (s3db.get_config(table, "title") if s3db.table(table) is not None else None) or form.address


def _fields(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed, without files, passwords and what only this sending needed."""
    return {
        name: value
        for name, value in sent.items()
        if name not in ("_formkey", PROOF) and not is_secret(name) and _is_text(value)
    }


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) for one in value))
