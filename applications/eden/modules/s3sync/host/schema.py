"""The schema of the host application, from its pydal tables and its data model.

The schema is built once per process and site. Callbacks and validators that may keep a reference to a request's
database are looked up again for each use.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Callable, NamedTuple
from weakref import WeakValueDictionary, ref

from ..core.schema import (
    META_FIELDS,
    Component,
    DuplicateRule,
    Field,
    Hook,
    Initial,
    Schema,
    Table,
    is_protected,
)
from ..wire.values.uploads import kept_path
from .duplicate_functions import finder
from .port import DataModel
from .validators import compile_rules, flattened, read_rules

_TRAVELLING_KINDS = frozenset(
    (
        "string",
        "text",
        "integer",
        "bigint",
        "double",
        "decimal",
        "boolean",
        "date",
        "time",
        "datetime",
        "json",
        "upload",
        "reference",
        "list:string",
        "list:integer",
        "list:reference",
    )
)
_KIND_ALIASES = {"float": "double", "big-id": "id", "big-reference": "reference", "jsonb": "json"}

SiteKey = tuple[str, str]
Fingerprint = tuple[SiteKey, Hashable]

#: Maximum number of cached schemas: one for each site and set of tables that a process uses.
MOST_SCHEMAS = 16


class _Schemas:
    """The most recently used schemas, for all threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Fingerprint, Schema] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, fingerprint: Fingerprint) -> Schema | None:
        with self._lock:
            schema = self._kept.get(fingerprint)
            if schema is not None:
                self._kept.move_to_end(fingerprint)
            return schema

    def keep(self, fingerprint: Fingerprint, schema: Schema) -> None:
        with self._lock:
            self._kept[fingerprint] = schema
            while len(self._kept) > MOST_SCHEMAS:
                self._kept.popitem(last=False)


class _Used(threading.local):
    """The data models that a thread uses, by weak references, and the schema that it asked for last."""

    def __init__(self) -> None:
        self.models: WeakValueDictionary[SiteKey, DataModel] = WeakValueDictionary()
        self.last: _Last | None = None


class _Last(NamedTuple):
    """A schema, with what it was asked for; by weak references, as requests end."""

    db: ref[Any]
    model: ref[DataModel]
    version: Hashable
    schema: Schema

    def is_for(self, db: Any, model: DataModel) -> bool:
        return self.db() is db and self.model() is model and self.version == model.version()


_schemas = _Schemas()
_used = _Used()


def site_key(db: Any) -> SiteKey:
    """Return a key that distinguishes the databases of several sites in one process."""
    adapter = db._adapter
    return str(adapter.uri), str(getattr(adapter, "dbpath", None) or adapter.folder)


def build_schema(db: Any, model: DataModel) -> Schema:
    """Return the schema of a site, the same object while it is in use.

    Each request or job must call it: callbacks run on the data model that was given last in this thread.

    Args:
        db: the DAL.
        model: the host's data model.
    """
    last = _used.last
    if last is not None and last.is_for(db, model):
        return last.schema
    key = site_key(db)
    _used.models[key] = model
    version = model.version()
    schema = _schemas.get((key, version))
    if schema is None:
        model.load_all()
        schema = _Builder(db, model, key).build()
        _schemas.keep((key, version), schema)
    _used.last = _Last(ref(db), ref(model), version, schema)
    return schema


def _model(key: SiteKey) -> DataModel:
    """Return the data model of this thread."""
    return _used.models[key]


class HostHook:
    """A callback of the data model, looked up when it is called.

    Args:
        key: the site.
        tablename: the table.
        names: configuration keys; the first one that is set is used.
    """

    def __init__(self, key: SiteKey, tablename: str, names: Sequence[str]) -> None:
        self._key = key
        self._tablename = tablename
        self._names = tuple(names)

    def __call__(self, form: Any, *further: Any) -> Any:
        """Call the callback, or each one of a list; return the last result."""
        result, model = None, _model(self._key)
        for callback in callbacks_of(model, self._tablename, self._names):
            result = model.call(callback, self._tablename, (form, *further))
        return result


def callbacks_of(model: DataModel, tablename: str, names: Iterable[str]) -> list[Callable[..., Any]]:
    """Return the callbacks of a table by the first of these configuration keys that is set."""
    for name in names:
        found = model.config(tablename, name)
        if isinstance(found, dict):  # an Eden may give one for each table, with itself or one for all
            found = found.get(tablename)
        if found:
            listed = list(found) if isinstance(found, (list, tuple)) else [found]
            return [each for each in listed if callable(each)]
    return []


