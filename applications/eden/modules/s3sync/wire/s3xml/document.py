"""An S3XML document on disk: its main records in order, the others on demand.

Records of other tables follow the records that refer to them, at any distance, and only referenced ones are imported.
A document of usual size, such as our pages, is decoded as a whole before the database is locked. A large one, as an
Eden may send, is read twice: first to store the other records by identifier, then for the main records. A document
with main records only is read once, whatever its size, batch by batch: records imported right after they were decoded
are still in the processor's cache.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, Protocol

from ...core.gc_pause import paused_gc
from ...core.records import Record
from ...core.schema import Schema
from . import Decoder, DocumentLimits, DocumentReader, Element, Header, fragment, parse_fragment

_CHUNK = 1 << 20

#: Documents of at most so many bytes and records (nested ones included) are decoded as a whole; the records take two
#: to three times the memory of usual ones.
AT_ONCE_BYTES, AT_ONCE_RECORDS = 12 << 20, 100_000
#: Records that are handed out together have at most about so many bytes.
BATCH_BYTES = 64 << 20
#: Stored records of larger documents are in memory up to so many bytes of XML, then in a temporary file.
SPILL_BYTES = 16 << 20

_Key = tuple[str, str]


class WantedRecord(NamedTuple):
    """A record that a reference names."""

    table: str
    uuid: str | None
    tuid: str | None


class _Shelf(Protocol):
    """Records stored by table and identifier."""

    def put(self, key: _Key, element: Element) -> None: ...

    def take(self, key: _Key) -> list[Record]:
        """Return and remove the records of a key; of equal ones only one."""
        ...

    def close(self) -> None: ...


class _Decoded:
    """The records of a document that is decoded as a whole."""

    def __init__(self, decoder: Decoder, schema: Schema) -> None:
        self._decoder = decoder
        self._schema = schema
        self._records: dict[_Key, list[Record]] = {}

    def put(self, key: _Key, element: Element) -> None:
        if key[0] in self._schema:
            self._records.setdefault(key, []).append(self._decoder.decode(element))

    def take(self, key: _Key) -> list[Record]:
        distinct: list[Record] = []
        for record in self._records.pop(key, ()):
            if record not in distinct:
                distinct.append(record)
        return distinct

    def close(self) -> None:
        self._records = {}


class _Fragments:
    """The records of a large document: elements as text, in memory while they are few, decoded when taken."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._elements: dict[_Key, list[bytes]] = {}
        self._size = 0
        self._file: sqlite3.Connection | None = None

    def put(self, key: _Key, element: Element) -> None:
        text = fragment(element)
        self._elements.setdefault(key, []).append(text)
        self._size += len(text) + 200
        if self._size > SPILL_BYTES:
            self._spill()

    def _spill(self) -> None:
        if self._file is None:
            # An empty name is SQLite's temporary database on disk: it is removed with the connection.
            self._file = sqlite3.connect("")
            self._file.execute("PRAGMA journal_mode=OFF")
            self._file.execute("CREATE TABLE shelf (name TEXT, id TEXT, element BLOB)")
        rows = ((*key, element) for key, elements in self._elements.items() for element in elements)
        self._file.executemany("INSERT INTO shelf VALUES (?, ?, ?)", rows)
        self._elements, self._size = {}, 0

    def close_filling(self) -> None:
        """Make look-ups fast, after all records have been stored."""
        if self._file is not None:
            self._spill()
            self._file.execute("CREATE INDEX shelf_id ON shelf (name, id)")

    def take(self, key: _Key) -> list[Record]:
        return [self._decoder.decode(parse_fragment(each)) for each in dict.fromkeys(self._taken(key))]

    def _taken(self, key: _Key) -> list[bytes]:
        if self._file is None:
            return self._elements.pop(key, [])
        found = [
            row[0] for row in self._file.execute("SELECT element FROM shelf WHERE name = ? AND id = ?", key)
        ]
        if found:
            self._file.execute("DELETE FROM shelf WHERE name = ? AND id = ?", key)
        return found

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._elements = {}


