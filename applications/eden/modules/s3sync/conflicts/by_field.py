"""A conflict field by field: what both sites had, what either made of it, and who did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..core.clock import moment_of
from ..core.fields import Edit
from ..core.kept import Side
from ..core.records import Record
from ..core.schema import Field, Table
from ..exchange.disputes import Disagreement, disagreement
from ..site import Site
from ..site.names_of_sites import NamesOfSites, SiteName, names_of_sites
from .site_words import SiteWords


class Author(NamedTuple):
    """Who edited a field.

    Attributes:
        by: e-mail address, "" if unknown.
        site: where.
        when: by the clock of that site (UTC).
    """

    by: str
    site: SiteName
    when: datetime


class DisputedField(NamedTuple):
    """A field that both sites edited, to different values.

    Attributes:
        name, label: the field.
        before: what both had as text, None if that is not known any more.
        ours, theirs: the values as text.
        our_author, their_author: who edited it, None where nobody is known.
        winner: the side that the record got.
    """

    name: str
    label: str
    before: str | None
    ours: str
    theirs: str
    our_author: Author | None
    their_author: Author | None
    winner: Side


class MergedField(NamedTuple):
    """A field that only one side edited: it was merged by itself.

    Attributes:
        label: the field.
        value: what the record got, as text.
        side: from which side.
        author: who edited it, None where nobody is known.
    """

    label: str
    value: str
    side: Side
    author: Author | None


class ByField(NamedTuple):
    """A conflict field by field."""

    disputed: list[DisputedField]
    merged: list[MergedField]

    @property
    def names(self) -> frozenset[str]:
        """Names of the fields in dispute."""
        return frozenset(each.name for each in self.disputed)


class Versions(NamedTuple):
    """The two versions of a conflict as text: field name -> value.

    Attributes:
        ours, theirs: the versions.
        our_values, their_values: their fields as text.
    """

    ours: Record | None
    theirs: Record | None
    our_values: Mapping[str, str]
    their_values: Mapping[str, str]


def by_field(
    site: Site, table: Table, key: int | None, versions: Versions, words: SiteWords
) -> ByField | None:
    """Return what two versions disagree on, None where their edits do not explain it.

    Args:
        site: this site.
        table: the table of the record.
        key: key of the record here, None if it is not here.
        versions: the versions.
        words: labels, and former values as text.
    """
    found = disagreement(versions.ours, versions.theirs, table, site.own_domain)
    if found is None or not found.disputes:
        return None
    changes = site.changes.of(table.name, [key]).get(key, []) if key is not None else []
    before = found.before(changes)
    names = names_of_sites(site)
    fields = {each.name: each for each in table.data_fields()}
    disputed = [
        _disputed(fields[name], before.get(name, []), versions, words, names, dispute.winner, found)
        for dispute in found.disputes
        for name in dispute.fields
        if name in fields
    ]
    return ByField(disputed, _merged(fields, found, versions, words, names))


def _disputed(
    field: Field,
    before: Sequence[Any],
    versions: Versions,
    words: SiteWords,
    names: NamesOfSites,
    winner: Side,
    found: Disagreement,
) -> DisputedField:
    name = field.name
    return DisputedField(
        name,
        words.label(field),
        words.former(field, before[0]) if before else None,
        versions.our_values.get(name, ""),
        versions.their_values.get(name, ""),
        author_of(found.ours.of(name), names),
        author_of(found.theirs.of(name), names),
        winner,
    )


def _merged(
    fields: Mapping[str, Field],
    found: Disagreement,
    versions: Versions,
    words: SiteWords,
    names: NamesOfSites,
) -> list[MergedField]:
    merged = []
    for name, field in fields.items():
        if name not in found.apart or name in found.fields:
            continue
        taken = name in found.merge.taken
        edit = (found.theirs if taken else found.ours).of(name)
        values = versions.their_values if taken else versions.our_values
        side = Side.THEIRS if taken else Side.OURS
        merged.append(MergedField(words.label(field), values.get(name, ""), side, author_of(edit, names)))
    return merged


def last_author(site: Site, table: str, key: int, name: str) -> Author | None:
    """Return who edited a field of a record last, None where nobody is known.

    Args:
        site: this site.
        table: name of the table.
        key: the record.
        name: the field.
    """
    edits = site.changes.edits(table, [key]).get(key)
    return author_of(edits.of(name), names_of_sites(site)) if edits is not None else None


def author_of(edit: Edit | None, names: NamesOfSites) -> Author | None:
    """Return who made an edit, None if there is none."""
    if edit is None:
        return None
    return Author(edit.by, names.of(edit.stamp.site), moment_of(edit.stamp.time))
