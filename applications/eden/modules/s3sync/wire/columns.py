"""Documents column by column, for bad lines: a compressor finds more where values of one kind stand together.

A document is taken apart in blocks. Of each record the *shape* stays, markup with a mark where a value was; most
records have one of a few shapes. The values of a field go into a column of their own, uuids as their 16 bytes. What is
put together again is the same, byte by byte, whatever is in it: what cannot be taken apart stays as it is.
"""

from __future__ import annotations

import re
import struct
import uuid
from collections.abc import Iterable, Iterator
from itertools import chain

from ..core.limits import MEGABYTE

#: A document that was taken apart begins so. No XML does.
START = b"\x00ED1"
#: Bytes of a document that is worth it: of few records the shapes take more than they save.
WORTH_FOLDING = 10_000
#: Bytes of a block before it is taken apart, and at most of one that is read.
BLOCK, LARGEST_BLOCK = MEGABYTE, 16 * MEGABYTE
#: Marks in the shapes of a block that is read; each takes a hundred bytes of memory. The text of a block of ours, of
#: which every mark stands for three bytes at least, has fewer.
MOST_MARKS = BLOCK // 2
#: Marks in a shape: a value of a column, whose number stands between them; the value before once more; a uuid.
_VALUE, _END, _AGAIN, _UUID = "\x01", "\x02", "\x03", "\x04"
#: Where one shape ends; what stands before it belongs to the shape.
_BETWEEN, _LAST = "\x05", "</resource>"
_MARKS = re.compile("[\x00-\x05]")
_IN_SHAPE = re.compile("\x01([0-9]{1,7})\x02|(\x03)|(\x04)")
#: An attribute, or text between two tags.
_PART = re.compile(r' ([\w:]+)="([^"]*)"|(?<=>)([^<>\n]+)(?=<)')
#: Attributes that say what kind of value follows.
_KINDS = ("name", "field", "resource")
_PLAIN_UUID = re.compile(r"urn:uuid:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_QUOTED = re.compile(r"&quot;(.*)&quot;")
_NUMBER = struct.Struct(">I")


class DamagedColumns(ValueError):
    """A document that was taken apart cannot be put together again, or is incomplete."""


# --- taking apart -------------------------------------------------------------------------------------------


class _Block:
    """Takes a block apart."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, ...], tuple[str, list[str]]] = {}
        self._uuids: list[bytes] = []
        self._shapes: dict[str, int] = {}
        self._resource = self._field = self._former = ""

    def fold(self, text: str) -> bytes:
        order = [
            self._shapes.setdefault(shape, len(self._shapes))
            for shape in (_PART.sub(self._part, each) for each in _split(text))
        ]
        columns = (values for _, values in self._columns.values())
        parts = [
            "\x00".join(self._shapes).encode("utf-8"),
            struct.pack(f">{len(order)}H", *order),
            b"".join(self._uuids),
            *("\x00".join(values).encode("utf-8") for values in columns),
        ]
        return b"".join([_NUMBER.pack(len(parts)), *(_NUMBER.pack(len(each)) for each in parts), *parts])

    def _part(self, found: re.Match[str]) -> str:
        name, value, text = found.groups()
        if name is None:
            return self._marked("", text)
        if name in _KINDS:
            if name == "field":
                self._field = value
            else:
                self._resource, self._field = value, ""
            return found[0]
        quoted = _QUOTED.fullmatch(value)
        if quoted is not None:
            return f' {name}="&quot;{self._marked(name, quoted[1])}&quot;"'
        return f' {name}="{self._marked(name, value)}"'

    def _marked(self, name: str, value: str) -> str:
        if value == self._former and value:
            return _AGAIN
        plain = _PLAIN_UUID.fullmatch(value)
        if plain is not None:
            self._former = value
            self._uuids.append(uuid.UUID(plain[1]).bytes)
            return _UUID
        self._former = value
        key = (self._resource, self._field, name)
        column = self._columns.get(key)
        if column is None:
            column = self._columns[key] = (f"{_VALUE}{len(self._columns)}{_END}", [])
        column[1].append(value)
        return column[0]


def _split(text: str) -> list[str]:
    return text.replace(_LAST, _LAST + _BETWEEN).split(_BETWEEN)


def fold(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a document, taken apart; as it is where it is no text that can be.

    Args:
        chunks: the document, in pieces of any length.
    """
    rest, begun = b"", False
    for chunk in chain(chunks, [b""]):
        rest += chunk
        while len(rest) >= BLOCK or (rest and not chunk):
            cut = rest.rfind(_LAST.encode(), 0, BLOCK)
            cut = len(rest) if len(rest) < BLOCK else cut + len(_LAST) if cut > 0 else BLOCK
            block, rest = rest[:cut], rest[cut:]
            yield START if not begun else b""
            begun = True
            yield _block(block)


def _block(data: bytes) -> bytes:
    """Return a block with its length; a block of no columns where it cannot be taken apart."""
    try:
        text = data.decode("utf-8")
        folded = b"" if _MARKS.search(text) or text.count(_LAST) >= 0xFFFF else _Block().fold(text)
    except UnicodeDecodeError:
        # Cut between the bytes of a character, or no text.
        folded = b""
    kind, body = (b"\x01", folded) if folded else (b"\x00", data)
    return kind + _NUMBER.pack(len(body)) + body


# --- putting together ---------------------------------------------------------------------------------------


def unfold(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a document as it was; one that was not taken apart as it is.

    Args:
        chunks: what ``fold`` made, or any document, in pieces of any length.

    Raises:
        DamagedColumns: it is damaged or incomplete.
    """
    source = iter(chunks)
    start = _at_least(source, b"", len(START))
    if not start.startswith(START):
        yield start
        yield from source
        return
    rest = start[len(START) :]
    while True:
        rest = _at_least(source, rest, 5)
        if not rest:
            return
        if len(rest) < 5:
            raise DamagedColumns("it ends in the middle")
        kind, size = rest[0], _NUMBER.unpack_from(rest, 1)[0]
        if kind > 1 or size > LARGEST_BLOCK:
            raise DamagedColumns("a block is none")
        rest = _at_least(source, rest, 5 + size)
        if len(rest) < 5 + size:
            raise DamagedColumns("it ends in the middle")
        body, rest = rest[5 : 5 + size], rest[5 + size :]
        yield _unfolded(body) if kind else body


def _at_least(source: Iterator[bytes], have: bytes, size: int) -> bytes:
    parts, length = [have], len(have)
    while length < size:
        piece = next(source, None)
        if piece is None:
            break
        parts.append(piece)
        length += len(piece)
    return b"".join(parts)


def _unfolded(body: bytes) -> bytes:
    try:
        shapes, order, uuids, columns = _parts(body)
        values = [iter(each) for each in columns]
        if sum(map(_marks, shapes)) > MOST_MARKS:
            raise DamagedColumns("a block has too many marks")
        pieces = [_pieces(each) for each in shapes]
        former, written, out = "", 0, []
        # A piece counts also where it is empty, and so does a shape: going through them is the work.
        sizes = [sum(len(literal) + 1 for literal, _ in each) for each in pieces]
        for number in order:
            line = []
            written += sizes[number]
            if written > LARGEST_BLOCK:
                raise DamagedColumns("a block is too large")
            for literal, column in pieces[number]:
                line.append(literal)
                if column is None:
                    continue
                if column == -1:
                    former = next(uuids)
                elif column >= 0:
                    former = next(values[column])
                line.append(former)
                written += len(former)
                if written > LARGEST_BLOCK:
                    raise DamagedColumns("a block is too large")
            out.append("".join(line))
        return "".join(out).encode("utf-8")
    except (IndexError, StopIteration, UnicodeError, struct.error) as error:
        raise DamagedColumns(f"a block is damaged: {type(error).__name__}") from error


def _parts(body: bytes) -> tuple[list[str], tuple[int, ...], Iterator[str], list[list[str]]]:
    (count,) = _NUMBER.unpack_from(body, 0)
    if count < 3 or 4 * (count + 1) > len(body):
        raise DamagedColumns("a block is damaged: its parts")
    sizes = struct.unpack_from(f">{count}I", body, 4)
    place, found = 4 * (count + 1), []
    for size in sizes:
        found.append(body[place : place + size])
        place += size
    if place != len(body):
        raise DamagedColumns("a block is damaged: its length")
    shapes, order, uuids, *columns = found
    if len(uuids) % 16:
        raise DamagedColumns("a block is damaged: its uuids")
    return (
        shapes.decode("utf-8").split("\x00"),
        struct.unpack(f">{len(order) // 2}H", order),
        (f"urn:uuid:{uuid.UUID(bytes=uuids[at : at + 16])}" for at in range(0, len(uuids), 16)),
        [each.decode("utf-8").split("\x00") for each in columns],
    )


def _marks(shape: str) -> int:
    return shape.count(_VALUE) + shape.count(_AGAIN) + shape.count(_UUID)


def _pieces(shape: str) -> list[tuple[str, int | None]]:
    """Return a shape in pieces: text, and the column of the value behind it (-1: a uuid, -2: the value before)."""
    found: list[tuple[str, int | None]] = []
    place = 0
    for mark in _IN_SHAPE.finditer(shape):
        column = int(mark[1]) if mark[1] else -2 if mark[2] else -1
        found.append((shape[place : mark.start()], column))
        place = mark.end()
    return [*found, (shape[place:], None)]
