"""The host port for a complete Sahana Eden, which defines its tables only when somebody asks for them.

It answers as ``eden.EdenHost`` does, and differs where an Eden has more than the bundled application: models that are
loaded by name, and configuration that lies in the models of this request.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from types import SimpleNamespace
from typing import Any, Callable

from gluon import current
from gluon.storage import Storage
from pydal.objects import Row

from ..core.errors import SyncError
from ..exchange.importer.context import CallbackFailed, HookForm
from .counterparts import COUNTERPARTS, AtOnce, Counterpart, at_once
from .counterparts import Eden as Surroundings
from .eden import EdenHost
from .eden_profile import Profile
from .schema import callbacks_of

logger = logging.getLogger("eden.sync")

#: What decides of an Eden's data model, below the application: its models, templates and settings.
_CODE = ("models", "modules/s3db", "modules/templates", "modules/s3cfg.py", "VERSION")


class LivingEden(EdenHost):
    """A complete Eden in a request or a job (port.Host); see ``EdenHost`` for the arguments."""

    _version: str | None = None

    @cached_property
    def _profile(self) -> Profile:
        return Profile(self._folder)

    _loaded = False

    def load_all(self) -> None:
        """See port.DataModel."""
        if not self._loaded:
            self._s3db.load_all_models()
            self._loaded = True

    def version(self) -> str:
        """See port.DataModel: which code defines the tables, not which of them this request has asked for."""
        if self._version is None:
            newest = max(self._times(), default=0.0)
            self._version = f"{self._profile.mark} {newest:.6f} {self._deployment.get_template()}"
        return self._version

    def _times(self) -> Iterator[float]:
        for name in _CODE:
            path = os.path.join(self._folder, *name.split("/"))
            if os.path.isfile(path):
                yield os.stat(path).st_mtime
            for folder, inner, files in os.walk(path):
                inner[:] = [each for each in inner if each not in ("__pycache__", "views")]
                yield from (
                    os.stat(os.path.join(folder, each)).st_mtime for each in files if each[-3:] == ".py"
                )

    def table(self, name: str) -> Any:
        """See port.DataModel: some tables are made beside others, and not found by their own names."""
        found = self._known(name)
        if found is None and not self._loaded:
            found = self._s3db.table(name, None, db_only=True)
            if found is None:
                self.load_all()
                found = self._known(name)
        return found

    def _known(self, name: str) -> Any:
        return self._db[name] if name in self._db.tables else None

    def config(self, table: str, key: str, default: Any = None) -> Any:
        """See port.DataModel: a table that is not loaded would have none."""
        if self.table(table) is None:
            return default
        if key == "realm_entity":
            return default  # it asks for a written record, see has_realm_rule
        profile = self._profile
        if key == "protected" and profile.stays(table):
            return True
        if key == "computed_fields":
            configured = super().config(table, key, None) or ()
            return (*configured, *profile.computed(table, self.table(table).fields))
        if key.endswith("onaccept") and profile.is_transactional(table):
            return default
        if key == "deduplicate":
            return self._rule(table, default)
        if key == "onaccept_set" and table in COUNTERPARTS:
            return partial(self._accept, table)
        # Settings of a classic Eden have no such rule, and None for every name that they do not know.
        imports = getattr(self._deployment, "get_import_callback", None)
        if key.endswith("_onaccept") and imports is not None:
            return imports(table, key) or default
        return super().config(table, key, default)

    def _rule(self, table: str, default: Any) -> Any:
        """Return Eden's rule for duplicates, or the profile's where that is a function or none."""
        rule = super().config(table, "deduplicate", default)
        names = self._profile.recognised(table, self.table(table).fields)
        if not names or hasattr(rule, "primary"):
            return rule
        return SimpleNamespace(primary=names, secondary=(), ignore_case=True)

    def components(self, table: str) -> Mapping[str, Any]:
        """See port.DataModel."""
        return {} if self.table(table) is None else super().components(table)

    # --- callbacks -----------------------------------------------------------------------------------------

    def call(self, callback: Callable[..., Any], table: str, arguments: Sequence[Any]) -> Any:
        """See port.DataModel: with a form as Eden makes it, and alone with a failure."""
        form, *further = arguments
        given = self._form(table, form) if isinstance(form, HookForm) else _stored(form)
        try:
            with self._importing():
                result = callback(given, *further)
        except SyncError:
            raise
        except Exception as error:
            raise _failed(getattr(callback, "__name__", "a callback"), table, error) from error
        if isinstance(form, HookForm):
            form.vars.update(given.vars)
            form.errors.update(given.errors)
        return result

    def _accept(self, table: str, keys: Sequence[int]) -> Collection[int]:
        """Do what this Eden's callback does with records, for all at once where that is known.

        Returns:
            the keys of the records that are left to the callback.
        """
        counterpart = self._counterpart(table, self._callbacks(table))
        return keys if counterpart is None else counterpart.accept(keys)

    def at_once(self) -> list[AtOnce]:
        """Return for each table with a counterpart whether that is used here."""
        found = []
        for table in sorted(COUNTERPARTS):
            if self.table(table) is not None:
                callbacks = self._callbacks(table)
                found.append(at_once(table, callbacks, self._counterpart(table, callbacks)))
        return found

    def _callbacks(self, table: str) -> list[list[Callable[..., Any]]]:
        """Return what is called for a record of a table that is created, and for one that is updated."""
        return [callbacks_of(self, table, (f"{each}_onaccept", "onaccept")) for each in ("create", "update")]

    def _counterpart(self, table: str, callbacks: Sequence[Sequence[Any]]) -> Counterpart | None:
        """Return the counterpart of a table, None where more is called than one callback for all records."""
        created, updated = callbacks
        if len(created) != 1 or created != updated:
            return None
        eden = Surroundings(self._db, self._s3db, self._auth, self._deployment, current)
        return COUNTERPARTS[table](eden, created[0])

    def _form(self, table: str, form: HookForm) -> Storage:
        return Storage(
            vars=Storage(form.vars),
            errors=Storage(form.errors),
            record=_stored(form.record),
            table=self.table(table),
            method="create" if form.record is None else "update",
            request_vars=Storage(),
        )

    @contextmanager
    def _importing(self) -> Iterator[None]:
        """Let callbacks know of an import, as Eden's own does, and do at once what they would give to a worker."""
        interface, tasks = current.response.s3, getattr(current, "s3task", None)
        bulk, interface.bulk = interface.bulk, True
        if tasks is not None:
            vars(tasks)["_is_alive"] = lambda: False
        try:
            yield
        finally:
            interface.bulk = bulk
            if tasks is not None:
                vars(tasks).pop("_is_alive", None)

    def has_realm_rule(self, table: str) -> bool:
        """See port.DataModel: a rule of the site or of the table, or one that leads over a site or a group."""
        if callable(self._deployment.get_auth_realm_entity()) or callable(
            self._s3db.get_config(table, "realm_entity")
        ):
            return True
        fields = set(self.table(table).fields)
        return bool(fields & {"site_id", "group_id"}) and not fields & {"pe_id", "organisation_id"}

    def set_realms(self, table: str, keys: Sequence[int]) -> None:
        """See port.DataModel."""
        try:
            self._auth.set_realm_entity(self.table(table), list(keys), force_update=True)
        except Exception as error:
            raise _failed("set_realm_entity", table, error) from error

    def act_for_the_site(self) -> None:
        """See port.Rights: an administrator, as some validators of Eden let nobody else change what is imported."""
        members = self._db.auth_membership
        administrators = members.group_id == self._auth.get_system_roles().ADMIN
        first = (
            self._db(administrators).select(members.user_id, orderby=members.user_id, limitby=(0, 1)).first()
        )
        if first is not None:
            self.impersonate(first.user_id)

    # --- rights --------------------------------------------------------------------------------------------

    @property
    def limits_records(self) -> bool:
        """See port.Rights: an administrator may do everything with what is approved."""
        is_administrator = self._auth.s3_has_role(self._auth.get_system_roles().ADMIN)
        return not is_administrator or bool(self._deployment.get_auth_record_approval())

    @property
    def trusts_this_machine(self) -> bool:
        """See port.Rights: a proxy that was there before us need not tell for whom it asks."""
        return False

    def has_permission(self, method: str, table: str) -> bool:
        """See port.Rights: by the rights of the synchronisation, as for the interface that Eden itself has."""
        if self.table(table) is None:
            return False
        return bool(self._auth.s3_has_permission(method, table, c="sync", f="sync"))

    def accessible(self, method: str, table: str) -> bool | str:
        """See port.Rights: realms, owners and approval, in one query."""
        rows = self.table(table)
        if rows is None or method == "create":
            return self.has_permission(method, table)
        query = self._auth.s3_accessible_query(method, rows, c="sync", f="sync")
        if str(query) in (str(rows._id > 0), str(rows._id != None)):  # noqa: E711 - an SQL expression
            return True
        if str(query) == str(rows._id == 0):
            return False
        return str(self._db(query)._select(rows._id)).rstrip(";")

    @property
    def rights_mark(self) -> str:
        """See port.Rights."""
        user = self._auth.user
        return f"{self.user_id} {sorted((user.realms or {}).items(), key=str) if user else ''}"


def _failed(name: str, table: str, error: Exception) -> CallbackFailed:
    logger.warning("%s of %s failed", name, table, exc_info=True)
    return CallbackFailed(f"{name} of this Eden failed for {table}: {type(error).__name__}: {error}")


def _stored(values: Any) -> Any:
    """Return a record as Eden has it: a Row, which is also a number, its key."""
    return Row(values) if isinstance(values, dict) else values
