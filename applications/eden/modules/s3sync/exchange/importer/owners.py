"""Users and groups in records: named by e-mail address and role, which mean the same at every site."""

from __future__ import annotations

from collections.abc import Sequence

from ..ports import Accounts
from .items import Item


class Owners:
    """The users and groups of one import.

    Args:
        accounts: see ``ports``.
        believed: whether what the records say of users and groups counts.
    """

    def __init__(self, accounts: Accounts, believed: bool = True) -> None:
        self._accounts = accounts
        self._believed = believed
        self._users: dict[str, int | None] = {}
        self._groups: dict[str, int | None] = {}

    def find(self, items: Sequence[Item]) -> None:
        """Look up the users and groups that the records of a batch name, with two queries."""
        if not self._believed:
            return
        emails: set[str] = set()
        roles: set[str] = set()
        for item in items:
            record = item.record
            emails.update(e for e in (record.created_by, record.modified_by, record.owned_by_user) if e)
            if record.owned_by_group:
                roles.add(record.owned_by_group)
        new_emails = emails - self._users.keys()
        if new_emails:
            found = self._accounts.users(new_emails)
            self._users.update((email, found.get(email)) for email in new_emails)
        new_roles = roles - self._groups.keys()
        if new_roles:
            groups = self._accounts.groups(new_roles)
            self._groups.update((role, groups.get(role)) for role in new_roles)

    def user(self, email: str | None) -> int | None:
        """Return the id of the user with this address, None if there is none."""
        return self._users.get(email) if email else None

    def group(self, role: str | None) -> int | None:
        """Return the id of the group with this role, None if there is none."""
        return self._groups.get(role) if role else None