class _Builder:
    """Builds the schema of one site."""

    def __init__(self, db: Any, model: DataModel, key: SiteKey) -> None:
        self._db = db
        self._model = model
        self._key = key
        self._entities: dict[str, list[str]] = {}

    def build(self) -> Schema:
        names = [name for name in self._db.tables if not is_protected(name) and self._enabled(name)]
        for name in names:
            for entity in self._super_entities(name):
                self._entities.setdefault(entity, []).append(name)
        tables = {}
        for name in names:
            table = self._model.table(name)
            if name in self._entities:
                tables[name] = self._super_table(table)
            elif {"uuid", "modified_on"} <= set(table.fields):
                tables[name] = self._table(table, names)
        return Schema({name: self._settled(table, tables) for name, table in tables.items()})

    def _enabled(self, name: str) -> bool:
        # Tables of disabled modules do not exist.
        return not self._model.config(name, "protected")

    def _super_entities(self, name: str) -> list[str]:
        found = self._model.config(name, "super_entity")
        listed = found if isinstance(found, (list, tuple)) else [found]
        # Names, or the tables themselves.
        return [str(getattr(each, "_tablename", each)) for each in listed if each is not None]

    def _super_key(self, entity: str) -> str:
        return self._model.super_key(entity)

    @staticmethod
    def _settled(table: Table, tables: Mapping[str, Table]) -> Table:
        """Mark fields as local that refer to tables without synchronisation: users, groups, disabled modules."""
        astray = [
            field
            for field in table.fields.values()
            if field.target is not None and field.target not in tables
        ]
        if not astray:
            return table
        fields = dict(table.fields)
        for field in astray:
            fields[field.name] = replace(field, local=True)
        return replace(
            table, fields=fields, duplicate=_asked(table.duplicate, {each.name for each in astray})
        )

    def _table(self, table: Any, names: Sequence[str]) -> Table:
        name = table._tablename
        super_keys = {
            self._super_key(entity): entity for entity in self._super_entities(name) if entity in names
        }
        local = set(self._model.config(name, "local_fields") or ())
        unique = set(self._model.config(name, "unique") or ())
        fields = {each.name: self._field(table, each, local, unique) for each in table}
        config = self._model.config
        computed = frozenset(config(name, "computed_fields") or ())
        return Table(
            name=name,
            fields=fields,
            key=str(table._id.name),
            super_keys=super_keys,
            components=self._components(name, names),
            duplicate=_asked(self._duplicate(name, fields), computed),
            finds=finder(partial(_model, self._key), name, config(name, "deduplicate")),
            onvalidation=self._hooks(name, "onvalidation"),
            onaccept=self._hooks(name, "onaccept"),
            onvalidation_set=self._hook(name, ("onvalidation_set",)),
            onaccept_set=self._hook(name, ("onaccept_set",)),
            ondelete=self._hook(name, ("ondelete",)),
            onconflict=self._hook(name, ("onconflict",)),
            together=_together(config(name, "sync_together"), fields),
            json_references=_json_references(config(name, "json_references"), fields.values()),
            realm=self._hook(name, ("realm_entity",)),
            realm_set=self._realm_set(name),
            computed=computed,
            own_key=tuple(config(name, "own_key_fields") or ()),
            initial=_initial(config(name, "initial_values")),
        )

    def _super_table(self, table: Any) -> Table:
        name = table._tablename
        key = self._super_key(name)
        fields = {each.name: self._field(table, each, set(), set()) for each in table}
        instances = tuple(self._entities[name])
        own = {key, "id", "instance_type", *(self._model.config(name, "no_shared_fields") or ())}
        shared = tuple(each for each in fields if each not in own)
        return Table(
            name=name,
            fields=fields,
            key=key,
            instance_types=instances,
            shared_fields=shared,
            onaccept=self._hooks(name, "onaccept"),
            onaccept_set=self._hook(name, ("onaccept_set",)),
        )

    def _realm_set(self, name: str) -> Callable[[Sequence[int]], None] | None:
        if not self._model.has_realm_rule(name):
            return None
        key = self._key
        return lambda keys: _model(key).set_realms(name, keys)

    def _hook(self, tablename: str, names: Sequence[str]) -> HostHook | None:
        return HostHook(self._key, tablename, names) if callbacks_of(self._model, tablename, names) else None

    def _hooks(self, tablename: str, name: str) -> dict[str, Hook]:
        hooks: dict[str, Hook] = {}
        for method in ("create", "update"):
            hook = self._hook(tablename, (f"{method}_{name}", name))
            if hook is not None:
                hooks[method] = hook
        return hooks

    def _duplicate(self, name: str, fields: Mapping[str, Field]) -> DuplicateRule | None:
        """Return the rule of a table, None without one, or with one that asks for what does not travel."""
        rule = self._model.config(name, "deduplicate")
        named = set(getattr(rule, "primary", ()) or ())
        if not named or not all(each in fields and not fields[each].local for each in named):
            return None
        # An Eden keeps the names in sets: the order of the columns is the same in every process.
        primary = _ordered(getattr(rule, "primary", ()), fields)
        secondary = _ordered(getattr(rule, "secondary", ()), fields)
        return DuplicateRule(
            primary,
            tuple(each for each in secondary if not fields[each].local),
            bool(getattr(rule, "ignore_case", True)),
        )

    def _components(self, name: str, names: Sequence[str]) -> dict[str, Component]:
        found = {}
        for alias, declared in self._model.components(name).items():
            if getattr(declared, "link", None) or getattr(declared, "linktable", None):
                continue  # beyond a link table: the link record itself is the component
            if declared.tablename in names:
                found[str(alias)] = declared
        served = [declared.tablename for declared in found.values()]
        parts = _parts(found)
        return {
            alias: Component(
                alias=alias,
                table=declared.tablename,
                pkey=str(declared.pkey),
                fkey=str(declared.fkey),
                multiple=bool(getattr(declared, "multiple", True)),
                needs_alias=served.count(declared.tablename) > 1,
                # An independent entity (an office, a person's post) is its own resource.
                travels=alias in parts
                and not self._super_entities(declared.tablename)
                and self._joins_one(declared),
            )
            for alias, declared in found.items()
        }

    def _joins_one(self, declared: Any) -> bool:
        """Return whether each record of a component belongs to one master: not by a list of references."""
        table = self._model.table(declared.tablename)
        return not str(table[str(declared.fkey)].type).startswith("list:")

    def _field(self, table: Any, column: Any, local: Iterable[str], unique: Iterable[str]) -> Field:
        type_ = str(getattr(column.type, "type", column.type))
        kind = type_.partition("(")[0].partition(" ")[0]
        kind = _KIND_ALIASES.get(kind, kind)
        target = type_.partition(" ")[2].strip().partition(".")[0] if "reference" in kind else None
        name = str(column.name)
        meta = name in META_FIELDS
        rules = read_rules(None if meta else column.requires, kind, self._late(table._tablename, name))
        notnull = bool(column.notnull)
        has_default = column.default is not None
        return Field(
            name=name,
            type=type_,
            kind=kind,
            target=target or None,
            length=int(column.length) if kind in ("string", "password", "upload") and column.length else None,
            notnull=notnull,
            required=(notnull or rules.required) and not has_default,
            unique=bool(column.unique) or rules.unique or name in unique,
            represented=column.represent is not None,
            ondelete=str(column.ondelete or "CASCADE").upper(),
            default=self._late_default(table._tablename, name)
            if callable(column.default)
            else column.default,
            validate=None if meta else compile_rules(rules),
            longest=rules.longest,
            lookup=rules.lookup,
            keeps=partial(_keeps, str(column.uploadfolder))
            if kind == "upload" and column.uploadfolder
            else None,
            local=name in local or (not meta and kind != "id" and kind not in _TRAVELLING_KINDS),
        )

    def _late(self, tablename: str, fieldname: str) -> Callable[[int], Any]:
        key = self._key

        def validator(place: int) -> Any:
            requires = _model(key).table(tablename)[fieldname].requires
            return list(flattened(requires))[place][0]

        return validator

    def _late_default(self, tablename: str, fieldname: str) -> Callable[[], Any]:
        key = self._key
        return lambda: _model(key).table(tablename)[fieldname].default()