class Document:
    """A spooled document.

    Args:
        source: a seekable binary file at its beginning.
        schema: tables of this site.
        main: name of the main table.
        limits: the limits for the document.

    Raises:
        DocumentError: the document cannot be read. It is raised before the first record, except for an error after
            the first main records of a document without other records.
    """

    def __init__(
        self, source: BinaryIO, schema: Schema, main: str, limits: DocumentLimits | None = None
    ) -> None:
        self._source = source
        self._limits = limits or DocumentLimits()
        self._schema = schema
        self._decoder = Decoder(schema)
        self.main = main
        self._shelf: _Shelf
        self._main_records: list[Record] | None = None
        self._read_whole = False
        #: The reader that has read the header and nothing else.
        self._begun: DocumentReader | None = None
        self.header: Header = self._open()

    def _open(self) -> Header:
        records, of_main = _count_records(self._source, self.main)
        if records == of_main:
            self._shelf = _Decoded(self._decoder, self._schema)
            self._begun = self._from_the_beginning()
            return self._begun.header
        is_small = records <= AT_ONCE_RECORDS and self._source.seek(0, os.SEEK_END) <= AT_ONCE_BYTES
        return self._read_at_once() if is_small else self._read_ahead()

    def _read_at_once(self) -> Header:
        self._shelf = _Decoded(self._decoder, self._schema)
        self._main_records = []
        reader = self._from_the_beginning()
        with paused_gc():
            for element in reader:
                name = element.get("name") or ""
                if name == self.main:
                    self._main_records.append(self._decoder.decode(element))
                else:
                    self._set_aside(element, name)
                self._set_nested_aside(element, name)
        self._read_whole = True
        return reader.header

    def _read_ahead(self) -> Header:
        self._shelf = shelf = _Fragments(self._decoder)
        reader = self._from_the_beginning()
        for element in reader:
            name = element.get("name") or ""
            if name != self.main:
                self._set_aside(element, name)
            self._set_nested_aside(element, name)
        shelf.close_filling()
        self._read_whole = True
        return reader.header

    def _set_aside(self, element: Element, name: str) -> None:
        identifier = element.get("uuid") or element.get("tuid")
        if identifier:
            self._shelf.put((name, identifier), element)

    def _set_nested_aside(self, element: Element, name: str) -> None:
        """Store records that an Eden nests although they are no components.

        It writes the person of a staff record only inside that record, several times under different aliases, and
        refers to it.
        """
        seen: set[tuple[str, str | None]] = set()
        for nested in element.iterchildren("resource"):
            inner = nested.get("name") or ""
            key = (inner, nested.get("uuid"))
            if not self._decoder.is_component(name, nested) and key not in seen:
                seen.add(key)
                nested.attrib.pop("alias", "")
                self._set_aside(nested, inner)
            self._set_nested_aside(nested, inner)

    def verify(self) -> None:
        """Check that the document is complete and well-formed, before anything of it is committed.

        Raises:
            DocumentError: it is not.
        """
        if not self._read_whole:
            self._begun = None
            for _ in self._from_the_beginning():
                pass
            self._read_whole = True

    def batches(self, size: int) -> Iterator[list[Record]]:
        """Yield the main records in the order of the document, ``size`` at a time; can be called once."""
        if self._main_records is not None:
            # Free the records already returned: those of a page are most of an import's memory.
            waiting = self._main_records[::-1]
            self._main_records = []
            while waiting:
                yield [waiting.pop() for _ in range(min(size, len(waiting)))]
            return
        batch: list[Record] = []
        decode = self._decoder.decode
        main = self.main
        reader = self._begun or self._from_the_beginning()
        self._begun = None
        most = reader.bytes_read + BATCH_BYTES
        for element in reader:
            if element.get("name") == main:
                batch.append(decode(element))
                if len(batch) >= size or reader.bytes_read > most:
                    yield batch
                    batch = []
                    most = reader.bytes_read + BATCH_BYTES
        if batch:
            yield batch

    def _from_the_beginning(self) -> DocumentReader:
        self._source.seek(0)
        return DocumentReader(self._source, self._limits)

    def take(self, wanted: WantedRecord) -> list[Record]:
        """Return the stored records with this identifier, each only once in the life of the document.

        A sender puts its domain before bare identifiers in records but not in references, so both are tried.
        """
        candidates = []
        if wanted.uuid:
            candidates.append(wanted.uuid)
            domain = self.header.domain
            if domain:
                prefix = f"{domain}/"
                candidates.append(
                    wanted.uuid[len(prefix) :] if wanted.uuid.startswith(prefix) else prefix + wanted.uuid
                )
        elif wanted.tuid:
            candidates.append(wanted.tuid)
        for identifier in candidates:
            found = self._shelf.take((wanted.table, identifier))
            if found:
                return found
        return []

    def close(self) -> None:
        """Release the temporary storage; the source stays open."""
        self._shelf.close()

    def __enter__(self) -> "Document":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _count_records(source: BinaryIO, main: str) -> tuple[int, int]:
    """Return how many records a document may have, and of how many it is plain that they are of the main table.

    A record is of the main table if its name comes first, as every site writes it. Whatever is written in another way
    counts as a record of another table, which costs time and changes nothing. One pass, in flat memory.
    """
    start = b"<resource"
    plain = b'<resource name="%s"' % main.encode()
    overlap = len(plain) - 1
    records = of_main = 0
    rest = b""
    source.seek(0)
    for chunk in iter(lambda: source.read(_CHUNK), b""):
        if b"\0" in chunk[:64]:
            # UTF-16 or UTF-32: rare, so they are read in the way that is always right
            return AT_ONCE_RECORDS + 1, 0
        text = rest + chunk
        end = max(0, len(text) - overlap)
        records += text.count(start, 0, end + len(start) - 1)
        of_main += text.count(plain, 0, end + overlap)
        rest = text[end:]
    return records + rest.count(start), of_main
