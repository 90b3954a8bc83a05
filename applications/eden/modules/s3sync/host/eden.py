"""The host port for a Sahana Eden; the bundled application has the same names.

There is no branch for either of them: only names that both have are used.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Callable, NoReturn

from gluon import DAL, current
from gluon.tools import Mail

from ..core.errors import RowRefused
from ..ui.refusals import is_action
from .ini import chosen_in
from .on_define import on_define
from .settings import Decisions, SyncSettings


class EdenHost:
    """An Eden in a request or a job (port.Host).

    Args:
        db: the DAL (``current.db``).
        s3db: the data model (``current.s3db``).
        settings: the settings (``current.deployment_settings``).
        auth: users and rights (``current.auth``).
        folder: the application's folder.
        decide: returns the values of the settings page, see ``SyncSettings``.
    """

    def __init__(
        self,
        db: Any,
        s3db: Any,
        settings: Any,
        auth: Any,
        folder: Path | str,
        decide: Callable[[], Decisions] = dict,
    ) -> None:
        self._db = db
        self._s3db = s3db
        self._deployment = settings
        self._auth = auth
        self._folder = str(folder)
        self.settings = SyncSettings(self._folder, chosen_in(settings), decide)

    # --- the data model ----------------------------------------------------------------------------------

    def load_all(self) -> None:
        """See port.DataModel: they are defined by the models of each request."""

    def version(self) -> Hashable:
        """See port.DataModel."""
        return tuple(self._db.tables)

    def table(self, name: str) -> Any:
        """See port.DataModel."""
        return self._s3db.table(name)

    def config(self, table: str, key: str, default: Any = None) -> Any:
        """See port.DataModel."""
        return self._s3db.get_config(table, key, default)

    def components(self, table: str) -> Mapping[str, Any]:
        """See port.DataModel."""
        return dict(self._s3db.get_components(table) or {})

    def super_key(self, entity: str) -> str:
        """See port.DataModel."""
        return str(self._s3db.super_key(entity))

    def call(self, callback: Callable[..., Any], table: str, arguments: Sequence[Any]) -> Any:
        """See port.DataModel: a failure is a defect of this application, and ends the import."""
        return callback(*arguments)

    def has_realm_rule(self, table: str) -> bool:
        """See port.DataModel: rules are asked before records are written."""
        return False

    def set_realms(self, table: str, keys: Sequence[int]) -> None:
        """See port.DataModel."""

    def on_define(self, callback: Callable[[Any], None]) -> None:
        """See port.Host."""
        on_define(self._db, callback)

    def delete(self, table: str, keys: Iterable[int]) -> None:
        """See port.Host."""
        records = self._s3db.resource(table, id=list(keys))
        records.delete()
        if records.error:
            raise RowRefused(str(records.error), hint="Delete or change the records that refer to it first.")

    def reconnector(self) -> Callable[[], Any]:
        """See port.Host."""
        db, adapter = self._db, self._db._adapter
        return lambda: DAL(
            db._uri,
            folder=adapter.folder,
            pool_size=0,
            migrate_enabled=False,
            decode_credentials=db._decode_credentials,
            after_connection=adapter._after_connection,
        )

    # --- users and rights --------------------------------------------------------------------------------

    @property
    def user_id(self) -> int | None:
        """See port.Rights."""
        user = self._auth.user
        return int(user.id) if user else None

    def impersonate(self, user_id: int | None) -> bool:
        """See port.Rights."""
        known = user_id is not None and self._db.auth_user(user_id) is not None
        self._auth.s3_impersonate(user_id if known else None)
        return known

    def act_for_the_site(self) -> None:
        """See port.Rights: nothing here asks who imports."""

    def logged_in(self) -> bool:
        """See port.Rights."""
        return bool(self._auth.s3_logged_in())

    def may_synchronise(self) -> bool:
        """See port.Rights."""
        return bool(self._auth.permission.has_permission("read", c="sync", f="sync"))

    def may_administer(self) -> bool:
        """See port.Rights: users with a role that the module requires; without such roles, administrators."""
        access = self._module("sync").get("access") or ""
        roles = [int(each) for each in str(access).split("|") if each.strip().isdigit()]
        has_role = self._auth.s3_has_role
        return self.logged_in() and any(map(has_role, roles or [self._auth.get_system_roles().ADMIN]))

    def has_permission(self, method: str, table: str) -> bool:
        """See port.Rights."""
        return bool(self._auth.s3_has_permission(method, table))

    @property
    def limits_records(self) -> bool:
        """See port.Rights: who may use a table may use all of its records."""
        return False

    @property
    def trusts_this_machine(self) -> bool:
        """See port.Rights: documented proxies tell for whom they ask."""
        return True

    def accessible(self, method: str, table: str) -> bool | str:
        """See port.Rights."""
        return self.has_permission(method, table)

    @property
    def rights_mark(self) -> str:
        """See port.Rights."""
        return str(self.user_id)

    def forbid(self) -> NoReturn:
        """See port.Rights."""
        self._auth.permission.fail()
        raise AssertionError("auth.permission.fail ends the request")

    # --- names -------------------------------------------------------------------------------------------

    def title(self, table: str) -> str:
        """See port.Names: the configured title, or that of an Eden's lists."""
        configured = self.config(table, "title")
        if configured:
            return str(configured)
        response = getattr(current, "response", None)
        interface = response.s3 if response is not None else None
        strings = ((interface or {}).get("crud_strings") or {}).get(table)
        return str(strings.title_list or "") if strings else ""

    def module_title(self, prefix: str) -> str:
        """See port.Names."""
        return str(self._module(prefix).get("name_nice") or prefix)

    def _module(self, name: str) -> Mapping[str, Any]:
        return self._deployment.modules.get(name) or {}

    def name_fields(self, table: str) -> Sequence[str]:
        """See port.Names."""
        return tuple(self.config(table, "name_fields") or ("name",))

    def reference_labels(self, table: str, keys: Iterable[int]) -> dict[int, str]:
        """See port.Names."""
        rows = self.table(table)
        wanted = {int(each) for each in keys}
        columns = [rows[name] for name in self.name_fields(table) if name in rows.fields]
        labels = dict.fromkeys(wanted, "")
        for row in self._db(rows._id.belongs(wanted)).select(rows._id, *columns):
            labels[int(row[rows._id])] = " ".join(str(row[each]) for each in columns if row[each])
        return {key: label or f"#{key}" for key, label in labels.items()}

    def accounts_page(self) -> str | None:
        """See port.Names."""
        return next((each for each in ("users", "user") if self.page_exists("admin", each)), None)

    def page_exists(self, controller: str, function: str) -> bool:
        """See port.Names."""
        return is_action(self._folder, controller, function)

    # --- mail --------------------------------------------------------------------------------------------

    def send_mail(self, recipients: Sequence[str], subject: str, text: str) -> str | None:
        """See port.Host."""
        settings = self.settings
        mail = Mail(
            settings.get_mail_server(),
            settings.get_mail_sender() or recipients[0],
            settings.get_mail_login(),
            settings.get_mail_tls(),
        )
        if mail.send(to=list(recipients), subject=subject, message=text):
            return None
        return str(mail.error or "the server did not take it")
