"""Users and roles of this site by the names under which they travel: e-mail address and role (ports.Accounts)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .store import open_store


class SiteAccounts:
    """The accounts in web2py's Auth tables.

    Args:
        db: the DAL.
        users_table, groups_table: names of the tables of users and roles.
    """

    def __init__(self, db: Any, users_table: str = "auth_user", groups_table: str = "auth_group") -> None:
        self._store = open_store(db)
        self._users = users_table if users_table in db.tables else None
        self._groups = groups_table if groups_table in db.tables else None

    def users(self, emails: Collection[str]) -> dict[str, int]:
        """See ports.Accounts; addresses are compared case-insensitively."""
        wanted = {email.lower(): email for email in emails}
        return {wanted[name]: key for key, name in self._named(self._users, "email", list(wanted))}

    def emails(self, user_ids: Collection[int]) -> dict[int, str]:
        """See ports.Accounts."""
        return self._names(self._users, "email", user_ids)

    def email(self, user_id: int | None) -> str | None:
        """Return the address of a user, None if there is no such user."""
        return self.emails([user_id]).get(user_id) if user_id else None

    def groups(self, roles: Collection[str]) -> dict[str, int]:
        """See ports.Accounts."""
        wanted = {role.lower(): role for role in roles}
        return {wanted[name]: key for key, name in self._named(self._groups, "role", list(wanted))}

    def roles(self, group_ids: Collection[int]) -> dict[int, str]:
        """See ports.Accounts."""
        return self._names(self._groups, "role", group_ids)

    def _named(self, table: Any, column: str, names: Collection[str]) -> Collection[Any]:
        if table is None or not names:
            return []
        quote = self._store.columns.name
        sql = f"SELECT id, LOWER({quote(column)}) FROM {quote(table)} WHERE LOWER({quote(column)}) IN "
        return [row for row in self._store.by_keys(sql, (), names) if row[1] in names]

    def _names(self, table: Any, column: str, keys: Collection[int]) -> dict[int, str]:
        if table is None or not keys:
            return {}
        quote = self._store.columns.name
        rows = self._store.by_keys(f"SELECT id, {quote(column)} FROM {quote(table)} WHERE id IN ", (), keys)
        return {key: name for key, name in rows if name}
