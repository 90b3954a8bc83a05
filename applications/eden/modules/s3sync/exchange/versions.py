"""Two versions of a record side by side, in words, for the person who has to choose between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from ..core.records import Record, Reference, Upload
from ..core.schema import Field, Schema, Table
from ..wire.s3xml import Decoder, parse_fragment, strip_domain
from .importer.items import differs


class Words(Protocol):
    """How the site speaks of fields and values."""

    def label(self, field: Field) -> str:
        """Return what people call the field."""
        ...

    def value(self, field: Field, value: Any) -> str:
        """Return a decoded value (None, Reference, Upload and tuples of references among them) as people read it."""
        ...

    def existence(self) -> str:
        """Return the label of the line that tells whether a version is a deletion."""
        ...

    def fate(self, version: Record) -> str:
        """Return whether the version is there, deleted, or merged into another record."""
        ...


class FieldLine(NamedTuple):
    """A field in both versions.

    Attributes:
        label: what people call the field.
        ours, theirs: its values as people read them; None where the version does not speak of the field.
        differs: whether both speak of it, and say different things.
        name: of the field, "" for the line that tells whether the record is there.
    """

    label: str
    ours: str | None
    theirs: str | None
    differs: bool
    name: str = ""


class FieldChoice(NamedTuple):
    """A field of which a person can choose the value.

    Attributes:
        name: of the field.
        label: what people call it.
        options: side ("ours", "theirs", "now" for what the record says and neither version does) -> value as
            people read it.
        preset: the side that says what the record says now.
    """

    name: str
    label: str
    options: dict[str, str]
    preset: str


def read(text: str | None, schema: Schema) -> Record | None:
    """Return the version that is kept as S3XML, None where there is none.

    Raises:
        UnknownResource, ProtectedResource: this site does not exchange the table any more.
    """
    return Decoder(schema).decode(parse_fragment(text.encode("utf-8"))) if text else None


def compare(
    ours: Record | None,
    theirs: Record | None,
    table: Table,
    words: Words,
    own_domain: str | None = None,
) -> list[FieldLine]:
    """Return the fields of which at least one version speaks: those that differ first, else in the table's order.

    A version that does not name a field leaves it alone, so there is no difference to decide on.

    Args:
        ours, theirs: the versions; None where there is none.
        table: the table of both.
        words: how the site speaks.
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


def agree(one: Record | None, other: Record | None, table: Table, own_domain: str | None = None) -> bool:
    """Tell whether two versions are there and do not contradict each other in any field."""
    if one is None or other is None or one.deleted != other.deleted:
        return False
    for field in table.data_fields():
        left, right = _given(one, field.name), _given(other, field.name)
        if left is not None and right is not None and _apart(left, right, own_domain):
            return False
    return True


def standing(
    now: Record | None,
    ours: Record | None,
    theirs: Record | None,
    table: Table,
    own_domain: str | None = None,
) -> str:
    """Return what the record says now: "ours", "theirs", "other", "deleted", or "absent" where it never was here.

    Args:
        now: the record as it is.
        ours, theirs: the versions; None where there is none.
        table: its table.
        own_domain: what an Eden puts before our bare identifiers, None for nothing.
    """
    if now is None:
        return "absent"
    for name, version in (("ours", ours), ("theirs", theirs)):
        if agree(now, version, table, own_domain):
            return name
    return "deleted" if now.deleted else "other"


def choices(
    ours: Record | None,
    theirs: Record | None,
    now: Record | None,
    table: Table,
    words: Words,
    own_domain: str | None = None,
) -> list[FieldChoice]:
    """Return the fields in which the versions or the record differ, with the values that can be chosen.

    There are none where the record is not here, or where one of the versions is a deletion: then only a version as
    a whole can be chosen. A value that cannot be read cannot be chosen.

    Args:
        ours, theirs: the versions; None where there is none.
        now: what the record says now.
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
            for side, version in (("ours", ours), ("theirs", theirs))
            for given in [_given(version, field.name)]
            if given is not None and not given.unreadable
        }
        same = [side for side, given in values.items() if not _apart(present, given, own_domain)]
        if len(same) == len(values):
            continue
        if not same:
            values["now"] = present
        options = {side: str(_read(given, field, words)) for side, given in values.items()}
        found.append(FieldChoice(field.name, words.label(field), options, same[0] if same else "now"))
    return found


def companions(version: Record | None) -> "Counter[str]":
    """Return how many records of which tables the version brings along as components."""
    return Counter(each.table for each in version.walk() if each is not version) if version else Counter()


def name_in(texts: Sequence[str | None], fields: Sequence[str]) -> str:
    """Return the name of a record as the first of its versions has it that has one, "" where none has.

    Args:
        texts: versions as S3XML.
        fields: the fields that make the name, in this order.
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
    """What a version says of a field: a value that may be None, or what could not be read."""

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
    """Return of a value what makes it equal to another."""
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
