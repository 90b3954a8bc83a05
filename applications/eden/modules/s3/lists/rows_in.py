"""Imports rows of a table as the REST interface imports records: the row wins, and what is not valid is refused."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from gluon import current

from s3sync.core.policy import Policy, Terms
from s3sync.core.records import Action
from s3sync.exchange.importer.report import MAX_FAILURES
from s3sync.wire.s3xml import LONGEST_IDENTIFIER
from s3sync.wire.tables.feature_table import GEOMETRY, IDENTIFIER
from s3sync.wire.xml_text import escape_attr, escape_text

from ..data_model.datamodel import reference_target
from .cells import CellError, choices_of, stored_text
from .places_in import PlacesIn

#: Rows that are imported in one transaction; each refused one of them is told.
AT_ONCE = min(500, MAX_FAILURES)
TERMS = Terms(update_policy=Policy.OTHER, conflict_policy=Policy.OTHER)


class Row(NamedTuple):
    """A row of the file: its number, as spreadsheet programs count, and its cells."""

    number: int
    cells: tuple[str, ...]


class Refused(NamedTuple):
    """A row that is not taken, and why."""

    row: Row
    reason: str


class Taken(NamedTuple):
    """What became of some rows: outcome -> number, and those that were refused."""

    counts: dict[str, int]
    refused: list[Refused]


class RowImporter:
    """Imports rows into a table.

    Args:
        s3db: the site's data model.
        site: the site (``s3sync.site.Site``).
        tablename: the table.
        columns: for each cell the name of its field, None for one that is not taken.
        clears: whether an empty cell clears its field; else the field stays as it is.
        source: name of this import, by which a new record gets the same identifier if a step is repeated.
    """

    def __init__(
        self, s3db: Any, site: Any, tablename: str, columns: Sequence[str | None], clears: bool, source: UUID
    ) -> None:
        self._s3db = s3db
        self._site = site
        self._table = s3db[tablename]
        self._columns = columns
        self._clears = clears
        self._source = source
        self._places = PlacesIn(s3db, site.schema, self._table, columns, source)
        names = [name for name in columns if name and name not in (IDENTIFIER, GEOMETRY)]
        self._choices = {name: choices_of(self._table[name]) for name in names}
        self._targets = {name: reference_target(self._table[name]) for name in names}

    def look(self, rows: Sequence[Row]) -> Taken:
        """Return what would become of rows; nothing is written."""
        texts, refused = self._prepared(rows)
        counts: dict[str, int] = {}
        for number, fate in enumerate(self._fates(texts)):
            if fate.action is Action.REJECTED:
                refused.append(Refused(list(texts)[number], fate.reason))
            else:
                counts[fate.action.value] = counts.get(fate.action.value, 0) + 1
        return _counted(counts, refused)

    def take(self, rows: Sequence[Row]) -> Taken:
        """Import rows in one transaction.

        Raises:
            StoreBusy, StoreFull: the database did not accept it; nothing was imported.
        """
        texts, refused = self._prepared(rows)
        fates = self._fates(texts)
        # A step that is repeated after a crash finds its new records by these.
        new = {
            row: f"urn:uuid:{uuid5(self._source, str(row.number))}"
            for row, fate in zip(texts, fates)
            if fate.action is Action.CREATED and fate.record.uuid is None
        }
        document = self._document(texts, new)

        def write() -> Any:
            with (
                self._site.store.transaction(),
                self._site.document(io.BytesIO(document), str(self._table)) as found,
            ):
                return self._site.importer.import_page(found, TERMS, self._context())

        if not texts:
            return _counted({}, refused)
        report = self._site.store.again_after_deadlock(write)
        by_number = {f"row-{row.number}": row for row in texts}
        for record, outcome in report.failures:
            found = by_number.get(record.tuid or "")
            if found is not None:
                reasons = [
                    outcome.reason,
                    *(f"{name}: {each.message}" for name, each in outcome.errors.items()),
                ]
                refused.append(Refused(found, "; ".join(dict.fromkeys(each for each in reasons if each))))
        counts = {each.value: count for each, count in report.main.items() if each is not Action.REJECTED}
        return _counted(counts, refused)

    # --- to S3XML ---------------------------------------------------------------------------------------------

    def _context(self) -> Any:
        return replace(self._site.context(None, None), by_account=True)

    def _fates(self, texts: Mapping[Row, str]) -> Sequence[Any]:
        if not texts:
            return ()
        document = io.BytesIO(self._document(texts, {}))
        with self._site.document(document, str(self._table)) as found:
            fates: Sequence[Any] = self._site.dry_run.each_of(found, TERMS, self._context(), len(texts))
        return fates

    def _document(self, texts: Mapping[Row, str], uuids: Mapping[Row, str]) -> bytes:
        parts = ["<s3xml>"]
        for row, text in texts.items():
            given = uuids.get(row) or self._identifier(row)
            uuid = f' uuid="{escape_attr(given)}"' if given else ""
            parts.append(f'<resource name="{self._table}" tuid="row-{row.number}"{uuid}>{text}</resource>')
        parts.append("</s3xml>")
        return "".join(parts).encode("utf-8")

    def _identifier(self, row: Row) -> str:
        for name, cell in zip(self._columns, row.cells):
            if name == IDENTIFIER:
                return cell
        return ""

    def _prepared(self, rows: Sequence[Row]) -> tuple[dict[Row, str], list[Refused]]:
        """Return the fields of the rows as S3XML, and the rows that cannot be written so."""
        labels = self._labels(rows)
        gone = self._deleted(rows)
        known = self._places.known([row.cells for row in rows])
        texts, refused = {}, []
        for row in rows:
            try:
                if len(self._identifier(row)) > LONGEST_IDENTIFIER:
                    raise CellError(str(current.T("The identifier is too long.")))
                if self._identifier(row) in gone:
                    raise CellError(
                        str(current.T("This record was deleted here; restore it from the bin first"))
                    )
                left_out = {None, IDENTIFIER, GEOMETRY} | self._places.stands_for(row.cells)
                texts[row] = "".join(
                    self._element(str(name), cell, labels)
                    for name, cell in zip(self._columns, row.cells)
                    if name not in left_out
                ) + self._places.element(row.number, row.cells, known)
            except CellError as error:
                refused.append(Refused(row, str(error)))
        return texts, refused

    def _deleted(self, rows: Sequence[Row]) -> set[str]:
        """Return the identifiers in rows that are those of deleted records: an older list still names them."""
        named = {self._identifier(row) for row in rows} - {""}
        table = self._table
        if not named or "deleted" not in table.fields:
            return set()
        query = table.uuid.belongs(list(named)) & (table.deleted == True)  # noqa: E712 - SQL
        return {row.uuid for row in self._s3db.db(query).select(table.uuid)}

    def _element(self, name: str, cell: str, labels: Mapping[str, Mapping[str, set[str]]]) -> str:
        if not cell:
            return f'<data field="{name}" value="null"/>' if self._clears and not self._targets[name] else ""
        target = self._targets[name]
        if target:
            found = labels[name].get(cell, set())
            uuid, *others = found or {""}
            if not uuid or others:
                told = {"field": self._table[name].label, "text": cell}
                T = current.T
                several = T(
                    "%(field)s: several records are called %(text)s here; enter the identifier of one"
                )
                raise CellError(
                    str((several if found else T("%(field)s: nothing is called %(text)s here")) % told)
                )
            return f'<reference field="{name}" resource="{target}" uuid="{escape_attr(uuid)}"/>'
        text = stored_text(self._table[name], cell, self._choices[name])
        return f'<data field="{name}">{escape_text(text)}</data>'

    def _labels(self, rows: Sequence[Row]) -> dict[str, dict[str, set[str]]]:
        """Return field -> name of a record, or its identifier -> identifiers of those that are called so."""
        found: dict[str, dict[str, set[str]]] = {}
        for place, name in enumerate(self._columns):
            target = self._targets.get(name or "")
            if name and target:
                texts = {row.cells[place] for row in rows if len(row.cells) > place and row.cells[place]}
                found[name] = self._called(target, texts)
        return found

    def _called(self, target: str, texts: set[str]) -> dict[str, set[str]]:
        table = self._s3db[target]
        names = self._s3db.get_config(target, "name_fields", ("name",))
        columns = [table[name] for name in names if name in table.fields]
        # A name of several fields begins with the first of them that is not empty.
        beginnings = {
            " ".join(each.split(" ")[:count]) for each in texts for count in range(1, _parts(each, columns))
        }
        query = table.uuid.belongs(list(texts))
        for column in columns:
            query |= column.belongs(list(beginnings | texts))
        found: dict[str, set[str]] = {}
        rows = self._s3db.db(query & (table.deleted == False)).select(table.uuid, *columns)  # noqa: E712 - SQL
        for row in rows:
            called = " ".join(str(row[column]) for column in columns if row[column])
            for text in {row.uuid, called} & texts:
                found.setdefault(text, set()).add(row.uuid)
        return found


def _parts(text: str, columns: Sequence[Any]) -> int:
    return text.count(" ") + 2 if len(columns) > 1 else 1


def _counted(counts: dict[str, int], refused: Iterable[Refused]) -> Taken:
    listed = sorted(refused, key=lambda each: each.row.number)
    return Taken(counts, listed)
