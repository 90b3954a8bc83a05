"""What has to be entered for a repository, and where it is stored.

A setting that has a column in ``sync_repository`` is stored there, any other one in its JSON column ``settings``,
so a new type needs no new column. Secrets are sealed in either place.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Callable, Protocol

#: Columns of sync_repository that hold what a person enters for a type.
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
#: Where the others are in the column ``settings``, which also holds what was learned about the other site.
OWN = "adapter"


class Kind(enum.Enum):
    """What sort of value a setting has; the form shows and checks it accordingly."""

    TEXT = "text"
    #: A URL of http or https.
    ADDRESS = "address"
    #: Stored encrypted, never sent back to a browser.
    SECRET = "secret"
    #: One of a few.
    CHOICE = "choice"
    #: A folder on this machine, within the roots that its operator allows.
    PATH = "path"
    BOOLEAN = "boolean"


@dataclass(frozen=True)
class Setting:
    """What a repository type needs to have entered.

    Attributes:
        name: a name of Python; of a column of ``sync_repository`` where there is a fitting one.
        label: for the form, in English; translated by the screen.
        help: one sentence below the field, in English.
        kind: what sort of value it has.
        required: whether this site cannot ask the other one without it.
        choices: for a choice, value and label of each; the first one is the default.
        check: returns what is wrong with a value, in English, "" for nothing.
    """

    name: str
    label: str
    help: str = ""
    kind: Kind = Kind.TEXT
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    check: Callable[[str], str] | None = None

    @property
    def secret(self) -> bool:
        """Whether the value is stored encrypted."""
        return self.kind is Kind.SECRET


class Opener(Protocol):
    """Who opens secrets (see ``vault.Vault``)."""

    def open(self, stored: str | None) -> str | None:
        """Return the text that was sealed."""
        ...


def stored(row: Any, setting: Setting) -> Any:
    """Return the stored value of a setting, a secret still sealed; None where there is none.

    Args:
        row: of sync_repository.
        setting: of the repository's type.
    """
    if setting.name in COLUMNS:
        return row[setting.name]
    return ((row.settings or {}).get(OWN) or {}).get(setting.name)


def opened(row: Any, settings: Iterable[Setting], vault: Opener) -> dict[str, Any]:
    """Return the values of a repository by the names of its settings, as an adapter gets them; empty ones are left out.

    Args:
        row: of sync_repository.
        settings: those of its type.
        vault: opens the secrets.

    Raises:
        ConfigurationError: a secret cannot be opened.
    """
    found = {}
    for each in settings:
        value = stored(row, each)
        if value not in (None, "", False):
            found[each.name] = vault.open(value) if each.secret else value
    return found


def columns(former: Mapping[str, Any] | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of sync_repository with which values are stored.

    Args:
        former: what the column ``settings`` holds.
        values: by the names of settings; secrets sealed.
    """
    found: dict[str, Any] = {name: value for name, value in values.items() if name in COLUMNS}
    own = {name: value for name, value in values.items() if name not in COLUMNS}
    if own or (former or {}).get(OWN):
        found["settings"] = {**(former or {}), OWN: own}
    return found
