"""What a site keeps beside its records: versions, pending references and files, and what it knows of deletions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from .errors import SyncError
from .text import TextEnum


class TooManyKept(SyncError):
    """So many versions from one repository wait for a decision that no more are kept."""

    code = "kept_too_many"
    default_hint = (
        "Decide on them at this site, under Conflicts, many at once where they are alike. "
        "Then the last page comes again."
    )
    http_status = 507


class KeptKind(TextEnum):
    """Why a version was kept: it lost a conflict, could not be stored, or the policy refused it.

    A deletion waits while others here still refer to the record.
    """

    CONFLICT = "conflict"
    REJECTED = "rejected"
    REFUSED = "refused"
    WAITING = "waiting"


class OpenKind(TextEnum):
    """What a site that has not taken a record (or not completely) calls it; the first four are those of KeptKind.

    REFERENCE and FILE: the record is there, but what it refers to, or its file, has not arrived. LEFT: a person there
    decided to leave the record as it is, though the version was not taken.
    """

    REJECTED = "rejected"
    CONFLICT = "conflict"
    REFUSED = "refused"
    WAITING = "waiting"
    REFERENCE = "reference"
    FILE = "file"
    LEFT = "left"


class OpenRecord(NamedTuple):
    """A record that a site has not taken, or not completely.

    Attributes:
        kind: why.
        table, uuid: the record; uuid is None for one without.
        reason: why, for a person.
    """

    kind: OpenKind
    table: str
    uuid: str | None
    reason: str = ""


class KeptState(TextEnum):
    """Whether a kept version is open, was decided by a person, or was superseded by a later version.

    LEFT: a person decided that the record stays as it is, and so the sites differ until it changes at either.
    """

    OPEN = "open"
    LEFT = "left"
    RESOLVED = "resolved"
    SUPERSEDED = "superseded"


class Side(TextEnum):
    """A version of a record: this site's, the other site's, or the present one."""

    OURS = "ours"
    THEIRS = "theirs"
    NOW = "now"


class Resolution(TextEnum):
    """The decision on a kept version: change nothing, use one version, or use fields of both."""

    KEEP = "keep"
    OURS = "ours"
    THEIRS = "theirs"
    FIELDS = "fields"


class Rule(TextEnum):
    """A rule that resolves many kept versions."""

    KEEP = "keep"
    OURS = "ours"
    THEIRS = "theirs"
    NEWER = "newer"
    AGAIN = "again"


#: The kinds that need a decision. Refused versions do not: whoever chose the policy decided on them. Nor do deletions
#: that wait: the exchange decides.
UNDECIDED = (KeptKind.CONFLICT, KeptKind.REJECTED)

#: The kinds that are closed when a later version of the record is imported; a lost conflict stays open.
SUPERSEDABLE = (KeptKind.REJECTED, KeptKind.REFUSED, KeptKind.WAITING)

#: The states of versions that tell of records in which two sites differ.
TELLING = (KeptState.OPEN, KeptState.LEFT)


class OpenConflict(NamedTuple):
    """A conflict that waits for a decision.

    Attributes:
        row: number of the row that holds it.
        table, uuid: the record.
        name: its name, "" if it has none.
        ours, theirs: the two versions as S3XML, None if there is none.
    """

    row: int
    table: str
    uuid: str
    name: str
    ours: str | None
    theirs: str | None


class DecidedElsewhere(NamedTuple):
    """A decision at another site on a conflict that is listed here.

    Attributes:
        conflict: the conflict.
        decision: what the record says by it, seen from here; None if it says something else by now.
        by: who decided, or edited a field in dispute after that: an e-mail address, "" if unknown.
        site: identifier of the site where that was, as in stamps.
        decided_on: when, by the clock of that site (UTC).
    """

    conflict: OpenConflict
    decision: Resolution | None
    by: str
    site: str
    decided_on: datetime


class Deferred(NamedTuple):
    """A reference whose target has not arrived, or a file that could not be fetched yet.

    Attributes:
        table, key, field: the waiting record, and its field.
        target: table referred to ("" for a file).
        uuid: uuid of the missing record; for a file its stored name.
        url: for a file, its URL.
        filename: for a file, its original name.
        place: position in a list:reference, None otherwise.
        repository_id: the repository that sent the record.
        attempts: how often a file was asked for in vain.
        since: since when it waits (UTC), None before it is stored.
    """

    table: str
    key: int
    field: str
    target: str
    uuid: str
    url: str | None = None
    filename: str | None = None
    place: int | None = None
    repository_id: int | None = None
    attempts: int = 0
    since: datetime | None = None


class Kept(NamedTuple):
    """A version of a record that did not become the record here: rejected, or the loser of a conflict.

    Attributes:
        kind: why it was kept.
        table, uuid: the record; uuid may be None for a rejected record without one.
        key: key of the record here, None if it does not exist.
        repository_id: the repository that sent it.
        winner: for a conflict, the version that stayed.
        reason: why, for a person.
        ours, theirs: the two versions as S3XML, None if there is none.
        modified_on: time of the version that was not taken (UTC).
        fingerprint: digest of that version, to recognise it when it comes again.
        missing: for a rejected record, the uuids of referenced records that are missing here.
        again: whether a rejected record is tried again although no reference is missing.
        retry_on: from when on a record that was rejected because of its time is tried again (UTC); None for others.
        position: of our journal when it was put aside; what changed here since then is in conflict with it.
        kept_on: since when it is kept (UTC), None before it is.
        row: number of the row that holds it, where it is tried again; None otherwise.
        closed: whether there is nothing to decide; it is only remembered.
    """

    kind: KeptKind
    table: str
    uuid: str | None
    key: int | None
    repository_id: int | None
    winner: Side | None
    reason: str
    ours: str | None
    theirs: str | None
    modified_on: datetime | None
    fingerprint: str
    missing: tuple[str, ...] = ()
    again: bool = False
    retry_on: datetime | None = None
    position: int | None = None
    kept_on: datetime | None = None
    row: int | None = None
    closed: bool = False


#: A record here: its table and key.
Place = tuple[str, int]
#: A field by which other records refer to a record: its table and name.
Referrer = tuple[str, str]


class DeletionState(TextEnum):
    """What is left of a deleted record.

    BIN: everything; it can be restored. EMPTIED: its content was removed here, because its time in the bin is over or
    an administrator said so.
    """

    BIN = "bin"
    EMPTIED = "emptied"


class DeletionMark(NamedTuple):
    """What two sites of ours tell each other of a deletion.

    Attributes:
        site: identifier of the site where it was made, as in stamps; "" if unknown.
        by: who made it: an e-mail address, "" if unknown.
        along: table and uuid of the record whose deletion took this one along; None if it was deleted itself.
    """

    site: str = ""
    by: str = ""
    along: tuple[str, str] | None = None


@dataclass(frozen=True)
class Deletion:
    """The deletion of one record.

    Attributes:
        key: key of the record.
        deleted_on: when it was made (UTC), by the clock where that was.
        by: who made it: an e-mail address, "" if unknown.
        site: identifier of the site where it was made, as in stamps; "" if unknown.
        via: the repository that brought it, None for one made here.
        along: the record whose deletion took this one along; None if it was deleted itself.
        certain: whether ``along`` is known; else it is found by the times of both deletions.
        state: what is left of the record.
        emptied: by which fields which records referred to it until its deletion emptied these.
        vacated: unique values that it gave up because another record got them.
        name: the record's name for people.
        noted_on: when the deletion was written down here (UTC); None before it is.
    """

    key: int
    deleted_on: datetime | None
    by: str = ""
    site: str = ""
    via: int | None = None
    along: Place | None = None
    certain: bool = True
    state: DeletionState = DeletionState.BIN
    emptied: Mapping[Referrer, tuple[int, ...]] = field(default_factory=dict)
    vacated: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    noted_on: datetime | None = None
