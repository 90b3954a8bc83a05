"""Users and their roles, for administrators."""

from __future__ import annotations

from typing import Any

from gluon import SQLFORM, URL, Field, current
from gluon.validators import IS_EMAIL, IS_EMPTY_OR, IS_LENGTH, IS_NOT_EMPTY, IS_NOT_IN_DB

from s3sync.ui.choice import Choice
from s3sync.ui.forms import buttons, checkboxes, form_rows
from s3sync.ui.sent_forms import process

from ..pages.listing import listing
from .auth import ADMINISTRATOR, AUTHENTICATED
from .password_rules import MINIMUM_PASSWORD_LENGTH

DISABLED = "disabled"


def role_name(translate: Any, role: str) -> str:
    """Return the translated name of a built-in role; other roles keep the name that somebody entered."""
    T = translate
    names = {
        "Administrator": T("Administrator"),
        "Authenticated": T("Authenticated"),
        "Synchronization": T("Synchronization"),
    }
    return str(names.get(role, role))


def users_page(db: Any, translate: Any, variables: Any) -> dict[str, Any]:
    """Return a page of users with their roles, and which accounts are disabled.

    Args:
        db: the site's database.
        translate: web2py's T.
        variables: of the address, see ``listing``.
    """
    user, group, member = db.auth_user, db.auth_group, db.auth_membership
    shown = [user.email, user.first_name, user.last_name]
    page = listing(db, user.id > 0, shown, variables, searchable=shown, order=[user.email])
    ids = [row.id for row in page.rows]
    roles: dict[int, list[str]] = {}
    query = (member.group_id == group.id) & member.user_id.belongs(ids)
    for row in db(query).select(member.user_id, group.role):
        roles.setdefault(row.auth_membership.user_id, []).append(role_name(translate, row.auth_group.role))
    closed = user.id.belongs(ids) & (user.registration_key != "") & (user.registration_key != None)  # noqa: E711
    return {"page": page, "roles": roles, "disabled": {row.id for row in db(closed).select(user.id)}}


class UserForm:
    """A form for one user.

    Args:
        db: the site's database.
        translate: web2py's T.
        record: the user, None for a new one.
        own_id: id of the current administrator, who must not lock himself out.
    """

    def __init__(self, db: Any, translate: Any, record: Any, own_id: int | None) -> None:
        self.db = db
        self.T = T = translate
        self.record = record
        self.own_id = own_id
        roles = {
            row.id: role_name(T, row.role)
            for row in db(db.auth_group.id != AUTHENTICATED).select(orderby=db.auth_group.id)
        }
        held = self._held_roles() if record else []
        address = db.auth_user
        others = db(address.id != record.id) if record else db
        password_rules = IS_LENGTH(
            512,
            MINIMUM_PASSWORD_LENGTH,
            error_message=T("At least %s characters") % MINIMUM_PASSWORD_LENGTH,
        )
        self.form = SQLFORM.factory(
            Field(
                "first_name",
                label=T("First Name"),
                default=record and record.first_name,
                requires=IS_NOT_EMPTY(),
            ),
            Field("last_name", label=T("Last Name"), default=record and record.last_name),
            Field(
                "email",
                label=T("Email"),
                default=record and record.email,
                requires=[IS_EMAIL(), IS_NOT_IN_DB(others, "auth_user.email")],
            ),
            Field(
                "new_password",
                "password",
                label=T("New password") if record else T("Password"),
                requires=IS_EMPTY_OR(password_rules) if record else password_rules,
                comment=T("Leave empty to keep the present one") if record else None,
            ),
            Field(
                "roles",
                "list:integer",
                label=T("Roles"),
                default=held,
                requires=IS_EMPTY_OR(Choice(roles, multiple=True)),
                widget=checkboxes,
            ),
            Field(
                "account_disabled",
                "boolean",
                label=T("Account disabled"),
                default=bool(record and record.registration_key == DISABLED),
            ),
            formstyle=form_rows,
            separator="",
            buttons=buttons(T("Save"), T("Cancel"), URL("admin", "users")),
            table_name="user",
        )

    def _held_roles(self) -> list[int]:
        member = self.db.auth_membership
        rows = self.db(member.user_id == self.record.id).select(member.group_id)
        return [int(row.group_id) for row in rows if row.group_id != AUTHENTICATED]

    def process(self) -> bool:
        """Handle the request; return whether the user was saved."""
        if not process(self.form, current.T, onvalidation=self._check):
            return False
        given = self.form.vars
        values = {name: given[name] for name in ("first_name", "last_name", "email")}
        values["registration_key"] = DISABLED if given.account_disabled else ""
        table, member = self.db.auth_user, self.db.auth_membership
        if given.new_password:
            hashed, _ = table.password.validate(given.new_password)
            values["password"] = str(hashed)
        if self.record:
            user_id = self.record.id
            self.db(table.id == user_id).update(**values)
        else:
            user_id = table.insert(**values)
        wanted = set(given.roles or []) | {AUTHENTICATED}
        self.db((member.user_id == user_id) & ~member.group_id.belongs(wanted)).delete()
        for role in wanted:
            member.update_or_insert(user_id=user_id, group_id=role)
        return True

    def _check(self, form: Any) -> None:
        if self.record and self.record.id == self.own_id:
            if form.vars.account_disabled:
                form.errors.account_disabled = self.T("You cannot disable your own account")
            if ADMINISTRATOR not in (form.vars.roles or []):
                form.errors.roles = self.T("You cannot take this role from yourself")
