"""The references in a document: which records they name, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import (
    Any,
    Callable,
    NamedTuple,
    Protocol,
)

from ...core.fields import Edits
from ...core.kept import DeletionMark
from ...wire.s3xml import list_reference, reference, reference_frame
from ...wire.values.writing import Pieces
from ...wire.xml_text import escape_attrs
from .columns import Spread, spread


class Target(NamedTuple):
    """The target of a reference, as a document names it."""

    table: str
    uuid: str


class ReferenceNames(Protocol):
    """Resolves keys in rows."""

    def uuids(self, table: str) -> Mapping[int, str]:
        """Return key -> uuid of records of a table that are referred to."""
        ...

    def instances(self, super_entity: str) -> Mapping[int, Target]:
        """Return super key -> record, for references to a super-entity."""
        ...

    def user(self, user_id: int) -> str | None:
        """Return the e-mail address of a user."""
        ...

    def role(self, group_id: int) -> str | None:
        """Return the name of a role."""
        ...

    def waiting(self, table: str) -> Mapping[int, Sequence[tuple[str, Target]]]:
        """Return key -> (field, target) of the records' pending references."""
        ...

    def twins(self, table: str) -> Mapping[int, Sequence[str]]:
        """Return key -> further uuids under which others know the records."""
        ...

    def edits(self, table: str) -> Mapping[int, Edits]:
        """Return key -> which fields were edited, for records that were."""
        ...

    def deletions(self, table: str) -> Mapping[int, DeletionMark]:
        """Return key -> who deleted it, for deleted records of which that is known."""
        ...


class ReferenceColumn(NamedTuple):
    """How a reference is written.

    Attributes:
        at: index of its column.
        name: name of the field.
        target: the table referred to.
        is_super: whether that is a super-entity.
        is_list: whether it refers to several records.
        read: converts a raw list to a list of keys.
    """

    at: int
    name: str
    target: str
    is_super: bool
    is_list: bool
    read: Callable[[Any], Any]


# --- references -------------------------------------------------------------------------------------------

#: Index of a row -> its pending targets.
_PutOff = Mapping[int, Sequence[Target]]


def references_by_field(
    waiting: Mapping[int, Sequence[tuple[str, Target]]], keys: Sequence[int]
) -> dict[str, dict[int, list[Target]]]:
    """Group the pending references of rows by field and index of the row."""
    found: dict[str, dict[int, list[Target]]] = {}
    if waiting:
        for place, key in enumerate(keys):
            for name, target in waiting.get(key, ()):
                found.setdefault(name, {}).setdefault(place, []).append(target)
    return found


def write_references(
    column: ReferenceColumn, keys: Sequence[Any], names: ReferenceNames, put_off: _PutOff
) -> Spread:
    if not column.is_super and not put_off:
        # The usual case, in which no object per reference is made.
        uuids = list(map(names.uuids(column.target).get, keys))
        written = spread(uuids, lambda given: _framed(column.name, column.target, given))
    else:
        targets = [_target(column, key, names) for key in keys]
        for place, waited in put_off.items():
            targets[place] = targets[place] or waited[0]
        written = spread(targets, lambda given: _several_tables(column.name, given))
    if written.gaps is False:
        return written
    gaps = written.gaps if written.gaps is not True else [True] * len(keys)
    # A key without a record (any more) is not written, but the field does not count as empty.
    return Spread(written.pieces, [gap and key is None for gap, key in zip(gaps, keys)])


def _framed(name: str, table: str, uuids: Sequence[str]) -> Pieces:
    opening, closing = reference_frame(name, table)
    return [opening, escape_attrs(uuids), closing]


def _several_tables(name: str, targets: Sequence[Target]) -> Pieces:
    tables = {target.table for target in targets}
    if len(tables) == 1:
        return _framed(name, tables.pop(), [target.uuid for target in targets])
    return [[reference(name, target.table, target.uuid) for target in targets]]


def _target(column: ReferenceColumn, key: int | None, names: ReferenceNames) -> Target | None:
    if key is None:
        return None
    if column.is_super:
        return names.instances(column.target).get(key)
    uuid = names.uuids(column.target).get(key)
    return None if uuid is None else Target(column.target, uuid)


def write_lists(
    column: ReferenceColumn, values: Sequence[Any], names: ReferenceNames, put_off: _PutOff
) -> Spread:
    texts: list[str] = []
    gaps: list[bool] = []
    for place, value in enumerate(values):
        keys = [] if value is None else column.read(value)
        targets = [each for each in (_target(column, key, names) for key in keys) if each is not None]
        targets += put_off.get(place, ())
        uuids = [target.uuid for target in targets]
        texts.append(list_reference(column.name, targets[0].table, uuids) if targets else "")
        gaps.append(not keys and not targets)
    return Spread([texts], gaps)
