"""Records as they travel between sites, and their outcomes."""

from __future__ import annotations

import enum
import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar, Union

from .fields import Edits
from .kept import DeletionMark, Side

#: A record, by key, uuid or place.
Name = TypeVar("Name", bound=Hashable)


class Reference(NamedTuple):
    """A foreign key as it travels: table and uuid (or document-local tuid) of the target record.

    Attributes:
        table: name of the instance table, never of a super-entity.
        uuid: the uuid as in the document (it may have a domain prefix).
        tuid: an identifier that is valid only inside the document, if there is no uuid.
        record: the target record itself, if the reference contains it inline.
    """

    table: str
    uuid: str | None = None
    tuid: str | None = None
    record: "Record" | None = None


class Upload(NamedTuple):
    """The file of an upload field as it travels: never the bytes, only where they are.

    Attributes:
        filename: the name that the person gave the file.
        url: the URL at the sending site, None for a file that is known to be here.
        stored: the name under which web2py stores it; equal names mean equal files.
    """

    filename: str
    url: str | None
    stored: str


class FieldError(NamedTuple):
    """A value that could not be read or is not valid.

    Attributes:
        value: the text as it arrived.
        message: what is wrong with it, for a person.
    """

    value: str | None
    message: str


_POINT = re.compile(r"POINT ?\( ?(-?\d+(?:\.\d+)?) +(-?\d+(?:\.\d+)?) ?\)")
_EMPTY: tuple[Any, ...] = (None, "", [])


def differs(ours: Any, theirs: Any) -> bool:
    """Return whether two values of a field differ; an empty text, an empty list and NULL are equal.

    So are two texts for the same point: each Eden writes them anew from latitude and longitude, ``POINT (2 1)`` with
    the package shapely and ``POINT (2.0 1.0)`` without it.
    """
    if ours == theirs or (ours in _EMPTY and theirs in _EMPTY):
        return False
    if ours.__class__ is str and ours[:5] == "POINT":
        point = _point(ours)
        return point is None or point != _point(theirs)
    return True


def _point(text: Any) -> tuple[float, float] | None:
    """Return longitude and latitude of a point in WKT, None if it is none."""
    found = _POINT.fullmatch(text) if isinstance(text, str) else None
    return (float(found[1]), float(found[2])) if found else None


ReferenceValue = Union[Reference, tuple[Reference, ...], None]


class Record:
    """One record of a table, decoded, with its components.

    ``values`` holds only the fields in the document; None is an explicit NULL ("cleared"). ``references``
    holds foreign keys: a Reference, a tuple of them for list:reference, or None for an explicit NULL.
    ``twins`` are further uuids under which the sender knows the record, None where it does not say.
    ``edits`` is which of its fields were edited, None where the sender does not say.
    ``deletion`` is who deleted it, None where the sender does not say.
    ``errors`` holds fields that could not be decoded. Times are UTC without zone and microseconds.
    """

    __slots__ = (
        "alias",
        "approved",
        "components",
        "created_by",
        "created_on",
        "deleted",
        "deletion",
        "edits",
        "errors",
        "mci",
        "modified_by",
        "modified_on",
        "owned_by_group",
        "owned_by_user",
        "references",
        "replaced_by",
        "table",
        "tuid",
        "twins",
        "uuid",
        "values",
    )

    def __init__(
        self,
        table: str,
        uuid: str | None = None,
        *,
        tuid: str | None = None,
        alias: str | None = None,
        mci: int | None = None,
        created_on: datetime | None = None,
        modified_on: datetime | None = None,
        created_by: str | None = None,
        modified_by: str | None = None,
        owned_by_user: str | None = None,
        owned_by_group: str | None = None,
        approved: bool = True,
        deleted: bool = False,
        replaced_by: str | None = None,
        twins: tuple[str, ...] | None = None,
        values: dict[str, Any] | None = None,
        references: dict[str, ReferenceValue] | None = None,
        components: list["Record"] | None = None,
        errors: dict[str, FieldError] | None = None,
        edits: Edits | None = None,
        deletion: DeletionMark | None = None,
    ) -> None:
        self.table = table
        self.uuid = uuid
        self.tuid = tuid
        self.alias = alias
        self.mci = mci
        self.created_on = created_on
        self.modified_on = modified_on
        self.created_by = created_by
        self.modified_by = modified_by
        self.owned_by_user = owned_by_user
        self.owned_by_group = owned_by_group
        self.approved = approved
        self.deleted = deleted
        self.replaced_by = replaced_by
        self.twins = twins
        self.values = {} if values is None else values
        self.references = {} if references is None else references
        self.components = [] if components is None else components
        self.errors = {} if errors is None else errors
        self.edits = edits
        self.deletion = deletion

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        parts = [f"{name}={getattr(self, name)!r}" for name in self.__slots__ if getattr(self, name)]
        return f"Record({', '.join(parts)})"

    def walk(self) -> Iterator["Record"]:
        """Yield this record and all records nested in it as components, masters first."""
        yield self
        for component in self.components:
            yield from component.walk()


class Action(str, enum.Enum):
    """The outcome of an incoming record; each record has exactly one."""

    # The enum's own hash is written in Python, and slow: outcomes are counted once per record.
    __hash__ = str.__hash__

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    MERGED = "merged"
    SKIPPED = "skipped"
    CONFLICT = "conflict"
    REJECTED = "rejected"


@dataclass
class Outcome:
    """What became of one record.

    Attributes:
        action: what was done.
        table: table of the record.
        uuid: the record's uuid as stored here (own domain stripped), None if it had none.
        record_id: id of the record here, None if it has none (rejected, never stored).
        reason: why, for a person; empty for the plain cases created, updated, unchanged, deleted.
        errors: the invalid fields of a rejected record.
        warnings: what was left out although the record was stored (a missing file, a pending reference).
        winner: for a conflict, the version that stayed.
        again: whether it was rejected only because another record has its unique value: it is tried again.
        retry_on: for a record rejected because of its time, from when on it is tried again (UTC); None for others.
        waits: whether a deletion was skipped only for now: it is tried again when others refer to the record no more.
    """

    action: Action
    table: str
    uuid: str | None = None
    record_id: int | None = None
    reason: str = ""
    errors: dict[str, FieldError] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    winner: Side | None = None
    again: bool = False
    retry_on: datetime | None = None
    waits: bool = False


def end_of_merges(key: Name, steps: Mapping[Name, Name]) -> Name:
    """Return the last survivor of a record; in a circle the last one before it closes."""
    seen = {key}
    while key in steps and steps[key] not in seen:
        key = steps[key]
        seen.add(key)
    return key
