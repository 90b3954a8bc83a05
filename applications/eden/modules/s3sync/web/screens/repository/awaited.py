"""What records wait for, one by one: references and files that have not arrived, here or at the other site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ....core.cursor import CheckpointKind
from ....database.paging import ListPage, page_of
from ....database.pending_references import NEVER
from ....monitoring import log_view as log_view
from ....site import Repository, Site
from ....site import awaited as awaited
from ....site.awaited import Awaited
from ....site.exchange_state import pushed
from ....site.labels import resource_title
from ....wire.values.uploads import original_name
from ..context import ScreenContext
from ..words import awaited as words

#: Rows in a page.
ROWS = 50


class AwaitedRow(NamedTuple):
    """What one record waits for.

    Attributes:
        resource: title of the record's table.
        table: name of that table.
        record: identifier and name of the record, None if it is gone.
        field: label of its field.
        what: the file, or the record that it refers to.
        origin: name of the repository from which the record came, None where that is not told.
        since: since when it waits (UTC), None if that is not known.
        attempts: how often a file was asked for in vain.
        retry_on: when it is asked for again (UTC), None for the next run.
        given_up: whether nobody asks for it any more.
    """

    resource: str
    table: str
    record: tuple[str, str] | None
    field: Any
    what: str
    origin: str | None = None
    since: datetime | None = None
    attempts: int = 0
    retry_on: datetime | None = None
    given_up: bool = False


def tab(screen: ScreenContext, record: Repository) -> Any:
    """Show what records wait for, of the kind that the address names."""
    kinds = words.kinds(screen.T)
    counts = _counts(screen.site, record)
    first = next((each for each in kinds if counts[each]), Awaited.FILES)
    chosen = next((each for each in kinds if each == screen.request.get_vars.what), first)
    page = _there(screen, record) if chosen is Awaited.THERE else _here(screen, record, chosen)
    screen.response.view = "sync/awaited.html"
    return {
        "page": page,
        "kinds": kinds,
        "chosen": chosen,
        "counts": counts,
        "explained": words.explained(screen.T, record)[chosen],
        "can_give_up": chosen is Awaited.FILES and page.total > 0,
    }


def _counts(site: Site, record: Repository) -> Counter[Awaited]:
    found = awaited.counts(site, record.id).get(record.id, Counter())
    found[Awaited.THERE] = len(_needed_there(site, record))
    return found


def _needed_there(site: Site, record: Repository) -> list[str]:
    """Return the stored names of files that the other site has not got, as it has told."""
    own = site.journal.identity()
    states = site.checkpoints.states(record.id)
    return sorted(
        {name for each in states.values() if CheckpointKind.PUSH in each for name in pushed(each, own).files}
    )


def _here(screen: ScreenContext, record: Repository, kind: Awaited) -> ListPage:
    site, waiting = screen.site, screen.db.sync_deferred
    query = awaited.query(site, record.id, kind)
    page = page_of(screen.db, query, waiting.id, screen.request.get_vars, ROWS)
    called = _called(site, [(row.tablename, row.record_id) for row in page.rows])
    names = dict(log_view.repository_names(screen.db, [record.id, *(row.repository_id for row in page.rows)]))
    rows = [
        AwaitedRow(
            resource_title(site, row.tablename),
            row.tablename,
            called.get((row.tablename, row.record_id)),
            _label(site, row.tablename, row.fieldname),
            _what(site, row),
            names.get(row.repository_id) if kind is Awaited.ELSEWHERE else None,
            row.created_on,
            row.attempts or 0,
            None if row.retry_on is None or row.retry_on >= NEVER else row.retry_on,
            row.retry_on is not None and row.retry_on >= NEVER,
        )
        for row in page.rows
    ]
    return page._replace(rows=rows)


def _what(site: Site, row: Any) -> str:
    if row.target:
        return f"{resource_title(site, row.target)}: {row.uuid}"
    return row.filename or original_name(row.uuid)


def _there(screen: ScreenContext, record: Repository) -> ListPage:
    site = screen.site
    needed = _needed_there(site, record)
    page = ListPage.asked(screen.request.get_vars, len(needed), ROWS)
    places = [(stored, *stored.split(".", 2)[:2]) for stored in needed[slice(*page.bounds(ROWS))]]
    holders = {
        stored: next(iter(site.files.holders(table, field, stored)), None)
        for stored, table, field in places
        if site.schema.get(table) is not None and field in site.schema.table(table).fields
    }
    called = _called(site, [(table, key) for stored, table, _ in places if (key := holders.get(stored))])
    rows = [
        AwaitedRow(
            resource_title(site, table),
            table,
            called.get((table, holders.get(stored) or 0)),
            _label(site, table, field),
            original_name(stored),
        )
        for stored, table, field in places
    ]
    return page._replace(rows=rows)


def _called(site: Site, records: Sequence[tuple[str, int]]) -> dict[tuple[str, int], tuple[str, str]]:
    """Return the identifiers and names of records: (table, key) -> (uuid, name)."""
    uuids = awaited.uuids_of(site, records)
    names = {
        name: site.host.reference_labels(name, [key for table, key in uuids if table == name])
        for name in {table for table, _ in uuids}
    }
    return {place: (uuid, names[place[0]][place[1]]) for place, uuid in uuids.items()}


def _label(site: Site, table: str, field: str) -> Any:
    if site.schema.get(table) is None or field not in site.schema.table(table).fields:
        return field
    return site.host.table(table)[field].label
