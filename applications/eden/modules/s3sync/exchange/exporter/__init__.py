"""Exports the changes since a position of the journal, in pages or as one document.

A page contains the next changed records of a table in the order of the journal, with their components and the records
they refer to. For an Eden, which has no pages, the same is written page after page into one document, so that memory
stays flat at any size.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, Callable

from ...core.gc_pause import paused_gc
from ...core.schema import Table
from ...wire.s3xml import FOOTER, header, write_site_names
from ..ports import Ports, Row
from .document import MAX_DEPTH, ExportRequest, Sources, Writing
from .rows import TableEncoder
from .state_tag import state_tag

__all__ = ["ExportPage", "ExportRequest", "Exporter"]

#: Number of records written at once when everything goes into one document.
CHUNK = 2000

#: Bytes reserved in the root element for the number of results, which is known only at the end.
_HEADER_ROOM = 600


@dataclass(frozen=True)
class ExportPage:
    """What was written.

    Attributes:
        count: number of main records.
        position: journal position up to which everything has been written or skipped.
        more: whether there are more changes after it.
        records: number of all records written, components and dependencies included.
        edited_at: identifiers of the sites whose edits were written.
        deletes: whether deletions were written; only for a request with pages.
    """

    count: int
    position: int
    more: bool
    records: int
    edited_at: frozenset[str] = frozenset()
    deletes: bool = False


class Exporter:
    """Exports tables.

    Args:
        ports: the ports of the site.
        base_url: URL of this application.
        max_depth: how far references are followed.
        domain: domain before our bare identifiers in a document for an Eden, None for none.
    """

    def __init__(
        self,
        ports: Ports,
        base_url: str = "",
        max_depth: int = MAX_DEPTH,
        domain: str | None = None,
    ) -> None:
        self._schema = ports.schema
        self._store = ports.store
        self._journal = ports.journal
        self._base_url = base_url
        self._domain = domain
        self._sources = Sources(ports, base_url, max_depth, domain)

    def export(
        self,
        out: BinaryIO,
        request: ExportRequest,
        attributes: Callable[[ExportPage], dict[str, Any]] | None = None,
    ) -> ExportPage:
        """Write a document.

        Args:
            out: seekable binary file, written from its beginning.
            request: what to export.
            attributes: returns the cursor attributes of the root element for the page; None for none. What it calls
                "sites", names by identifier, is written as far as there is room.

        Returns:
            what was written.

        Raises:
            UnknownResource, ProtectedResource: there is no table of this name to export.
            FilterError: a filter cannot be applied.
        """
        table = self._schema.table(request.table)
        until = self._journal.head() if request.until is None else request.until
        writing = Writing(self._sources, request)
        out.write(b" " * _HEADER_ROOM)
        position, count, more = request.after, 0, False
        while True:
            room = CHUNK if request.limit is None else min(CHUNK, request.limit - count)
            with paused_gc():
                rows = self._store.scan(
                    table,
                    writing.encoder(table).columns,
                    after=position,
                    until=until,
                    limit=room + 1,
                    skip_origin=request.skip_origin,
                    filters=request.filters.get(table.name, ()),
                    msince=request.msince,
                    live_only=not request.deleted,
                )
                more = len(rows) > room
                if more:
                    rows.pop()
                if rows:
                    out.write(writing.write(table, rows).encode("utf-8"))
                    position = rows[-1][-1]
                    count += len(rows)
            if not more:
                position = max(position, until)
                break
            if request.limit is not None and count >= request.limit:
                break
        out.write(FOOTER.encode("utf-8"))
        page = ExportPage(
            count, position, more, writing.records, frozenset(writing.edited_at), writing.deletes
        )
        given = attributes(page) if attributes is not None else {}
        sites = given.pop("sites", {})
        opening = partial(
            header,
            results=count,
            url=self._base_url or None,
            domain=None if request.paged else self._domain,
            by_field=request.paged,
            **given,
        )
        room = _HEADER_ROOM - len(opening().encode("utf-8")) - len(' sites=""')
        _write_header(out, opening(sites=write_site_names(sites, room)).encode("utf-8"))
        return page

    def export_keys(
        self, out: BinaryIO, table: Table, keys: Sequence[int], request: ExportRequest
    ) -> ExportPage:
        """Write a document of given records, in the order of the keys (plain REST)."""
        writing = Writing(self._sources, request)
        out.write(b" " * _HEADER_ROOM)
        count = 0
        for start in range(0, len(keys), CHUNK):
            part = keys[start : start + CHUNK]
            encoder = writing.encoder(table)
            rows = {row[0]: row for row in self._store.fetch_raw(table, encoder.columns, table.key, part)}
            ordered = [rows[key] for key in part if key in rows]
            if not request.deleted:
                ordered = list(encoder.live(ordered))
            count += len(ordered)
            out.write(writing.write(table, ordered).encode("utf-8"))
        out.write(FOOTER.encode("utf-8"))
        _write_header(
            out, header(results=count, url=self._base_url or None, domain=self._domain).encode("utf-8")
        )
        return ExportPage(count, 0, False, writing.records)

    def state_tag(self, table: Table, key: int, *, hold: bool = False) -> str | None:
        """Return the tag of a record, see ``state_tag.state_tag``."""
        return state_tag(self._store, self._schema, table, key, hold=hold)

    def snapshot(self, table: Table, keys: Sequence[int], *, before: bool = False) -> dict[int, str]:
        """Return records of this site as S3XML, by key, without components or dependencies.

        Args:
            table, keys: the records.
            before: whether to write deleted ones as they were before they were deleted.
        """
        request = ExportRequest(table.name, components=False, dependencies=False, paged=True)
        writing = Writing(self._sources, request)
        encoder = writing.encoder(table)
        rows = self._store.fetch_raw(table, encoder.columns, table.key, keys)
        if before:
            rows = self._before_deletion(encoder, rows)
        writing.prepare(encoder, rows)
        return {row[0]: text for row, text in zip(rows, encoder.encode(rows, writing))}

    def _before_deletion(self, encoder: TableEncoder, rows: Sequence[Row]) -> list[Row]:
        """Return rows without the mark of deletion, with the references that were emptied by it."""
        table, position = encoder.table, encoder.position
        gone = [row[0] for row, deleted in zip(rows, encoder.are_deleted(rows)) if deleted]
        found = self._store.fetch(table, (table.key, "deleted_fk"), table.key, gone) if gone else ()
        saved = {key: json.loads(text or "{}") for key, text in found}
        before = []
        for row in rows:
            values = list(row)
            if row[0] in saved:
                values[position["deleted"]] = None
                for name, value in saved[row[0]].items():
                    if name in position and isinstance(value, int):
                        values[position[name]] = value
            before.append(tuple(values))
        return before


def _write_header(out: BinaryIO, opening: bytes) -> None:
    """Write the root element into the reserved space; XML allows blanks inside a tag."""
    spare = _HEADER_ROOM - len(opening)
    if spare < 0:
        raise ValueError(
            f"The root element takes {len(opening)} bytes, more than the {_HEADER_ROOM} reserved."
        )
    out.seek(0)
    out.write(opening[:-1] + b" " * spare + opening[-1:])
    out.seek(0, 2)