def _keeps(folder: str, name: str) -> bool:
    return kept_path(folder, name) is not None


def _asked(rule: DuplicateRule | None, absent: Collection[str]) -> DuplicateRule | None:
    """Return a rule for duplicates without the fields that no document brings, None where it begins with one."""
    if rule is None or not set(absent).isdisjoint(rule.primary):
        return None
    return replace(rule, secondary=tuple(each for each in rule.secondary if each not in absent))


def _ordered(named: Any, fields: Mapping[str, Field]) -> tuple[str, ...]:
    """Return names of fields as they are given, those of a set in the order of the table."""
    if isinstance(named, (set, frozenset)):
        return tuple(each for each in fields if each in named)
    return tuple(each for each in named or () if each in fields)


def _parts(declared: Mapping[str, Any]) -> set[str]:
    """Return the aliases of which one stands for all that join the same records in the same way.

    An Eden has a person's contacts also as its e-mail addresses and its telephone numbers: the one without a filter has
    all of them.
    """
    chosen: dict[tuple[str, str, str], str] = {}
    for alias, each in declared.items():
        join = (str(each.tablename), str(each.pkey), str(each.fkey))
        former = chosen.get(join)
        if former is None or (_filtered(declared[former]) and not _filtered(each)):
            chosen[join] = alias
    return set(chosen.values())


def _filtered(declared: Any) -> bool:
    return getattr(declared, "filterby", None) is not None


def _together(declared: Any, fields: Mapping[str, Field]) -> tuple[tuple[str, ...], ...]:
    """Return the groups of fields that a table declares; one of which it has a single field is none."""
    groups = (tuple(name for name in group if name in fields) for group in declared or ())
    return tuple(group for group in groups if len(group) > 1)


def _initial(declared: Any) -> Initial | None:
    return None if declared is None else Initial(*declared)


def _json_references(configured: Any, fields: Iterable[Field]) -> frozenset[str]:
    """Return the JSON fields with references: all if the configuration is True, else those that it names."""
    names = [configured] if isinstance(configured, str) else configured
    return frozenset(
        field.name
        for field in fields
        if names and field.kind == "json" and (names is True or field.name in names)
    )
