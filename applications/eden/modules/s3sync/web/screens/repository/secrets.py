"""Passwords in the form of a repository, which are never sent back to the browser."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ....adapters import settings as settings
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


def kept_secret(
    screen: ScreenContext, kind: type[Adapter], record: Repository | None, name: str, values: Any
) -> str | None:
    """Return a secret that was typed for a test of this destination and not saved, encrypted; None if there is none.

    Args:
        screen: the context.
        kind: class of the adapter.
        record: the repository, None for a new one.
        name: name of the setting.
        values: the values of the other settings by name.
    """
    kept = screen.session.sync_secrets
    if not kept or kept["of"] != (record.id if record else 0):
        return None
    if datetime.fromisoformat(kept["until"]) < screen.now or kept.get("for") != destination(kind, values):
        return None
    found: str | None = kept["sealed"].get(name)
    return found


def destination(kind: type[Adapter], values: Any) -> list[str]:
    """Return where the secrets of a repository are sent: the origins of all its addresses, the proxy's too.

    Args:
        kind: class of the adapter.
        values: the values of its settings by name.
    """
    return settings.destination(kind.settings, values)


def keep_secrets(screen: ScreenContext, kind: type[Adapter], record: Repository | None, form: Any) -> None:
    """Remove typed secrets from the page and store them, encrypted, until the person saves."""
    typed = {}
    posted = screen.request.post_vars
    for setting in kind.settings:
        if not setting.secret:
            continue
        control = form.element(f"input[name={setting.name}]")
        if control is not None:
            control["value"] = control["_value"] = None
            control["_autocomplete"] = "new-password"
        value = posted[setting.name]
        sealed = (
            screen.site.vault.seal(value)
            if value
            else kept_secret(screen, kind, record, setting.name, posted)
        )
        if sealed:
            typed[setting.name] = sealed
            for help_text in form.elements(f"#repository_{setting.name}__row__help"):
                help_text.components[:] = [kept_words(screen.T)]
    if typed and screen.request.env.request_method == "POST":
        until = screen.now + PASSWORD_WAITS
        screen.session.sync_secrets = {
            "of": record.id if record else 0,
            "for": destination(kind, posted),
            "until": until.isoformat(),
            "sealed": typed,
        }


def secret_field(
    screen: ScreenContext, kind: type[Adapter], record: Repository | None, setting: Setting, values: Any
) -> str | None:
    """Return the secret to use: typed now, or typed for a test or stored before for the same destination."""
    found: str | None = values[setting.name]
    if found:
        return screen.site.vault.seal(found)
    found = kept_secret(screen, kind, record, setting.name, values)
    if found is None and record is not None and _goes_to(kind, record, values):
        found = stored(record, setting)
    return found


def refuse_another_destination(
    screen: ScreenContext, kind: type[Adapter], record: Repository | None, form: Any
) -> None:
    """Ask for the secrets again where an address was changed: nobody may have them sent elsewhere without knowing them.

    Args:
        screen, kind, record: as in ``kept_secret``.
        form: the form, whose errors get the question.
    """
    if record is None or _goes_to(kind, record, form.vars):
        return
    for setting in kind.settings:
        if (
            setting.secret
            and stored(record, setting)
            and not secret_field(screen, kind, record, setting, form.vars)
        ):
            form.errors[setting.name] = screen.T(
                "Enter it again: the stored one is for another address, and is not sent to this one."
            )


def _goes_to(kind: type[Adapter], record: Repository, values: Any) -> bool:
    """Return whether the entered addresses are those for which the secrets of a repository were stored."""
    return destination(kind, entered_before(kind, record)) == destination(kind, values)


def entered_before(kind: type[Adapter], record: Repository | None) -> dict[str, Any]:
    """Return the stored values of the settings by name; None for a new repository."""
    return {each.name: stored(record, each) if record else None for each in kind.settings}
