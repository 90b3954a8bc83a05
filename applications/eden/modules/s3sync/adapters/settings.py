"""The settings of a repository, and where they are stored.

A setting with a column in ``sync_repository`` is stored there, any other one in its JSON column ``settings``, so a new
type needs no new column. Secrets are encrypted in both places.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Callable, Protocol

from ..core.errors import SyncError
from ..transport.urls import PORTS, WEB, origin

#: Columns of sync_repository for the settings of a type.
COLUMNS = frozenset(
    (
        "url",
        "path",
        "username",
        "password",
        "client_id",
        "client_secret",
        "site_key",
        "refresh_token",
        "proxy",
        "synchronise_uuids",
        "keep_source",
    )
)
#: The key of the other settings in the column ``settings``, which also has what was detected about the other site.
OWN = "adapter"


class Kind(enum.Enum):
    """The kind of a setting's value, which determines its form field and check."""

    TEXT = "text"
    #: A URL with one of the schemes of the setting.
    ADDRESS = "address"
    #: Stored encrypted, never sent back to a browser.
    SECRET = "secret"
    #: One of a few values.
    CHOICE = "choice"
    #: A folder on this machine, within the roots that the operator allows.
    PATH = "path"
    BOOLEAN = "boolean"


@dataclass(frozen=True)
class Setting:
    """A setting of a repository type.

    Attributes:
        name: a Python identifier; that of a column of ``sync_repository`` if one fits.
        label: label in the form, in English; the screen translates it.
        help: one sentence below the field, in English.
        kind: the kind of its value.
        required: whether this site needs it to exchange.
        choices: for a choice, value and label of each; the first one is the default.
        schemes: for an address, those that it may have.
        correct: returns a value as it was meant, before it is checked.
        check: returns what is wrong with a value, in English, "" for nothing.
    """

    name: str
    label: str
    help: str = ""
    kind: Kind = Kind.TEXT
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    check: Callable[[str], str] | None = None
    correct: Callable[[str], str] | None = None
    schemes: tuple[str, ...] = WEB

    @property
    def secret(self) -> bool:
        """Whether the value is stored encrypted."""
        return self.kind is Kind.SECRET


class Opener(Protocol):
    """Decrypts secrets (see ``site.vault.Vault``)."""

    def open(self, stored: str | None) -> str | None:
        """Return the decrypted text."""
        ...


def stored(row: Any, setting: Setting) -> Any:
    """Return the stored value of a setting, a secret still encrypted; None if there is none.

    Args:
        row: row of sync_repository.
        setting: a setting of the repository's type.
    """
    if setting.name in COLUMNS:
        return row[setting.name]
    return ((row.settings or {}).get(OWN) or {}).get(setting.name)


def opened(row: Any, settings: Iterable[Setting], vault: Opener) -> dict[str, Any]:
    """Return the values of a repository's settings for its adapter, without empty ones.

    Args:
        row: row of sync_repository.
        settings: the settings of its type.
        vault: decrypts the secrets.

    Raises:
        ConfigurationError: a secret cannot be decrypted.
    """
    found = {}
    for each in settings:
        value = stored(row, each)
        if value not in (None, "", False):
            found[each.name] = vault.open(value) if each.secret else value
    return found


def columns(former: Mapping[str, Any] | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of sync_repository that store the values.

    Args:
        former: the present value of the column ``settings``.
        values: values by the names of settings; secrets encrypted.
    """
    found: dict[str, Any] = {name: value for name, value in values.items() if name in COLUMNS}
    own = {name: value for name, value in values.items() if name not in COLUMNS}
    if own or (former or {}).get(OWN):
        found["settings"] = {**(former or {}), OWN: own}
    return found


def destination(settings: Iterable[Setting], values: Mapping[str, Any]) -> list[str]:
    """Return where the secrets of a repository are sent: the origins of all its addresses, the proxy's too.

    Args:
        settings: the settings of its type.
        values: their values by name.
    """
    return [_origin(str(values.get(each.name) or "")) for each in settings if each.kind is Kind.ADDRESS]


def _origin(address: str) -> str:
    try:
        return str(origin(address, tuple(PORTS))) if address.strip() else ""
    except SyncError:
        return address
