"""Users and roles of this site by the names under which they travel: e-mail address and role (ports.Accounts)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..core.errors import ConfigurationError
from .store import open_store

#: The role of accounts of other sites, with Eden's name for it.
ROLE = "Synchronization"
#: The end of the login names of accounts that are made for sites: no mail gets there (RFC 2606).
MADE = "@sites.invalid"


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


def create_account(db: Any, email: str, password: str, name: str) -> int:
    """Make an account with the role Synchronization alone, within the current transaction; return its key.

    Args:
        db: the DAL with web2py's Auth tables.
        email: its login name.
        password: in clear text.
        name: of the site, for people.

    Raises:
        ConfigurationError: there is no such role here.
    """
    role = role_of_sites(db)
    values = {
        "first_name": name[:64],
        "last_name": "",
        "email": email,
        "password": str(_hashed(db, password)),
    }
    user_id = int(db.auth_user.insert(**values))
    member = {"user_id": user_id, "group_id": role}
    if "pe_id" in db.auth_membership.fields:
        # In a complete Eden a role counts for an entity; 0 stands for all of them.
        member["pe_id"] = 0
    db.auth_membership.insert(**member)
    return user_id


def role_of_sites(db: Any) -> int:
    """Return the key of the role that accounts of other sites have.

    Args:
        db: as for ``create_account``.

    Raises:
        ConfigurationError: there is none; a complete Eden has none of its own.
    """
    role = db(db.auth_group.role == ROLE).select(db.auth_group.id, limitby=(0, 1)).first()
    if role is None:
        raise ConfigurationError(
            f"There is no role {ROLE} at this site, and accounts of other sites would have it.",
            hint="Make it under Administration > Roles, with the rights of the controller sync and of the tables "
            "that other sites shall read and write, then try again.",
        )
    return int(role.id)


def is_made(db: Any, user_id: int) -> bool:
    """Return whether an account was made for a site, and is closed with it.

    Args:
        db, user_id: as for ``close_made``.
    """
    made = (db.auth_user.id == user_id) & db.auth_user.email.endswith(MADE)
    return not db(made).isempty()


def close_made(db: Any, user_id: int | None) -> None:
    """Close an account that was made for a site, within the current transaction; any other one stays as it is.

    Args:
        db: as for ``create_account``.
        user_id: its key, None for none.
    """
    if user_id is not None:
        made = (db.auth_user.id == user_id) & db.auth_user.email.endswith(MADE)
        db(made).update(registration_key="disabled")


def set_password(db: Any, user_id: int, password: str) -> None:
    """Give an account another password, within the current transaction.

    Args:
        db, password: as for ``create_account``.
        user_id: its key.
    """
    db(db.auth_user.id == user_id).update(password=str(_hashed(db, password)))


def has_password(db: Any, user_id: int, password: str) -> bool:
    """Return whether an account logs in with a password.

    Args:
        db, password: as for ``create_account``.
        user_id: its key.
    """
    # web2py's hash compares itself with a stored one, whose salt and method it takes.
    found: bool = _hashed(db, password) == db.auth_user(user_id).password
    return found


def check_password(db: Any, password: str) -> None:
    """Check that a password may be set.

    Raises:
        ConfigurationError: it may not; it is too short, for instance.
    """
    _hashed(db, password)


def is_of_a_site(db: Any, user_id: int) -> bool:
    """Return whether an account has the role Synchronization, and no other one."""
    member, group = db.auth_membership, db.auth_group
    rows = db((member.user_id == user_id) & (member.group_id == group.id)).select(group.role)
    return {row.role for row in rows} == {ROLE}


def _hashed(db: Any, password: str) -> Any:
    """Return web2py's hash of a password; as a text it is what is stored.

    Raises:
        ConfigurationError: web2py does not accept it.
    """
    found, error = db.auth_user.password.validate(password)
    if error:
        raise ConfigurationError(f"No account can be made: {error}.")
    return found
