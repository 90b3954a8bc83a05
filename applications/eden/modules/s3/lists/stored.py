"""A table that a person has uploaded, kept in files until it was imported, with how far that has come."""

from __future__ import annotations

import contextlib
import fcntl
import json
import re
import secrets
import shutil
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from gluon import current

from s3sync.core.atomic_write import replace_text
from s3sync.core.errors import SyncError
from s3sync.core.text import legible
from s3sync.transport.stylesheets import Stylesheets, parameters
from s3sync.wire.tables import alert_table as alert_table
from s3sync.wire.tables import csv_table as csv_table
from s3sync.wire.tables import document_table as document_table
from s3sync.wire.tables import feature_table as feature_table
from s3sync.wire.tables import xlsx_table as xlsx_table
from s3sync.wire.tables.cells import TableError

from ..data_model.clock import utcnow
from .rows_in import AT_ONCE, Refused, Row, RowImporter

#: Bytes of a file, seconds for which one is kept, and number of those of one user.
MOST_BYTES, KEPT, MOST_KEPT = 50 * 1024 * 1024, 2 * 86_400, 5
#: Bytes of the rows of one, unpacked: a cell of a few bytes can stand for a long text.
MOST_STORED = 4 * MOST_BYTES
#: The folder of all of them, below that of the application.
HOME = Path("private", "lists")
_TOKEN = re.compile(r"[0-9a-f]{32}")
ROWS, STATE, REFUSED = "rows.jsonl", "state.json", "refused.csv"
#: Bytes by which a file is told, and of the rows that are imported at once: a shape on a map may be a long text.
LOOKED_AT, MOST_AT_ONCE = 256, 8 * 1024 * 1024


@dataclass
class State:
    """How far an import has come.

    Attributes:
        user: who uploaded the table; nobody else sees it.
        table: name of the table that it is for.
        filename: what the file was called.
        headings: its first row.
        count: number of rows.
        columns: for each heading the field that was chosen, None before.
        clears: whether an empty cell clears its field.
        agreed: whether a person has looked at it and began.
        done, offset: rows that were imported, and where the next one begins in the file of rows.
        counts: outcome -> number.
        refused, refused_size: rows that were refused, and bytes of the file of them.
        source: name of this import.
    """

    user: int
    table: str
    filename: str
    headings: list[str]
    count: int = 0
    columns: list[str | None] | None = None
    clears: bool = False
    agreed: bool = False
    done: int = 0
    offset: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    refused_size: int = 0
    source: str = field(default_factory=lambda: str(uuid4()))

    @property
    def is_finished(self) -> bool:
        """Whether all rows were imported."""
        return self.agreed and self.done >= self.count


