"""Prepares a new site: roles and the first administrator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from s3.users.auth import ADMINISTRATOR, AUTHENTICATED, create_roles
from s3.users.password_rules import MINIMUM_PASSWORD_LENGTH, hashed
from s3sync.ui.assets import framework


def prepare(environment: Mapping[str, Any], admin_email: str, admin_password: str) -> dict[str, Any]:
    """Prepare a site; it can be repeated. The caller commits.

    It runs in the environment of the models, which have already brought the tables up to date.

    Args:
        environment: names of the models: db, request.
        admin_email: address of the first administrator, used only if there is no administrator yet.
        admin_password: password in clear text.

    Returns:
        created_admin: whether the administrator was created now; tables: number of tables of the site.

    Raises:
        ValueError: if the address or the password cannot be used.
    """
    db = environment["db"]
    framework(environment["request"].folder)
    create_roles(db)
    created = not has_administrator(environment)
    if created:
        _create_administrator(db, admin_email, admin_password)
    return {"created_admin": created, "tables": len(db.tables)}


def has_administrator(environment: Mapping[str, Any]) -> bool:
    """Return whether a site has an administrator.

    Args:
        environment: names of the models: db.
    """
    db = environment["db"]
    return not db(_administrators(db)).isempty()


def is_administrator(environment: Mapping[str, Any], email: str, password: str) -> bool:
    """Return whether an administrator has this address and this password.

    Args:
        environment: names of the models: db.
        email: the address, "" for any.
        password: password in clear text, "" for any.
    """
    db = environment["db"]
    query = _administrators(db)
    if email:
        query &= db.auth_user.email == email
    found = db(query).select(db.auth_user.password)
    hashed, _ = db.auth_user.password.validate(password) if password else (None, None)
    return any(not password or hashed == row.password for row in found)


def _administrators(db: Any) -> Any:
    return (db.auth_membership.group_id == ADMINISTRATOR) & (db.auth_membership.user_id == db.auth_user.id)


def _create_administrator(db: Any, email: str, password: str) -> None:
    table = db.auth_user
    existing = db(table.email == email).select(limitby=(0, 1)).first()
    if existing:
        user_id = existing.id
    else:
        hashed, error = table.password.validate(password)
        if error:
            raise ValueError(f"The administrator's password cannot be used: {error}.")
        for requirement in table.email.requires[:1]:
            _, error = requirement(email)
            if error:
                raise ValueError(f"{email!r} cannot be the administrator's address: {error}.")
        user_id = table.insert(first_name="Admin", last_name="User", email=email, password=str(hashed))
    for role in (ADMINISTRATOR, AUTHENTICATED):
        db.auth_membership.update_or_insert(user_id=user_id, group_id=role)


def set_password(environment: Mapping[str, Any], email: str, password: str) -> bool:
    """Give a user a new password, which ends the sessions that began with the former one. The caller commits.

    Args:
        environment: names of the models: db.
        email: address of the user.
        password: password in clear text.

    Returns:
        whether there is such a user.

    Raises:
        ValueError: if the password is too short.
    """
    db = environment["db"]
    if len(password) < MINIMUM_PASSWORD_LENGTH:
        raise ValueError(f"A password has at least {MINIMUM_PASSWORD_LENGTH} characters.")
    found = db(db.auth_user.email == email)
    return bool(found.update(password=hashed(db.auth_user.password, password)))


def create_user(
    environment: Mapping[str, Any], email: str, password: str, roles: tuple[str, ...] = ()
) -> int:
    """Create a user, or give an existing one a new password and these roles. The caller commits.

    Args:
        environment: names of the models: db.
        email: address, which is also the login name.
        password: password in clear text.
        roles: names of roles, such as "Synchronization".

    Returns:
        the user's id.

    Raises:
        ValueError: if the password cannot be used or a role does not exist.
    """
    db = environment["db"]
    hashed, error = db.auth_user.password.validate(password)
    if error:
        raise ValueError(f"The password of {email} cannot be used: {error}.")
    row = db(db.auth_user.email == email).select(limitby=(0, 1)).first()
    if row:
        user_id = int(row.id)
        db(db.auth_user.id == user_id).update(password=str(hashed))
    else:
        user_id = int(
            db.auth_user.insert(
                first_name=email.partition("@")[0], last_name="", email=email, password=str(hashed)
            )
        )
    for name in roles:
        role = db(db.auth_group.role == name).select(limitby=(0, 1)).first()
        if role is None:
            raise ValueError(f"There is no role {name}.")
        db.auth_membership.update_or_insert(user_id=user_id, group_id=role.id)
    return user_id
