"""The edits that a version of a record holds: the last one of each field, and which ones of each site it has seen.

An edit is named by its stamp: a time and a site. The time is that of a hybrid logical clock, kept for each record: the
wall clock, but later than every edit of the record that was seen there (Kulkarni and others, "Logical Physical Clocks",
2014). A site's edits of a record therefore have rising times, and one number a site says which of them are seen, as in
a version vector. Fields that were never edited since their record was created have no edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

#: Stands for all fields that have no edit of their own: the record was written where nobody saw which fields changed.
EVERY_FIELD = "*"
_LETTERS_OF_SITE = 8


class Stamp(NamedTuple):
    """The name of an edit, and its rank among those that did not know each other.

    Attributes:
        time: milliseconds since 1970 (UTC).
        site: identifier of the site where the edit was made.
    """

    time: int
    site: str


class Edit(NamedTuple):
    """The last edit of a field.

    Attributes:
        stamp: its name.
        by: who made it: an e-mail address, "" if unknown.
        settled: stamps of edits that lost, and that a person knew and decided on with this edit.
    """

    stamp: Stamp
    by: str = ""
    settled: tuple[Stamp, ...] = ()


class Edits(NamedTuple):
    """What is known of the edits of one version of a record.

    Attributes:
        fields: the last edit of each field that was edited; ``EVERY_FIELD`` for all others.
        seen: site -> time of the latest of its edits that is in this version, or was replaced in it.
    """

    fields: Mapping[str, Edit]
    seen: Mapping[str, int]

    def of(self, field: str) -> Edit | None:
        """Return the last edit of a field, None if it was never edited."""
        return self.fields.get(field) or self.fields.get(EVERY_FIELD)

    def has_seen(self, stamp: Stamp) -> bool:
        """Return whether an edit is in this version, or was replaced in it by one that knew it."""
        return stamp.time <= self.seen.get(stamp.site, -1)

    def covers(self, other: "Edits") -> bool:
        """Return whether this version has seen all that another one has."""
        mine = self.seen
        for site, time in other.seen.items():  # noqa: SIM110 - asked of every record; a generator takes longer
            if time > mine.get(site, -1):
                return False
        return True


NO_EDITS = Edits({}, {})


def site_identifier(identity: str) -> str:
    """Return the identifier of a site in stamps: the beginning of the identity of its journal.

    A site that was copied or restored from a backup gets another identity, and is another one from then on.
    """
    return identity.rpartition(":")[2].replace("-", "").lower()[:_LETTERS_OF_SITE]


def next_time(now: int, seen: Mapping[str, int]) -> int:
    """Return the time for a new edit of a record.

    Args:
        now: the wall clock, in milliseconds since 1970 (UTC).
        seen: see ``Edits``.
    """
    return max(now, max(seen.values()) + 1) if seen else now
