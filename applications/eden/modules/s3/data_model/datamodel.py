"""``s3db``: the tables of a site, their configuration, and their relations."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Callable, Union

from gluon import Field

from .clock import DefaultTime, any_time, default_time, next_modified_on, utcnow
from .components import Component, Declaration, parse_declaration
from .deletion import DeletionPlan, delete_records, restore_records
from .errors import UnknownTable
from .metafields import meta_fields
from .resource import Resource
from .superentities import SuperEntities

FieldBuilder = Callable[[], Sequence[Field]]


class _LazyFields:
    """Columns that are made only when pydal defines the table, not in every request."""

    def __init__(self, build: Callable[[], list[Field]]) -> None:
        self._build = build

    def __iter__(self) -> Iterator[Field]:
        return iter(self._build())

    def __bool__(self) -> bool:
        return True


def table_name(table: Any) -> str:
    """Return the name of a table given as a table or by its name."""
    return table if isinstance(table, str) else table._tablename


class S3DataModel:
    """The data model of one site; ``current.s3db`` in a request.

    Args:
        db: the site's pydal DAL.
        settings: the site's ``S3Settings``.
        translate: marks texts for translation (web2py's ``T``).
        user_id: gives the id of the user who is writing, or None.
        now: the site's clock, UTC.

    Attributes:
        is_possible: returns whether a time can be that of a record; every time unless a module says otherwise.
        empty: called with a table's name, a reference of it, and what is to be left of it by id, where that is emptied
            because of a deletion; returns whether it did that. It does nothing unless a module says otherwise.
        on_deletion: called with each deletion after it was written; does nothing unless a module says otherwise.
    """

    is_possible: Callable[[datetime.datetime], bool]
    empty: Callable[[str, str, Mapping[int, Any]], bool]
    on_deletion: Callable[[DeletionPlan], None]

    def __init__(
        self,
        db: Any,
        settings: Any,
        translate: Callable[[str], Any] = str,
        user_id: Callable[[], int | None] = lambda: None,
        now: Callable[[], datetime.datetime] = utcnow,
    ) -> None:
        self.db = db
        self.settings = settings
        self.T = translate
        self.user_id = user_id
        self.now = now
        self.is_possible = any_time
        self.empty = _nothing_done
        self.on_deletion = _nothing_to_do
        self.families: set[str] = set()
        self._configured: dict[str, dict[str, Any]] = {}
        self._components: dict[str, list[tuple[str, Declaration]]] = {}
        self._resolved: dict[str, dict[str, Component]] = {}
        self._super = SuperEntities(self)

    # Tables

    def define_table(self, tablename: str, build: FieldBuilder, meta: bool = True, **options: Any) -> None:
        """Declare a table; its columns are made when it is first used.

        Args:
            tablename: name with the module's prefix.
            build: returns the table's own columns (new objects at each call).
            meta: add the meta-fields of a synchronised table.
            options: options of pydal (``format``, ``singular``, ``plural`` ...).
        """

        self._configured.setdefault(tablename, {})

        def columns() -> list[Field]:
            own = list(build())
            return own + meta_fields(lambda: self.now(), lambda: self.user_id()) if meta else own

        def defined(table: Any) -> None:
            if meta:
                table._before_update.append(self._keep_time_moving)
            self._super.attach(table)

        self.db.define_table(tablename, fields=_LazyFields(columns), on_define=defined, **options)

    def declared_tables(self) -> list[str]:
        """Return the names of all tables of the data model, in order of declaration."""
        return [name for name in self.db.tables if name in self._configured]

    def table(self, tablename: str, default: Any = None) -> Any:
        """Return the table of that name, or ``default`` if this site has none."""
        return self.db[tablename] if tablename in self.db.tables else default

    def __getitem__(self, tablename: str) -> Any:
        table = self.table(tablename)
        if table is None:
            raise UnknownTable(tablename)
        return table

    # Configuration

    def configure(self, tablename: str, **keys: Any) -> None:
        """Set configuration keys of a table; later calls add to earlier ones.

        Keys that matter to synchronisation: deduplicate, onvalidation, onaccept (and create_ and update_
        variants of both), onvalidation_set, onaccept_set, ondelete, onconflict, super_entity, xml_post_parse, unique,
        computed_fields, own_key_fields (computed fields that hold the key of a new record at first), local_fields,
        sync_together (groups of fields of which a change counts as one, such as latitude and longitude),
        and initial_values: further computed fields, a function that takes the values of a new record and returns
        theirs (it must not keep a reference to the request), and the references that defer it to onaccept_set.
        """
        self._configured.setdefault(tablename, {}).update(keys)
        self._resolved.clear()

    def get_config(self, tablename: Any, key: str, default: Any = None) -> Any:
        """Return a configuration value of a table, or ``default``."""
        return self._configured.get(table_name(tablename), {}).get(key, default)

    # Components

    def add_components(self, master: str, **components: Declaration) -> None:
        """Declare components of a table or of a super-entity (then of all its instances).

        Args:
            master: name of the master table.
            components: component table -> its ``components.Declaration``.
        """
        self._components.setdefault(master, []).extend(components.items())
        self._resolved.clear()

    def get_components(self, table: Any) -> dict[str, Component]:
        """Return the components of a table that exist at this site, by alias; its own before those of super-entities.

        A link table is itself a component of both its ends. A component that has a ``link`` is the record
        beyond that link table: it is for navigation, and does not travel nested in the master.
        """
        name = table_name(table)
        known = self._resolved.get(name)
        if known is None:
            known = {}
            masters = [(name, self.get_super_key(name) or "id")]
            masters += [(entity, self.super_key(entity)) for entity in self.get_super_entities(name)]
            for master, key in masters:
                for tablename, declared in self._components.get(master, ()):
                    if tablename not in self.db.tables:
                        continue
                    for component in parse_declaration(tablename, declared, key):
                        if component.link is None or component.link in self.db.tables:
                            known.setdefault(component.alias, component)
            self._resolved[name] = known
        return known

    def join_fields(self, table: Any) -> set[str]:
        """Return the fields by which records of a table belong to masters."""
        name = table_name(table)
        return {
            component.fkey
            for declarations in self._components.values()
            for tablename, declared in declarations
            if tablename == name
            for component in parse_declaration(tablename, declared)
            if component.link is None
        }

    # Super-entities

    def super_entity(
        self, name: str, key: str, types: Mapping[str, Any], *fields: Callable[[], Field]
    ) -> None:
        """Declare a super-entity: a table with one row for each record of several instance tables.

        Args:
            name: name of the super table.
            key: its id column, which instances carry as a field of the same name.
            types: instance table -> label.
            fields: functions that make the columns shared with the instances.
        """
        self._super.define(name, key, types, fields)

    def super_key(self, supertable: Any) -> str:
        """Return the name of a super-entity's id column.

        Raises:
            UnknownTable: if there is no such super-entity.
        """
        key = self.get_super_key(supertable)
        if key is None:
            raise UnknownTable(table_name(supertable))
        return key

    def get_super_key(self, table: Any) -> str | None:
        """Return the name of the id column if this table is a super-entity, else None."""
        return self._super.keys.get(table_name(table))

    def super_link(self, key: str, supertable: str, **options: Any) -> Field:
        """Return a new column for the key of a super-entity.

        In an instance of the super-entity it identifies the record there. In any other table it refers to an
        instance of any type.
        """
        options.setdefault("ondelete", "CASCADE")
        options.setdefault("requires", None)
        options.setdefault("readable", False)
        options.setdefault("writable", False)
        return Field(key, f"reference {supertable}", **options)

    def get_super_entities(self, table: Any) -> list[str]:
        """Return the names of the super-entities that this table is an instance of."""
        entities = self.get_config(table, "super_entity") or ()
        return [entities] if isinstance(entities, str) else list(entities)

    def get_super_keys(self, table: Any) -> list[str]:
        """Return the names of this table's own super keys (as an instance), which never leave the site."""
        return [self.super_key(entity) for entity in self.get_super_entities(table)]

    def update_super(self, table: Any, record: Any) -> bool:
        """Create or update the super-entity rows of a record; set its super keys, in ``record`` as well.

        Args:
            table: instance table or its name.
            record: mapping with at least the id.

        Returns:
            whether the table has super-entities.
        """
        return self._super.update(self[table_name(table)], record)

    def delete_super(self, table: Any, record: Any) -> bool:
        """Mark the super-entity rows of a record as deleted.

        Returns:
            whether the table has super-entities.
        """
        return self._super.mark_deleted(self[table_name(table)], record)

    def super_instance(self, supertable: Any, key_value: int) -> tuple[str, str] | None:
        """Return the instance table and uuid for a super key, None if there is no such row."""
        row = self.db(self[table_name(supertable)]._id == key_value).select(limitby=(0, 1)).first()
        return (row.instance_type, row.uuid) if row else None

    # References and deletion

    def referring_fields(self, tablename: str) -> list[Field]:
        """Return the columns of all tables of the data model that refer to this table (lists included)."""
        targets = {f"reference {tablename}", f"list:reference {tablename}"}
        return [
            field
            for name in self.declared_tables()
            for field in self.db[name]
            if str(field.type).partition(".")[0] in targets
        ]

    def delete(self, table: Any, ids: Iterable[int]) -> int:
        """Delete records: mark them, empty their references, apply the ``ondelete`` rules of references to them.

        Args:
            table: table or its name.
            ids: their ids; records deleted already are skipped.

        Returns:
            number of records deleted now, including those deleted by cascade.

        Raises:
            DeletionRestricted: if a live record depends on one of them; nothing is changed then.
        """
        return delete_records(self, self[table_name(table)], ids)

    def resource(self, table: Any, id: Sequence[int]) -> Resource:
        """Return records of a table, to be deleted with the records that depend on them.

        Args:
            table: table or its name.
            id: their ids.
        """
        return Resource(self, table_name(table), id)

    def restore(self, table: Any, ids: Iterable[int]) -> int:
        """Undo the deletion of records; references whose targets are gone stay empty.

        Returns:
            number of records restored.
        """
        return restore_records(self, self[table_name(table)], ids)

    # Time

    def next_modified_on(self, old: datetime.datetime | None) -> datetime.datetime:
        """Return the ``modified_on`` for an edit made now to a version of ``old`` (see clock.next_modified_on)."""
        return next_modified_on(old, self.now(), self.is_possible)

    def _keep_time_moving(self, dbset: Any, row: Any) -> None:
        """Make the time of an update through pydal later than the version it replaces."""
        value = row.get("modified_on")
        if not isinstance(value, DefaultTime):
            return
        column = dbset.db._adapter.get_table(dbset.query).modified_on
        times = {each[column] for each in dbset(column >= value).select(column, distinct=True)}
        newest = max(filter(self.is_possible, times), default=None)
        if newest is not None:
            row["modified_on"] = default_time(next_modified_on(newest, value))


def _nothing_to_do(plan: DeletionPlan) -> None:
    """Take note of nothing."""


def _nothing_done(table: str, field: str, values: Mapping[int, Any]) -> bool:
    """Leave it to the data model."""
    return False


ReferenceTarget = Union[str, None]


def reference_target(field: Field) -> ReferenceTarget:
    """Return the table that a reference (or list of references) refers to; None for other columns."""
    kind = str(field.type)
    for prefix in ("reference ", "list:reference "):
        if kind.startswith(prefix):
            return kind[len(prefix) :].partition(".")[0]
    return None
