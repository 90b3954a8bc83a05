"""Files of features (GeoJSON, RFC 7946), one feature after the other in both directions: no file is ever in memory."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Generator, Iterable, Mapping
from typing import Any, BinaryIO, NamedTuple

from ..values.reading import json_value

MEDIA_TYPE = "application/geo+json"
#: Characters of one feature, and of anything else in a file.
LONGEST = 8 * 1024 * 1024
_PIECE = 64 * 1024
#: Members of a file; what is kept of them, besides the features.
MOST_MEMBERS = 1000
_MEANT = frozenset(("type", "crs", "id", "geometry", "properties"))
#: Names of the one reference system that RFC 7946 knows, as older files still write them.
_WGS84 = ("CRS84", "EPSG:4326", "EPSG::4326")


class FeatureError(ValueError):
    """It is no file of features; the text says why, for a person."""


class Feature(NamedTuple):
    """A feature.

    Attributes:
        identifier: its ``id``, None if it has none.
        geometry: as it stands in the file, unchecked when it was read; None for none.
        properties: name -> value.
    """

    identifier: Any
    geometry: Any
    properties: Mapping[str, Any]


def write(out: BinaryIO, features: Iterable[Feature]) -> None:
    """Write a file.

    Args:
        out: where to.
        features: with checked geometries.
    """
    out.write(b'{"type":"FeatureCollection","features":[')
    between = b"\n"
    for each in features:
        out.write(between + _written(each))
        between = b",\n"
    out.write(b"\n]}\n")


def _written(feature: Feature) -> bytes:
    told: dict[str, Any] = {"type": "Feature"}
    if feature.identifier is not None:
        told["id"] = feature.identifier
    told["geometry"], told["properties"] = feature.geometry, feature.properties
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def read(source: BinaryIO) -> Generator[Feature, None, None]:
    """Return the features of a file: a collection, or one feature alone.

    Args:
        source: the file, at its beginning.

    Raises:
        FeatureError: it is none, not in WGS 84, or beyond the limits.
    """
    with contextlib.closing(_Reader(source)) as reader:
        yield from _document(reader)


def _document(reader: _Reader) -> Generator[Feature, None, None]:
    members: dict[str, Any] = {}
    reader.expect("{")
    while reader.sign() != "}":
        if members:
            reader.expect(",")
        name = reader.value()
        reader.expect(":")
        if not isinstance(name, str) or name in members:
            raise FeatureError("it is no JSON object with each name once")
        if name == "features":
            members[name] = True
            yield from _features(reader)
        else:
            value = reader.value()
            members[name] = value if name in _MEANT else None
        if len(members) > MOST_MEMBERS:
            raise FeatureError(f"it has more than {MOST_MEMBERS} members")
        _check(members)
    reader.expect("}")
    if reader.sign():
        raise FeatureError("something follows the end of the JSON")
    if members.get("type") == "Feature":
        yield _feature(members)
    elif members.get("type") != "FeatureCollection" or "features" not in members:
        raise FeatureError("it is no FeatureCollection of GeoJSON")


def _features(reader: _Reader) -> Generator[Feature, None, None]:
    reader.expect("[")
    first = True
    while reader.sign() != "]":
        if not first:
            reader.expect(",")
        first = False
        yield _feature(reader.value())
    reader.expect("]")


def _feature(value: Any) -> Feature:
    if not isinstance(value, dict) or value.get("type") != "Feature":
        raise FeatureError("what is among its features is none")
    properties = value.get("properties")
    if properties is not None and not isinstance(properties, dict):
        raise FeatureError("the properties of a feature are no object")
    return Feature(value.get("id"), value.get("geometry"), properties or {})


def _check(members: Mapping[str, Any]) -> None:
    """Refuse another reference system, which files from before RFC 7946 could name."""
    crs = members.get("crs")
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not (isinstance(name, str) and name.endswith(_WGS84)):
        raise FeatureError(f"its positions are in {str(name)[:60]}; save it in WGS 84 (EPSG:4326)")


class _Reader:
    """Reads JSON value by value from a file; one value is in memory."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = io.TextIOWrapper(source, "utf-8-sig", errors="strict", newline="")
        self._text, self._place, self._ended = "", 0, False

    def close(self) -> None:
        """Leave the file open: it is whoever's gave it."""
        self._source.detach()

    def sign(self) -> str:
        """Return the next character that is no blank, without taking it; "" at the end."""
        while True:
            while self._place < len(self._text) and self._text[self._place] in " \t\r\n":
                self._place += 1
            if self._place < len(self._text) or not self._more():
                return self._text[self._place : self._place + 1]

    def expect(self, sign: str) -> None:
        if self.sign() != sign:
            raise FeatureError(f"it is no JSON of features: {sign!r} is missing")
        self._place += 1

    def value(self) -> Any:
        """Read the next value, whatever it is."""
        self.sign()
        piece = _PIECE
        while True:
            try:
                found, end = json_value(self._text, self._place)
            except ValueError as error:
                why = str(error)
            else:
                # A number may go on in what was not read yet.
                if (end < len(self._text) or self._ended) and end - self._place <= LONGEST:
                    self._place = end
                    return found
                why = "it ends too early"
            if len(self._text) - self._place > LONGEST:
                raise FeatureError(
                    f"a feature has more than {LONGEST // 1024 // 1024} MB, or is no JSON: {why}"
                )
            if not self._more(piece) and self._ended and why != "it ends too early":
                raise FeatureError(f"it is no JSON: {why}")
            piece *= 2

    def _more(self, size: int = _PIECE) -> bool:
        try:
            piece = self._source.read(size)
        except UnicodeDecodeError as error:
            raise FeatureError("it is not in UTF-8") from error
        self._text, self._place = self._text[self._place :] + piece, 0
        self._ended = not piece
        return bool(piece)