class StoredTable:
    """An uploaded table.

    Args:
        folder: where its files are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = State(**json.loads((folder / STATE).read_text("utf-8")))

    @property
    def token(self) -> str:
        """Its name in addresses."""
        return self.folder.name

    @classmethod
    def find(cls, home: Path, token: str, user: int, table: str) -> StoredTable | None:
        """Return the table of this name that a user has uploaded, None if there is none."""
        if not _TOKEN.fullmatch(token) or not (home / token / STATE).is_file():
            return None
        found = cls(home / token)
        return found if (found.state.user, found.state.table) == (user, table) else None

    @classmethod
    def keep(cls, home: Path, source: BinaryIO, state: State) -> StoredTable:
        """Store the rows of an uploaded file.

        Args:
            home: where all of them are.
            source: the file.
            state: whose it is, and for which table; headings and count are filled in.

        Raises:
            TableError: it is no table, or has no rows; nothing is kept.
        """
        forget(home, state.user)
        folder = home / secrets.token_hex(16)
        folder.mkdir(parents=True, mode=0o700)
        try:
            with (folder / "upload").open("w+b") as copy:
                shutil.copyfileobj(_limited(source), copy)
                copy.seek(0)
                own = _own_format(home, state.filename)
                kind = kind_of(copy, state.table) if own is None else document_table
                with contextlib.ExitStack() as undo:
                    document: BinaryIO = copy
                    if own is not None:
                        document = undo.enter_context(_as_document(own, copy, folder, state))
                    rows = undo.enter_context(contextlib.closing(_rows_of(kind, document, state.table)))
                    # The first row of a table names the columns; the first feature is one.
                    first = 2 if kind in (csv_table, xlsx_table) else 1
                    _store_rows(rows, folder / ROWS, state, first)
            (folder / "upload").unlink()
            replace_text(folder / STATE, json.dumps(asdict(state)))
        except BaseException:
            shutil.rmtree(folder)
            raise
        return cls(folder)

    def save(self) -> None:
        """Store the state."""
        replace_text(self.folder / STATE, json.dumps(asdict(self.state)))

    def rows(self, offset: int = 0) -> Iterator[tuple[Row, int]]:
        """Return rows, each with the place where the next one begins.

        Args:
            offset: where to begin.
        """
        with (self.folder / ROWS).open("rb") as source:
            source.seek(offset)
            for line in source:
                number, *cells = json.loads(line)
                offset += len(line)
                yield Row(number, tuple(cells)), offset

    def go_on(self, importer: RowImporter, seconds: float) -> None:
        """Import rows until they end, or the time is over; what was done is stored after each step.

        Args:
            importer: imports them.
            seconds: how long.
        """
        with self._alone():
            self.state = StoredTable(self.folder).state
            until = time.monotonic() + seconds
            while not self.state.is_finished and time.monotonic() < until:
                self._step(importer)

    def batches(self, offset: int = 0) -> Iterator[tuple[list[Row], int]]:
        """Return rows as many as are taken at once, with the place where the next ones begin.

        Args:
            offset: where to begin.
        """
        batch: list[Row] = []
        for row, end in self.rows(offset):
            batch.append(row)
            if len(batch) >= AT_ONCE or end - offset > MOST_AT_ONCE:
                yield batch, end
                batch, offset = [], end
        if batch:
            yield batch, end

    def _step(self, importer: RowImporter) -> None:
        state = self.state
        batch, end = next(self.batches(state.offset), ([], state.offset))
        taken = importer.take(batch)
        state.done += len(batch)
        state.offset = end
        for name, count in taken.counts.items():
            state.counts[name] = state.counts.get(name, 0) + count
        state.refused += len(taken.refused)
        self._note_refused(taken.refused)
        self.save()
        if state.is_finished:
            # They may be about people; what was refused is still needed.
            (self.folder / ROWS).unlink()

    def _note_refused(self, refused: Sequence[Refused]) -> None:
        headings = [*self.state.headings, "Reason"]
        with (self.folder / REFUSED).open("ab") as out:
            # A step that broke off has left more than was counted.
            out.truncate(self.state.refused_size)
            out.seek(self.state.refused_size)
            lines = [_line(each, len(self.state.headings)) for each in refused]
            if self.state.refused_size == 0:
                csv_table.write(out, [headings])
            csv_table.append(out, lines)
            self.state.refused_size = out.tell()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / "lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def kind_of(source: BinaryIO, table: str) -> Any:
    """Return the module that reads a file for a table; what it is is told by its beginning, not by its name."""
    beginning = source.read(LOOKED_AT)
    source.seek(0)
    if beginning.startswith(xlsx_table.MAGIC):
        return xlsx_table
    if alert_table.is_one(beginning, table):
        return alert_table
    return feature_table if feature_table.is_one(beginning) else csv_table


def _own_format(home: Path, filename: str) -> Stylesheets | None:
    """Return the formats of the operator, if the name of a file ends with that of one of them; None else."""
    own = Stylesheets.beside(home.parent / "spool")
    one = own.find(filename.rpartition(".")[2].lower())
    return own if one is not None and one.reads else None


@contextlib.contextmanager
def _as_document(own: Stylesheets, source: BinaryIO, folder: Path, state: State) -> Iterator[BinaryIO]:
    """Open what a stylesheet of the operator makes of a file."""
    name = state.filename.rpartition(".")[2].lower()
    told = parameters(state.table, "", "", datetime.now(timezone.utc).replace(tzinfo=None))
    path = folder / "document"
    try:
        with path.open("w+b") as document:
            own.to_s3xml(name, source, document, told)
            document.seek(0)
            yield document
    except SyncError as error:
        raise TableError(error.message.rstrip(".")) from error
    finally:
        path.unlink()


def _rows_of(kind: Any, source: BinaryIO, table: str = "") -> Generator[list[str], None, None]:
    """Return the rows of a file, headings first.

    Raises:
        TableError: it is none that this site reads.
    """
    if kind is document_table:
        return document_table.read(source, table, MOST_STORED)
    if kind is alert_table:
        language = str(getattr(current.T, "accepted_language", None) or "")
        return alert_table.read(source, utcnow(), language)
    found: Generator[list[str], None, None] = kind.read(source)
    return found


def read_table(source: BinaryIO, table: str = "") -> Generator[list[str], None, None]:
    """Return the rows of a file for a table, headings first; raises as ``StoredTable.keep``."""
    return _rows_of(kind_of(source, table), source)


def _store_rows(rows: Iterator[list[str]], path: Path, state: State, first: int) -> None:
    headings = next(rows, None)
    if headings is None:
        raise TableError("it is empty")
    # JSON and CSV can have characters that no database, page or document can.
    state.headings = list(map(legible, headings))
    left = MOST_STORED
    with path.open("w", encoding="utf-8") as out:
        for number, cells in enumerate(rows, first):
            line = json.dumps([number, *map(legible, cells)]) + "\n"
            left -= len(line)
            if left < 0:
                raise TableError(f"its rows have more than {MOST_STORED // 1024 // 1024} MB")
            out.write(line)
            state.count += 1
    if not state.count:
        raise TableError("it has headings, and no rows")


def _line(refused: Refused, width: int) -> list[str]:
    cells = [*refused.row.cells[:width], *[""] * (width - len(refused.row.cells))]
    return [*cells, refused.reason]


class _Limited:
    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._left = MOST_BYTES

    def read(self, most: int) -> bytes:
        found = self._source.read(most)
        self._left -= len(found)
        if self._left < 0:
            raise TableError(f"it has more than {MOST_BYTES // 1024 // 1024} MB")
        return found


def _limited(source: BinaryIO) -> Any:
    return _Limited(source)


def forget(home: Path, user: int | None = None) -> None:
    """Remove tables that are too old, and the oldest ones of a user who brings another one.

    Args:
        home: where all of them are.
        user: the user, None for nobody.
    """
    if not home.is_dir():
        return
    of_user = []
    for folder in home.iterdir():
        with contextlib.suppress(FileNotFoundError):
            since = folder.stat().st_mtime
            if _TOKEN.fullmatch(folder.name) and since < time.time() - KEPT:
                shutil.rmtree(folder)
            elif user is not None and StoredTable(folder).state.user == user:
                of_user.append((since, folder))
    for _, folder in sorted(of_user)[: max(0, len(of_user) + 1 - MOST_KEPT)]:
        shutil.rmtree(folder)


def importer_of(s3db: Any, site: Any, state: State) -> RowImporter:
    """Return what imports the rows of a table whose columns were chosen."""
    return RowImporter(s3db, site, state.table, state.columns or [], state.clears, UUID(state.source))
