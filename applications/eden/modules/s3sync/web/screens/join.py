"""Takes up an invitation: paste its code or open its file, see what will happen, confirm."""

from __future__ import annotations

from typing import Any

from gluon import FORM, URL, redirect

from ...active import joining as joining
from ...core.errors import SyncError
from ...core.task import Mode
from ...site.labels import resource_title
from ...transport.pinning import readable
from ...wire.protocol.invitation import LONGEST_CODE, Invitation
from .context import ScreenContext
from .widgets import clear_words, pressed
from .words.policies import modes


def page(screen: ScreenContext) -> Any:
    """Ask for a code; show what it says; join."""
    T, variables = screen.T, screen.request.post_vars
    form = FORM()
    accepted = pressed(screen, form, "join")
    code, invitation, problem = _given(variables), None, None
    if accepted and not code:
        problem = T("Paste the code, or choose the file.")
    elif accepted:
        try:
            invitation = Invitation.from_code(code)
            joining.check(screen.site, invitation)
            if "join" in variables:
                _join(screen, invitation)
        except SyncError as error:
            problem = error.explain()
            invitation = None
    screen.response.view = "sync/join.html"
    return {
        "title": T("Join with an invitation"),
        "form": form,
        "code": code,
        "problem": problem,
        "invitation": invitation,
        "resources": _resources(screen, invitation) if invitation else [],
        "unknown": joining.unknown_here(screen.site, invitation) if invitation else [],
        "certificate": readable(invitation.certificate) if invitation else "",
        "warning": clear_words(T, invitation.address) if invitation else None,
    }


def _given(variables: Any) -> str:
    """Return the code that was pasted or whose file was chosen, "" for none."""
    pasted = str(variables.code or "").strip()
    file = getattr(variables.file, "file", None)
    if pasted or file is None:
        return pasted[: LONGEST_CODE * 2]
    return str(file.read(LONGEST_CODE * 2).decode("utf-8", "replace")).strip()


def _join(screen: ScreenContext, invitation: Invitation) -> None:
    repository_id = joining.join(screen.site, invitation, screen.site.host.user_id)
    screen.session.flash = screen.T("This site has joined. The first synchronization begins now.")
    redirect(URL("sync", "repository", args=[repository_id, "now"]))


def _resources(screen: ScreenContext, invitation: Invitation) -> list[tuple[str, Any, str]]:
    """Return title, direction and conditions of what shall be exchanged."""
    words = {Mode(int(each.value)): each.label for each in modes(screen.T)}
    return [
        (resource_title(screen.site, each.resource), words[each.mode], each.filters)
        for each in invitation.resources
        if screen.site.schema.get(each.resource) is not None
    ]
