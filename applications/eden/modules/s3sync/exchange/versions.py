"""Two versions of a record side by side, as text, for the person who has to choose between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from ..core.kept import Side
from ..core.records import Record, Reference, Upload, differs
from ..core.schema import Field, Schema, Table
from ..core.text import TextEnum
from ..wire.s3xml import Decoder, parse_fragment, strip_domain


class Words(Protocol):
    """The labels of fields, and values as text."""

    def label(self, field: Field) -> str:
        """Return the label of a field."""
        ...

    def value(self, field: Field, value: Any) -> str:
        """Return a decoded value (also None, a Reference, an Upload or a tuple of references) as text."""
        ...

    def existence(self) -> str:
        """Return the label of the line for whether a version is a deletion."""
        ...

    def fate(self, version: Record) -> str:
        """Return as text whether the version is present, deleted, or merged into another record."""
        ...


class FieldLine(NamedTuple):
    """A field in both versions.

    Attributes:
        label: label of the field.
        ours, theirs: its values as text; None if the version does not contain the field.
        differs: whether both versions contain it, with different values.
        name: name of the field, "" for the line that tells whether the record exists.
    """

    label: str
    ours: str | None
    theirs: str | None
    differs: bool
    name: str = ""


class RecordStatus(TextEnum):
    """The present record compared with two versions: equal to one, another one, deleted, or never here.

    BOTH: of each field in dispute it has the value of one of them, but not always of the same one.
    """

    OURS = "ours"
    THEIRS = "theirs"
    BOTH = "both"
    OTHER = "other"
    DELETED = "deleted"
    ABSENT = "absent"


class FieldChoice(NamedTuple):
    """A field whose value a person can choose.

    Attributes:
        name: name of the field.
        label: its label.
        options: side (NOW for a value that only the record has) -> value as text.
        preset: the side with the value that the record has now.
    """

    name: str
    label: str
    options: dict[Side, str]
    preset: Side


def read(text: str | None, schema: Schema) -> Record | None:
    """Return the version from its S3XML, None if there is none.

    Raises:
        UnknownResource, ProtectedResource: this site no longer exchanges the table.
    """
    return Decoder(schema).decode(parse_fragment(text.encode("utf-8"))) if text else None


def compare(
    ours: Record | None,
    theirs: Record | None,
    table: Table,
    words: Words,
    own_domain: str | None = None,
) -> list[FieldLine]:
    """Return the fields that at least one version contains: those that differ first, else in the table's order.

    A version does not change a field that it does not contain, so there is no difference to decide on.

    Args:
        ours, theirs: the versions; None if there is none.
        table: the table of both.
        words: labels of fields, and values as text.
        own_domain: this site's domain, which the other site may have put before identifiers.
    """
    lines = [*_existence(ours, theirs, words)]
    for field in table.data_fields():
        left, right = _given(ours, field.name), _given(theirs, field.name)
        if left is None and right is None:
            continue
        apart = left is not None and right is not None and _apart(left, right, own_domain)
        lines.append(
            FieldLine(
                words.label(field), _read(left, field, words), _read(right, field, words), apart, field.name
            )
        )
    return sorted(lines, key=lambda line: not line.differs)


def differing(ours: Record, theirs: Record, table: Table, own_domain: str | None = None) -> frozenset[str]:
    """Return the names of the fields that both versions contain, with different values; arguments as ``compare``."""
    found = set()
    for field in table.data_fields():
        left, right = _given(ours, field.name), _given(theirs, field.name)
        if left is not None and right is not None and _apart(left, right, own_domain):
            found.add(field.name)
    return frozenset(found)


def agree(one: Record | None, other: Record | None, table: Table, own_domain: str | None = None) -> bool:
    """Return whether two versions exist and do not contradict each other in any field."""
    if one is None or other is None or one.deleted != other.deleted:
        return False
    for field in table.data_fields():
        left, right = _given(one, field.name), _given(other, field.name)
        if left is not None and right is not None and _apart(left, right, own_domain):
            return False
    return True


def record_status(
    now: Record | None,
    ours: Record | None,
    theirs: Record | None,
    table: Table,
    own_domain: str | None = None,
) -> RecordStatus:
    """Return which version the record has now.

    Args:
        now: the present record.
        ours, theirs: the versions; None if there is none.
        table: its table.
        own_domain: the domain that an Eden puts before our bare identifiers, None for none.
    """
    if now is None:
        return RecordStatus.ABSENT
    for found, version in ((RecordStatus.OURS, ours), (RecordStatus.THEIRS, theirs)):
        if agree(now, version, table, own_domain):
            return found
    return RecordStatus.DELETED if now.deleted else RecordStatus.OTHER


def choices(
    ours: Record | None,
    theirs: Record | None,
    now: Record | None,
    table: Table,
    words: Words,
    own_domain: str | None = None,
) -> list[FieldChoice]:
    """Return the fields in which the versions or the record differ, with the values to choose from.

    There are none if the record is not here, or if one of the versions is a deletion: then only a whole version can be
    chosen. A value that cannot be read cannot be chosen.

    Args:
        ours, theirs: the versions; None if there is none.
        now: the present record.
        table, words, own_domain: as in ``compare``.
    """
    if now is None or any(each is not None and each.deleted for each in (ours, theirs, now)):
        return []
    found = []
    for field in table.data_fields():
        present = _given(now, field.name)
        if present is None:
            continue
        values = {
            side: given
            for side, version in ((Side.OURS, ours), (Side.THEIRS, theirs))
            for given in [_given(version, field.name)]
            if given is not None and not given.unreadable
        }
        same = [side for side, given in values.items() if not _apart(present, given, own_domain)]
        if len(same) == len(values):
            continue
        if not same:
            values[Side.NOW] = present
        options = {side: str(_read(given, field, words)) for side, given in values.items()}
        found.append(FieldChoice(field.name, words.label(field), options, same[0] if same else Side.NOW))
    return found


def companions(version: Record | None) -> "Counter[str]":
    """Return the number of component records in a version, by table."""
    return Counter(each.table for each in version.walk() if each is not version) if version else Counter()


def name_in(texts: Sequence[str | None], fields: Sequence[str]) -> str:
    """Return the name of a record from the first of its versions that has one, "" if none has.

    Args:
        texts: versions as S3XML.
        fields: the fields that form the name, in this order.
    """
    for text in texts:
        if not text:
            continue
        given = {
            each.get("field"): (each.text or each.get("value") or "").strip()
            for each in parse_fragment(text.encode("utf-8")).iterchildren("data")
        }
        name = " ".join(given[field] for field in fields if given.get(field))
        if name:
            return name
    return ""


class _Given(NamedTuple):
    """The value of a field in a version: a value, None, or a text that could not be read."""

    value: Any
    unreadable: bool = False


def _given(version: Record | None, name: str) -> _Given | None:
    if version is None:
        return None
    if name in version.errors:
        return _Given(version.errors[name].value, True)
    for values in (version.values, version.references):
        if name in values:
            return _Given(values[name])
    return None


def _read(given: _Given | None, field: Field, words: Words) -> str | None:
    if given is None:
        return None
    return str(given.value or "") if given.unreadable else words.value(field, given.value)


def _apart(left: _Given, right: _Given, own_domain: str | None) -> bool:
    if left.unreadable or right.unreadable:
        return left != right
    return differs(_essence(left.value, own_domain), _essence(right.value, own_domain))


def _essence(value: Any, own_domain: str | None) -> Any:
    """Return the part of a value that decides whether it equals another one."""
    if isinstance(value, Reference):
        return value.table, strip_domain(value.uuid, own_domain) if value.uuid else value.tuid
    if isinstance(value, Upload):
        return value.stored
    if isinstance(value, tuple):
        return {_essence(each, own_domain) for each in value}
    return value


def _existence(ours: Record | None, theirs: Record | None, words: Words) -> Iterator[FieldLine]:
    if any(version is not None and version.deleted for version in (ours, theirs)):
        told = [None if version is None else words.fate(version) for version in (ours, theirs)]
        yield FieldLine(words.existence(), told[0], told[1], None not in told and told[0] != told[1])
