"""Geometries as well-known text (OGC 06-103r4, 7), which an Eden stores, and back. Longitude comes first in both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .geometry import COLLECTION, KINDS, Geometry, GeometryError, checked

#: Characters of a text that is read: five million are some 100,000 positions.
LONGEST = 5_000_000
_TOKEN = re.compile(r"\s*(?:([A-Za-z]+)|([(),])|([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?))")
_NAMES = {name.upper(): name for name in (*KINDS, COLLECTION)}
_DIMENSIONS = ("Z", "M", "ZM")


def written(geometry: Geometry) -> str:
    """Return a checked geometry as WKT."""
    kind = geometry["type"]
    if kind == COLLECTION:
        return f"{kind.upper()} ({', '.join(written(each) for each in geometry['geometries'])})"
    if kind == "Point":
        return f"POINT ({_pair(geometry['coordinates'])})"
    return f"{kind.upper()} {_list(geometry['coordinates'], KINDS[kind][0])}"


def _pair(position: Any) -> str:
    return " ".join(number(each) for each in position)


def number(value: float) -> str:
    """Return a number of degrees without a tail that says nothing."""
    text = repr(float(value))
    return text[:-2] if text.endswith(".0") else text


def _list(value: Any, depth: int) -> str:
    if depth == 0:
        return _pair(value)
    return f"({', '.join(_list(each, depth - 1) for each in value)})"


def read(text: str) -> Geometry:
    """Return a geometry from WKT; what has more than two dimensions loses the others.

    Raises:
        GeometryError: it is none, or beyond the limits.
    """
    if len(text) > LONGEST:
        raise GeometryError(f"the shape has more than {LONGEST} characters")
    # PostGIS writes the reference system before it.
    plain = re.sub(r"^\s*SRID=4326;", "", text)
    reader = _Reader(plain)
    found = reader.geometry()
    reader.expect("")
    return checked(found)


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._next = next(self._tokens)

    def take(self) -> str:
        found, self._next = self._next, next(self._tokens, "")
        return found

    def expect(self, sign: str) -> None:
        if self.take() != sign:
            raise GeometryError("the shape is no WKT")

    def geometry(self, inner: bool = False) -> Geometry:
        kind = _NAMES.get(self.take().upper())
        if kind is None or (inner and kind == COLLECTION):
            raise GeometryError("the shape is no WKT of a type that is known")
        if self._next.upper() in _DIMENSIONS:
            self.take()
        self.expect("(")
        if kind == COLLECTION:
            parts = [self.geometry(inner=True)]
            while self._next == ",":
                self.take()
                parts.append(self.geometry(inner=True))
            self.expect(")")
            return {"type": kind, "geometries": parts}
        depth = KINDS[kind][0]
        coordinates = self._position() if depth == 0 else self._items(depth, loose=kind == "MultiPoint")
        self.expect(")")
        return {"type": kind, "coordinates": coordinates}

    def _items(self, depth: int, loose: bool = False) -> list[Any]:
        """Read what is between brackets; some programs put each point of several into brackets of its own."""
        found = []
        while True:
            bracket = depth > 1 or (loose and self._next == "(")
            if bracket:
                self.expect("(")
            found.append(self._items(depth - 1) if depth > 1 else self._position())
            if bracket:
                self.expect(")")
            if self._next != ",":
                return found
            self.take()

    def _position(self) -> list[float]:
        found = []
        while self._next and self._next not in "(),":
            try:
                found.append(float(self.take()))
            except ValueError:
                raise GeometryError("the shape is no WKT: a position is no number") from None
        return found


def _tokens(text: str) -> Iterator[str]:
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise GeometryError(f"the shape is no WKT: {text[place : place + 20]!r}")
        place = match.end()
        yield match.group(match.lastindex or 0)
    yield ""
