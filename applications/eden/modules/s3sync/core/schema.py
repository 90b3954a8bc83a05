"""The tables as synchronisation sees them: fields, references, components, super-entities.

``host.schema`` builds the schema once per process; all other code only reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Callable, NamedTuple, Protocol

from .errors import ProtectedResource, UnknownResource

META_FIELDS: frozenset[str] = frozenset(
    (
        "id",
        "uuid",
        "mci",
        "deleted",
        "deleted_fk",
        "deleted_rb",
        "created_on",
        "created_by",
        "modified_on",
        "modified_by",
        "approved_by",
        "owned_by_user",
        "owned_by_group",
        "realm_entity",
    )
)

PROTECTED_PREFIXES: tuple[str, ...] = ("auth_", "s3_", "sync_", "scheduler_")


def is_protected(tablename: str) -> bool:
    """Return whether a table never leaves the site (users, roles, permissions, scheduler, sync tables)."""
    return tablename.startswith(PROTECTED_PREFIXES)


@dataclass(frozen=True)
class Field:
    """A field of a table.

    Attributes:
        name: column name.
        type: web2py field type, e.g. "string", "list:integer", "reference org_organisation".
        kind: the type without its argument: "string", "reference", "list:reference", "decimal", ...
        target: for references, the table referred to (may be a super-entity).
        length: longest text in characters, None for no limit.
        notnull: whether the database refuses NULL.
        required: whether the record is invalid without it (notnull without default, or a validator says so).
        unique: whether values are unique in the table.
        represented: whether Eden writes a representation, and so a ``value`` attribute, for a text field.
        ondelete: what happens to the record when the record referred to is deleted.
        default: value of a new record that has none.
        validate: takes a Python value, returns (value, error message or None); None if there is nothing to check.
        longest: texts of at most so many characters that are not blank pass ``validate`` unchanged; None if only
            ``validate`` can tell.
        lookup: table and field in which the value must exist (IS_IN_DB on a non-reference), checked for whole sets.
        keeps: for files that lie in a folder of their own: whether one of this name is there, whoever named it. None
            for all other fields, and for files that web2py alone names.
        local: whether the field neither leaves the site nor is taken from others (such as references to users).
    """

    name: str
    type: str
    kind: str
    target: str | None = None
    length: int | None = None
    notnull: bool = False
    required: bool = False
    unique: bool = False
    represented: bool = False
    ondelete: str = "CASCADE"
    default: Any = None
    validate: Callable[[Any], tuple[Any, str | None]] | None = None
    longest: int | None = None
    lookup: tuple[str, str] | None = None
    keeps: Callable[[str], bool] | None = None
    local: bool = False

    @property
    def is_reference(self) -> bool:
        """Whether the field holds a foreign key or a list of them."""
        return self.target is not None

    @property
    def is_text(self) -> bool:
        """Whether values are plain text."""
        return self.kind in ("string", "text")


@dataclass(frozen=True)
class Component:
    """Records of another table that belong to a master record.

    Attributes:
        alias: name of the component under its master.
        table: table of the component.
        pkey: field of the master that is joined on ("id" or a super key such as "pe_id").
        fkey: field of the component that holds the master's key; never travels.
        multiple: False if a master has at most one.
        needs_alias: whether the document must name the alias, because several components use the table.
        travels: whether it is exported with its master. Independent resources (offices of an organisation, staff of
            a person) are not, but are imported when an Eden nests them.
    """

    alias: str
    table: str
    pkey: str
    fkey: str
    multiple: bool = True
    needs_alias: bool = False
    travels: bool = True


@dataclass(frozen=True)
class DuplicateRule:
    """How to recognise a record without (shared) uuid: equal primary fields, and secondary ones if both have them.

    A reference field is compared by the record that it refers to, a text as ``core.text.normalised`` makes it.
    """

    primary: tuple[str, ...]
    secondary: tuple[str, ...] = ()
    ignore_case: bool = True


class Candidate(NamedTuple):
    """An incoming record of which the data model is asked whether it is here.

    Attributes:
        uuid: its uuid, None where it came without.
        values: its fields; references as the keys here, those left out that have no target yet.
        components: table and values of what comes with it.
    """

    uuid: str | None
    values: Mapping[str, Any]
    components: tuple[tuple[str, Mapping[str, Any]], ...] = ()


class Found(NamedTuple):
    """What the data model says of a candidate.

    Attributes:
        key: that of the record here, None for none.
        refused: why it must not be imported, None where it may be.
        stays: whether nothing of the record here is changed.
    """

    key: int | None = None
    refused: str | None = None
    stays: bool = False


class Hook(Protocol):
    """A callback of the data model: onvalidation or onaccept, called with a web2py-style form."""

    def __call__(self, form: Any) -> Any: ...


@dataclass(frozen=True)
class Initial:
    """Computed fields of a new record that depend on the record alone, unless it has a parent.

    Such a record need not be passed to ``onaccept_set``.

    Attributes:
        fields: names of the computed fields.
        compute: takes the values of the record and returns those of the computed fields, in this order.
        above: the references to parents.
    """

    fields: tuple[str, ...]
    compute: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    above: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A synchronised table.

    Attributes:
        name: table name.
        fields: all fields by name, in the order of the table, meta-fields included.
        key: name of the primary key ("id"; for a super-entity its super key).
        super_keys: super key field -> super-entity table, for an instance table.
        instance_types: for a super-entity, the instance tables; empty otherwise.
        shared_fields: for a super-entity, the fields copied from its instances.
        components: by alias.
        duplicate: rule to recognise records without uuid, None for none.
        finds: the same as a function of the data model, which is asked for each such record; None for none.
        onvalidation, onaccept: callbacks by method "create" or "update"; absent if the table has none.
        onvalidation_set: set-based counterpart of onvalidation: takes the forms of all records that will be written,
            and the keys of those that are deleted; None for none.
        onaccept_set: set-based counterpart of onaccept: takes the keys of all records written, returns those that it
            leaves to onaccept, if any; None for none.
        ondelete: called with the former values of each record that was deleted; None for none.
        onconflict: the resource's own conflict rule: takes our values, the incoming record and the repository id,
            returns a policy, or None to leave it to the task's.
        together: groups of fields that are merged as one, such as a latitude and its longitude.
        json_references: JSON fields whose values may name other records (see ``wire.values.json_references``).
        realm_set: sets the realm entities of records that were written, where the host does so itself; None otherwise.
        realm: the table's own rule for the realm entity of a record: takes table name and values, returns a key or
            None.
        computed: fields that each site computes itself: exported for people, never imported or compared.
        own_key: computed fields that hold the record's own key at first. They are written with a new record if the
            key is known by then, so that the record need not be written twice.
        initial: computed fields that depend on a new record alone, None if there are none.
    """

    name: str
    fields: Mapping[str, Field]
    key: str = "id"
    super_keys: Mapping[str, str] = field(default_factory=dict)
    instance_types: tuple[str, ...] = ()
    shared_fields: tuple[str, ...] = ()
    components: Mapping[str, Component] = field(default_factory=dict)
    duplicate: DuplicateRule | None = None
    finds: Callable[[Candidate], Found] | None = None
    onvalidation: Mapping[str, Hook] = field(default_factory=dict)
    onaccept: Mapping[str, Hook] = field(default_factory=dict)
    onvalidation_set: Callable[[Sequence[Any], Collection[int]], None] | None = None
    onaccept_set: Callable[[Sequence[int]], Collection[int] | None] | None = None
    ondelete: Callable[[Any], Any] | None = None
    onconflict: Callable[..., Any] | None = None
    together: tuple[tuple[str, ...], ...] = ()
    json_references: frozenset[str] = frozenset()
    realm: Callable[[str, Mapping[str, Any]], int | None] | None = None
    realm_set: Callable[[Sequence[int]], None] | None = None
    computed: frozenset[str] = frozenset()
    own_key: tuple[str, ...] = ()
    initial: Initial | None = None

    @property
    def is_super(self) -> bool:
        """Whether the table is a super-entity, whose records belong to instances in other tables."""
        return bool(self.instance_types)

    @property
    def recognises(self) -> bool:
        """Whether records can be recognised by something besides uuid and unique values."""
        return self.duplicate is not None or self.finds is not None

    @cached_property
    def has_unique(self) -> bool:
        """Whether a value besides the uuid identifies a record, so that sites may know one under several uuids."""
        return any(each.unique for each in self.data_fields())

    @property
    def prefix(self) -> str:
        """The Eden module: the table name up to the first underscore."""
        return self.name.partition("_")[0]

    @property
    def resource(self) -> str:
        """The table name without its module prefix."""
        return self.name.partition("_")[2]

    def data_fields(self) -> tuple[Field, ...]:
        """Return the fields that travel: no meta-fields, no own super keys, no blobs or passwords."""
        return self._data_fields

    @cached_property
    def _data_fields(self) -> tuple[Field, ...]:
        return tuple(
            each
            for each in self.fields.values()
            if not each.local
            and each.name not in META_FIELDS
            and each.name not in self.super_keys
            and each.kind not in ("blob", "password")
        )


