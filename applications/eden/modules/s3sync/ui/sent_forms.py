"""Forms that were sent: late, without a session, or twice. What was typed is shown again where a form cannot be taken.

web2py takes a form once, and only in the session in which it was opened; else it shows it as if nothing had been typed.
"""

from __future__ import annotations

from typing import Any, Protocol

from gluon import current

from .forms import nothing_saved
from .look import Problem

#: In the errors of a form that is only shown.
_NOT_YET = "_not_yet"


class FormKeeper(Protocol):
    """What a host may have to recognise its forms without a session; it is ``current.form_keeper``.

    Attributes:
        restored: whether this page shows what was typed before a log-in.
    """

    restored: bool

    def admit(self, session: Any, sent: Any) -> None:
        """Let web2py take a form that was opened by the present user, in another session or long ago."""
        ...

    def settled(self) -> None:
        """Forget what was typed before a log-in: the form was taken."""
        ...

    def was_here(self, request: Any) -> bool:
        """Return whether somebody has logged in with this browser before, so that it may send a large form."""
        ...


def form_keeper() -> FormKeeper | None:
    """Return the host's, None if it has none."""
    found: FormKeeper | None = getattr(current, "form_keeper", None)
    return found


def process(form: Any, T: Any, **options: Any) -> bool:
    """Handle a form with web2py's ``process``; what was typed is shown again if the form cannot be taken.

    Args:
        form: the form.
        T: web2py's translator.
        options: options of ``process``.

    Returns:
        whether it was sent, with valid values, and shall be carried out.
    """
    request, keeper = current.request, form_keeper()
    admit(request, current.session)
    form.process(**{"message_onfailure": nothing_saved(T), **options})
    if form.accepted and keeper is not None:
        keeper.settled()
    explain(form, request, T)
    return bool(form.accepted)


def admit(request: Any, session: Any) -> None:
    """Let web2py take the form that was sent, if the present user opened it in another session or long ago.

    Args:
        request, session: web2py's.
    """
    keeper = form_keeper()
    if keeper is not None and request.env.request_method == "POST":
        keeper.admit(session, request.post_vars)


def explain(form: Any, request: Any, T: Any) -> None:
    """Show what was typed, and say why it was not saved, if web2py has not taken a form and given no reason.

    Args:
        form: what web2py has made of the request; anything but a form is left alone.
        request: web2py's.
        T: web2py's translator.
    """
    sent_name = request.post_vars._formname
    if getattr(form, "accepted", True) or form.errors or not sent_name or sent_name != form.formname:
        return
    show_again(form, request.post_vars, T)


def fill_in(form: Any, sent: Any) -> None:
    """Show in a form what was typed, without saving it.

    Args:
        form: the form, with its name.
        sent: what was typed.
    """

    def refuse(form: Any) -> None:
        form.errors[_NOT_YET] = True

    form.accepts(sent, None, formname=form.formname, onvalidation=refuse, keepvalues=True, dbio=False)
    form.errors.pop(_NOT_YET, None)


def show_again(form: Any, sent: Any, T: Any) -> None:
    """Show in a form what was typed, and say why it was not saved.

    Args:
        form: the form, which web2py has not taken.
        sent: what was typed.
        T: web2py's translator.
    """
    fill_in(form, sent)
    keeper = form_keeper()
    if keeper is not None and keeper.restored:
        current.response.flash = T(
            "You are logged in again, and what you typed is here. It is not saved yet: look at it, choose files again, "
            "then press the button."
        )
    else:
        current.response.flash = Problem(
            T("The page was open for too long. Check what you entered, and press the button again.")
        )
