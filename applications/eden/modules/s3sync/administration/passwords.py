"""Passwords in the database of an Eden that was taken over: encrypted while we are there, opened when we leave."""

from __future__ import annotations

from typing import Any

from ..adapters import adapter_type
from ..adapters.settings import COLUMNS
from ..core.errors import ConfigurationError
from ..database.store import open_store
from ..site.vault import PREFIX, Vault

#: Columns of sync_repository in which an Eden keeps secrets, as plain text.
SECRETS = ("password", "client_secret", "site_key", "refresh_token")


def seal(db: Any, vault: Vault) -> int:
    """Encrypt the passwords that are plain text; return how many. The caller commits.

    Those of types that we do not exchange with stay as they are: only the Eden itself uses them.

    Args:
        db: the DAL with sync_repository.
        vault: of this site.

    Raises:
        ConfigurationError: the key cannot be read or made.
    """
    sealed = 0
    table = db.sync_repository
    for row in db(table.id > 0).select(table.id, table.apitype, *map(table.__getitem__, SECRETS)):
        plain = {name: row[name] for name in _secrets(row.apitype) if is_plain(row[name])}
        _write(db, row.id, {name: vault.seal(text) for name, text in plain.items()})
        sealed += len(plain)
    return sealed


def unseal(db: Any, vault: Vault) -> tuple[int, list[str]]:
    """Write encrypted passwords as plain text again. The caller commits.

    Args:
        db, vault: as for ``seal``.

    Returns:
        how many were opened, and the names of repositories whose password cannot be opened: it has to be entered again.
    """
    opened = 0
    unopened: list[str] = []
    table = db.sync_repository
    for row in db(table.id > 0).select(table.id, table.name, *map(table.__getitem__, SECRETS)):
        sealed = {name: row[name] for name in SECRETS if (row[name] or "").startswith(PREFIX)}
        try:
            plain = {name: vault.open(text) for name, text in sealed.items()}
        except ConfigurationError:
            unopened.append(str(row.name))
            continue
        _write(db, row.id, plain)
        opened += len(plain)
    return opened, unopened


def _write(db: Any, key: int, secrets: dict[str, str | None]) -> None:
    """Write secrets of a repository, which is no change of it: it keeps its time, and who changed it last."""
    store = open_store(db)
    quote = store.columns.name
    for name, text in secrets.items():
        store.run(
            f"UPDATE {quote('sync_repository')} SET {quote(name)} = {store.mark} WHERE {quote('id')} = {store.mark}",
            (text, key),
        )


def is_plain(text: str | None) -> bool:
    """Return whether a password is stored as plain text."""
    return bool(text) and not str(text).startswith(PREFIX)


def _secrets(apitype: str) -> list[str]:
    try:
        kind = adapter_type(apitype)
    except ConfigurationError:
        return []
    return [each.name for each in kind.settings if each.secret and each.name in COLUMNS]