class Schema:
    """The tables by name.

    Args:
        tables: the tables, protected ones excluded.
    """

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables: dict[str, Table] = dict(tables)
        self._referrers: dict[str, tuple[tuple[str, str], ...]] = {}
        self._masters: dict[str, tuple[tuple[str, Component], ...]] = {}
        self._joins: dict[str, frozenset[str]] = {}
        self._index()

    def _index(self) -> None:
        referrers: dict[str, list[tuple[str, str]]] = {}
        masters: dict[str, list[tuple[str, Component]]] = {}
        for table in self._tables.values():
            for each in table.fields.values():
                if each.target is not None:
                    referrers.setdefault(each.target, []).append((table.name, each.name))
            for component in table.components.values():
                masters.setdefault(component.table, []).append((table.name, component))
        self._referrers = {name: tuple(found) for name, found in referrers.items()}
        self._masters = {name: tuple(found) for name, found in masters.items()}
        self._joins = {
            name: frozenset(component.fkey for _, component in found if component.travels)
            for name, found in masters.items()
        }

    def __contains__(self, name: object) -> bool:
        return name in self._tables

    def __iter__(self) -> Iterator[Table]:
        return iter(self._tables.values())

    def table(self, name: str) -> Table:
        """Return the table of that name.

        Raises:
            ProtectedResource: the table never leaves the site.
            UnknownResource: there is no such table, or it takes no part in synchronisation.
        """
        found = self._tables.get(name)
        if found is not None:
            return found
        if is_protected(name):
            raise ProtectedResource(f"The table {name} is not synchronised.")
        raise UnknownResource(f"There is no resource {name} at this site.")

    def get(self, name: str) -> Table | None:
        """Return the table of that name, or None."""
        return self._tables.get(name)

    def referrers(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return the (table, field) pairs that refer to the table."""
        return self._referrers.get(name, ())

    def masters(self, name: str) -> tuple[tuple[str, Component], ...]:
        """Return the (master table, component) pairs in which the table is the component."""
        return self._masters.get(name, ())

    def joins(self, name: str) -> frozenset[str]:
        """Return the fields by which records of a table belong to masters that they travel with.

        Each of these fields refers to a single record, also if it is that of a super-entity.
        """
        return self._joins.get(name, frozenset())
