"""The timeline of a record: each change with its fields, former and new values, person, site and time.

What was edited is told of every site that exchanges the record; of several edits that came together only the last one
of each field is known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core.errors import BadRequest
from ..core.fields import EVERY_FIELD, Change, ChangeKind, Edit
from ..core.policy import Policy, Terms
from ..core.schema import Field, Table
from ..database.paging import ListPage
from ..exchange.importer import Report
from ..site import Site
from ..site.labels import Translate
from ..site.names_of_sites import names_of_sites
from .by_field import Author, author_of
from .resolve import here
from .site_words import SiteWords, version_with

#: Changes on one page.
LENGTH = 50


class _Rejected(Exception):
    """Undoes an edit that was rejected."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


class ChangedField(NamedTuple):
    """A field in a change.

    Attributes:
        name, label: the field.
        before: its former value as text, None if that is not known any more.
        after: what it said then, as text, None if that is not known any more.
        returns: whether the former value can be put back: it is known, and another one than now.
        stays: whether the change left the value as it was: a decision for what the record said already.
    """

    name: str
    label: str
    before: str | None
    after: str | None
    returns: bool
    stays: bool = False


class TimelineEntry(NamedTuple):
    """A change of a record.

    Attributes:
        number: its place among all changes of the record, from 0; for putting something back.
        kind: what it was.
        author: who, where and when.
        noted_on: when it was written down here (UTC).
        fields: what was changed, or decided to stay; empty where nobody knows which fields were.
    """

    number: int
    kind: ChangeKind
    author: Author | None
    noted_on: Any
    fields: list[ChangedField]


class Timeline(NamedTuple):
    """A page of a timeline, the newest change first.

    Attributes:
        page: which page.
        entries: its changes.
        lives: whether the record lives, so that something can be put back.
    """

    page: ListPage
    entries: list[TimelineEntry]
    lives: bool


def timeline(site: Site, T: Translate, table: Table, row: Any, variables: Any) -> Timeline:
    """Return a page of the timeline of a record.

    Args:
        site: this site.
        T: web2py's translator.
        table: its table.
        row: its row.
        variables: variables of the address: page.
    """
    key = int(row[table.key])
    shown = [(number, each) for number, each in enumerate(_changes(site, table, key)) if each.fields]
    shown.reverse()
    page = ListPage.asked(variables, len(shown), LENGTH)
    begin, end = page.bounds(LENGTH)
    words, names = SiteWords(site, T, table), names_of_sites(site)
    after = _values_after(table, row, [each for _, each in shown])
    entries = [
        TimelineEntry(
            number,
            change.kind,
            author_of(Edit(change.stamp, change.by), names),
            change.noted_on,
            _fields(table, words, row, change, after[place]),
        )
        for place, (number, change) in list(enumerate(shown))[begin:end]
    ]
    return Timeline(page, entries, not row.deleted)


def _changes(site: Site, table: Table, key: int) -> list[Change]:
    return site.changes.of(table.name, [key]).get(key, [])


def _values_after(table: Table, row: Any, newest_first: Sequence[Change]) -> list[dict[str, list[Any]]]:
    """Return for each change what its fields said after it: the former values of the next change of each."""
    now: dict[str, list[Any]] = {name: [row[name]] for name in table.fields if name in row}
    found = []
    for change in newest_first:
        found.append(now)
        now = {name: [] for name in now} if EVERY_FIELD in change.fields else dict(now)
        now.update(change.fields)
    return found


def _fields(
    table: Table, words: SiteWords, row: Any, change: Change, after: dict[str, list[Any]]
) -> list[ChangedField]:
    found = []
    for name, before in change.fields.items():
        field = table.fields.get(name)
        later = after.get(name, [])
        stays = bool(before and later) and before == later
        if field is None or name == EVERY_FIELD:
            continue
        # What was written past us counts as a change of every field, a decision for what was there names its own.
        if stays and change.kind is ChangeKind.OUTSIDE:
            continue
        found.append(
            ChangedField(
                name,
                words.label(field) if _can_return(field) else words.existence(),
                _text(words, field, before),
                _text(words, field, later),
                bool(before) and before[0] != row[name] and _can_return(field),
                stays,
            )
        )
    return found


def _can_return(field: Field) -> bool:
    return field.name != "deleted"


def _text(words: SiteWords, field: Field, value: Sequence[Any]) -> str | None:
    return words.former(field, value[0]) if value else None


def put_back(site: Site, table: Table, uuid: str, number: int, name: str, user_id: int | None) -> Report:
    """Give a field the value that it had before a change, as an edit made now.

    Args:
        site: this site.
        table, uuid: the record.
        number: the change, see ``TimelineEntry``.
        name: the field.
        user_id: who puts it back.

    Returns:
        what became of the record: updated, unchanged, or rejected with the reason.

    Raises:
        BadRequest: there is no such change, its former value is not known any more, or the record is not here.
    """
    with site.store.transaction():
        present = here(site, table, uuid)
        changes = _changes(site, table, present.key) if present.key is not None and present.is_here else []
        former = changes[number].fields.get(name) if 0 <= number < len(changes) else None
        if not former or name not in table.fields or not _can_return(table.fields[name]):
            raise BadRequest(
                "The former value is not known any more, or the record is not here.",
                hint="Open the history again.",
            )
        record = version_with(site, table, uuid, name, former[0])
        record.modified_on = present.after(site)
        record.modified_by = site.accounts.email(user_id)
        terms = Terms(update_policy=Policy.OTHER, components=False)
        try:
            with site.store.savepoint():
                report = site.importer.retry([record], table.name, terms, site.context(None, None))
                if report.failures:
                    raise _Rejected(report)
        except _Rejected as rejected:
            return rejected.report
        return report
