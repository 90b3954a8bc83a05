"""An Eden by its names: what a complete Sahana Eden answers to as far as it is asked here, and nothing else.

Any other name fails with AttributeError. Names and meanings are those of ``modules/s3cfg.py`` and, in ``modules/s3``,
of ``s3model.py``, ``s3aaa.py`` and ``s3resource.py`` of Sahana Eden; the code is this project's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any, NoReturn

from gluon import HTTP
from gluon.storage import Storage


class EdenSettings:
    """``current.deployment_settings``: a Storage for each section, and the modules."""

    def __init__(self) -> None:
        self.base, self.mail, self.security, self.sync = Storage(), Storage(), Storage(), Storage()
        self.modules: dict[str, Storage] = {}

    def has_module(self, module_name: str) -> bool:
        return module_name in self.modules


class EdenModel:
    """``current.s3db``.

    Args:
        db: the DAL.
    """

    def __init__(self, db: Any) -> None:
        self._db = db
        self._config: dict[str, dict[str, Any]] = {}
        self._components: dict[str, dict[str, Any]] = {}

    def table(self, tablename: str, default: Any = None, db_only: bool = False) -> Any:
        return self._db[tablename] if tablename in self._db.tables else default

    def configure(self, tablename: str, **attr: Any) -> None:
        self._config.setdefault(tablename, {}).update(attr)

    def get_config(self, tablename: str, key: str, default: Any = None) -> Any:
        return self._config.get(tablename, {}).get(key, default)

    def add_components(self, master: str, **links: Mapping[str, Any]) -> None:
        for tablename, link in links.items():
            alias = tablename.partition("_")[2]
            hook = SimpleNamespace(
                tablename=tablename, alias=alias, pkey="id", fkey=link["joinby"], multiple=True, link=None
            )
            self._components.setdefault(master, {})[alias] = hook

    def get_components(self, table: str, names: Any = None) -> dict[str, Any] | None:
        return self._components.get(table)

    def super_key(self, supertable: str, default: Any = None) -> Any:
        return self._db[supertable]._id.name

    def resource(self, tablename: str, id: Any = None) -> EdenResource:
        return EdenResource(self._db, tablename, id)


class EdenResource:
    """What ``s3db.resource`` gives: a record that others refer to is not deleted, and ``error`` says so."""

    def __init__(self, db: Any, tablename: str, ids: Iterable[int]) -> None:
        self._db = db
        self._table = db[tablename]
        self._ids = list(ids)
        self.error: str | None = None

    def delete(self) -> int:
        referring = f"reference {self._table._tablename}"
        for name in self._db.tables:
            for field in self._db[name]:
                if str(field.type) == referring and field.ondelete == "RESTRICT":
                    if self._db(field.belongs(self._ids)).count():
                        self.error = f"restricted by {field}"
                        return 0
        return int(self._db(self._table._id.belongs(self._ids)).update(deleted=True))


class EdenPermission:
    """``auth.permission``."""

    def __init__(self, auth: EdenAuth) -> None:
        self._auth = auth

    def has_permission(
        self, method: str, c: str | None = None, f: str | None = None, t: Any = None, record: Any = None
    ) -> bool:
        return self._auth.s3_has_role(1) or self._auth._may(self._auth._pages, (c, f))

    def fail(self) -> NoReturn:
        raise HTTP(403 if self._auth.s3_logged_in() else 401)


class EdenAuth:
    """``current.auth``.

    Args:
        db: the DAL, with ``auth_user``.
        roles: account -> ids of its roles; 1 is the administrator's.
        pages: account -> controller and function of pages that it may use.
        tables: account -> method and table that it may use.
    """

    def __init__(
        self,
        db: Any,
        roles: Mapping[int, set[int]],
        pages: Mapping[int, set[tuple[str, str]]],
        tables: Mapping[int, set[tuple[str, str]]],
    ) -> None:
        self._db = db
        self._roles = roles
        self._pages = pages
        self._tables = tables
        self.user: Storage | None = None
        self.permission = EdenPermission(self)

    def s3_impersonate(self, user_id: Any) -> Storage | None:
        if not user_id:
            self.user = None
            return None
        row = self._db.auth_user(user_id)
        if row is None:
            raise ValueError("User not found")
        self.user = Storage(id=row.id, email=row.email)
        return self.user

    def s3_logged_in(self) -> bool:
        return self.user is not None

    def get_system_roles(self) -> Storage:
        return Storage(ADMIN=1, AUTHENTICATED=2)

    def s3_has_role(self, role: Any, for_pe: Any = None, include_admin: bool = True) -> bool:
        mine = self._roles.get(self.user.id, set()) if self.user else set()
        return role in mine or (include_admin and 1 in mine)

    def s3_has_permission(
        self, method: str, table: Any, record_id: Any = None, c: Any = None, f: Any = None
    ) -> bool:
        return self.s3_has_role(1) or self._may(self._tables, (method, str(table)))

    def _may(self, allowed: Mapping[int, set[tuple[str, str]]], what: tuple[Any, Any]) -> bool:
        return self.user is not None and what in allowed.get(self.user.id, set())
