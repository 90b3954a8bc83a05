"""Users, roles and memberships: web2py's tables, declared here so that they exist without a web request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gluon import Field
from gluon.validators import CRYPT, IS_EMAIL, IS_IN_DB, IS_LENGTH, IS_NOT_EMPTY, IS_NOT_IN_DB

if TYPE_CHECKING:
    from s3.data_model.datamodel import S3DataModel
from s3.users.password_rules import MINIMUM_PASSWORD_LENGTH, PASSWORD_ALGORITHM


def define(s3db: S3DataModel) -> None:
    """Declare auth_user, auth_group and auth_membership as web2py's Auth expects them."""
    db, T = s3db.db, s3db.T

    def user() -> list[Field]:
        return [
            Field("first_name", length=128, label=T("First Name"), requires=[IS_NOT_EMPTY(), IS_LENGTH(128)]),
            Field("last_name", length=128, default="", label=T("Last Name"), requires=IS_LENGTH(128)),
            Field(
                "email",
                length=255,
                unique=True,
                label=T("Email"),
                requires=[IS_EMAIL(), IS_NOT_IN_DB(db, "auth_user.email")],
            ),
            Field(
                "password",
                "password",
                length=512,
                readable=False,
                label=T("Password"),
                requires=CRYPT(digest_alg=PASSWORD_ALGORITHM, min_length=MINIMUM_PASSWORD_LENGTH),
            ),
            Field("language", length=16, readable=False, writable=False),
            Field("registration_key", length=512, default="", readable=False, writable=False),
            Field("reset_password_key", length=512, default="", readable=False, writable=False),
            Field("registration_id", length=512, default="", readable=False, writable=False),
        ]

    def group() -> list[Field]:
        return [
            Field(
                "role",
                length=255,
                unique=True,
                label=T("Role"),
                requires=[IS_NOT_EMPTY(), IS_NOT_IN_DB(db, "auth_group.role")],
            ),
            Field("description", "text", label=T("Description")),
        ]

    def membership() -> list[Field]:
        return [
            Field(
                "user_id",
                "reference auth_user",
                label=T("User"),
                requires=IS_IN_DB(db, "auth_user.id", "%(email)s"),
            ),
            Field(
                "group_id",
                "reference auth_group",
                label=T("Role"),
                requires=IS_IN_DB(db, "auth_group.id", "%(role)s"),
            ),
        ]

    for name, build, shown in (
        ("auth_user", user, "%(email)s"),
        ("auth_group", group, "%(role)s"),
        ("auth_membership", membership, None),
    ):
        s3db.configure(name, protected=True)
        s3db.define_table(name, build, meta=False, format=shown)
