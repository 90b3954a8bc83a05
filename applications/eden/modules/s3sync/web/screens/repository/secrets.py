"""Passwords in the form of a repository, which are never sent back to the browser."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ....adapters.base import Adapter
from ....adapters.settings import Setting, stored
from ....site import Repository
from ....site.labels import Translate
from ..context import ScreenContext

#: How long a password that was typed for a test is stored.
PASSWORD_WAITS = timedelta(minutes=10)


# --- secrets between two requests ----------------------------------------------------------------------------


def kept_words(T: Translate) -> Any:
    return T("What you typed is kept for ten minutes. Leave this empty to use it, or type it again.")


def kept_secret(screen: ScreenContext, record: Repository | None, name: str) -> str | None:
    """Return a secret that was typed for a test and not saved, encrypted; None if there is none."""
    kept = screen.session.sync_secrets
    if not kept or kept["of"] != (record.id if record else 0):
        return None
    if datetime.fromisoformat(kept["until"]) < screen.now:
        return None
    found: str | None = kept["sealed"].get(name)
    return found


def keep_secrets(screen: ScreenContext, kind: type[Adapter], record: Repository | None, form: Any) -> None:
    """Remove typed secrets from the page and store them, encrypted, until the person saves."""
    typed = {}
    for setting in kind.settings:
        if not setting.secret:
            continue
        control = form.element(f"input[name={setting.name}]")
        if control is not None:
            control["value"] = control["_value"] = None
            control["_autocomplete"] = "new-password"
        value = screen.request.post_vars[setting.name]
        sealed = screen.site.vault.seal(value) if value else kept_secret(screen, record, setting.name)
        if sealed:
            typed[setting.name] = sealed
            for help_text in form.elements(f"#repository_{setting.name}__row__help"):
                help_text.components[:] = [kept_words(screen.T)]
    if typed and screen.request.env.request_method == "POST":
        until = screen.now + PASSWORD_WAITS
        screen.session.sync_secrets = {
            "of": record.id if record else 0,
            "until": until.isoformat(),
            "sealed": typed,
        }


def secret_field(
    screen: ScreenContext, record: Repository | None, setting: Setting, values: Any
) -> str | None:
    """Return the secret to store: typed now, typed for a test, or stored before."""
    if values[setting.name]:
        return screen.site.vault.seal(values[setting.name])
    return kept_secret(screen, record, setting.name) or (stored(record, setting) if record else None)
