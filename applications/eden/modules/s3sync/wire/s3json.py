"""S3JSON, the JSON form of S3XML: documents of one turned into the other.

Written is what an Eden reads; read is that, and what JSON means by itself: ``null`` is NULL, true and false are values,
an object or list in ``@value`` is a value, a list in ``@uuid`` a list of identifiers. Names of keys: ``$_`` before a
table, ``$k_`` before a reference, ``@`` before an attribute, ``$`` for the text; docs/PROTOCOL.md, "S3JSON".
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from ..core.errors import DocumentError, DocumentTooLarge, HostileDocument
from ..core.limits import CHUNK, MEGABYTE
from ..core.text import is_legal
from .values.reading import parse_json

#: Bytes of a document that is read: JSON is read as a whole.
MOST_BYTES = 32 * MEGABYTE
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
#: Attributes that have names of their own in JSON keys.
_KEYS = {"resource": "name", "data": "field", "reference": "field"}
_PREFIXES = {"resource": "$_", "data": "", "reference": "$k_"}


# --- S3XML -> S3JSON ---------------------------------------------------------------------------------------------


def to_json(source: BinaryIO, out: BinaryIO, folder: Path) -> None:
    """Turn a document of ours into S3JSON; one record at a time is in memory.

    Args:
        source: S3XML, as this site writes it, at its beginning.
        out: where to.
        folder: for what is under way: the records of each table are one array, wherever they stand.
    """
    with contextlib.ExitStack() as files:
        tables: dict[str, BinaryIO] = {}
        root: dict[str, Any] = {}
        for event, element in etree.iterparse(
            source, events=("start", "end"), resolve_entities=False, huge_tree=True
        ):
            if event == "start":
                if element.getparent() is None:
                    root = {f"@{name}": str(value) for name, value in element.attrib.items()}
                continue
            parent = element.getparent()
            if parent is None or parent.getparent() is not None:
                continue
            name = str(element.get("name"))
            if name not in tables:
                tables[name] = files.enter_context(tempfile.TemporaryFile(dir=folder))
            tables[name].write(_compact(_told(element)) + b",")
            parent.remove(element)
        _join(out, root, tables)


def _join(out: BinaryIO, root: dict[str, Any], tables: dict[str, BinaryIO]) -> None:
    out.write(b"{")
    between = b""
    for name, records in tables.items():
        out.write(between + _compact(f"$_{name}") + b":[")
        size = records.tell() - 1
        records.seek(0)
        while size > 0 and (piece := records.read(min(size, CHUNK))):
            out.write(piece)
            size -= len(piece)
        out.write(b"]")
        between = b","
    rest = _compact(root)[1:]
    out.write((between if len(rest) > 1 else b"") + rest)


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _told(element: Any) -> Any:
    """Return an element as JSON."""
    found: dict[str, Any] = {}
    for child in element:
        key = _PREFIXES[child.tag] + str(child.get(_KEYS[child.tag]))
        value = _told(child)
        if child.tag == "resource":
            found.setdefault(key, []).append(value)
        elif key in found:
            former = found[key]
            found[key] = [*(former if isinstance(former, list) else [former]), value]
        else:
            found[key] = value
    for name, text in element.attrib.items():
        if name != _KEYS[element.tag]:
            found[f"@{name}"] = _value(text) if name == "value" else text
    text = element.text
    if text and not text.isspace():
        if element.tag == "data" and not found:
            return text
        found["$"] = text
    return found


def _value(text: str) -> Any:
    """Return the ``value`` of a field as JSON that an Eden, too, reads as the same value.

    An Eden reads ``null`` as the word None, and tears objects apart: they stay texts. So do decimals, for their digits.
    """
    if _WHOLE.fullmatch(text):
        return int(text)
    if text in ("true", "false"):
        return text == "true"
    if text[:1] not in ('"', "["):
        return text
    try:
        value = parse_json(text)
    except ValueError:
        return text
    if isinstance(value, list):
        return value if all(_is_safe(each) for each in value) else text
    is_plain = isinstance(value, str) and value and not _is_json(value)
    # What XML cannot hold stays written as JSON writes it, or nobody could turn it back.
    return value if is_plain and is_legal(value) else text


def _is_safe(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _is_json(text: str) -> bool:
    try:
        parse_json(text)
    except ValueError:
        return text[:1] == '"' or text.isspace()
    return True


# --- S3JSON -> S3XML ---------------------------------------------------------------------------------------------


def to_xml(source: BinaryIO, out: BinaryIO) -> None:
    """Turn S3JSON into S3XML.

    Args:
        source: the document, at its beginning.
        out: where to.

    Raises:
        DocumentTooLarge, HostileDocument: it is beyond the limits.
        DocumentError: it is no S3JSON; the error names the key.
    """
    text = source.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise DocumentTooLarge(
            f"The document has more than {MOST_BYTES} bytes.",
            hint="Send fewer records at once, or send them as .xml, which is read record by record.",
        )
    try:
        found = parse_json(text.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DocumentError("The document is no JSON: it is not in UTF-8.") from error
    except ValueError as error:
        if "deeply" in str(error):
            raise HostileDocument(f"The document cannot be read: {error}.") from error
        raise DocumentError(f"The document is no JSON: {error}.") from error
    if not isinstance(found, dict) or not found:
        raise DocumentError("The document is no S3JSON: it has to be an object with records in it.")
    root = etree.Element("s3xml")
    _attributes(root, found, "")
    out.write(etree.tostring(root)[:-2] + b">")
    for element in _children(found, ""):
        if element.tag != "resource":
            raise DocumentError(
                f"The document is no S3JSON: {element.get('field')!r} is no table of records ($_...)."
            )
        out.write(etree.tostring(element))
    out.write(b"</s3xml>")


def _children(found: dict[str, Any], where: str) -> Iterator[Any]:
    for key, value in found.items():
        path = f"{where}/{key}"
        if key.startswith("$_"):
            yield from (_object("resource", key[2:], each, path) for each in _several(value))
        elif key.startswith("$k_"):
            yield from (_object("reference", key[3:], each, path) for each in _several(value))
        elif not key.startswith(("@", "$")):
            yield from (_data(key, each, path) for each in _several(value))


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _element(tag: str, name: str, path: str) -> Any:
    if not _NAME.fullmatch(name):
        raise DocumentError(
            f"The document is no S3JSON: {path[:100]!r} has no name that can be that of a field or table."
        )
    return etree.Element(tag, {_KEYS[tag]: name})


def _object(tag: str, name: str, value: Any, path: str) -> Any:
    if not isinstance(value, dict):
        raise DocumentError(
            f"The document is no S3JSON: {path[:100]!r} has to be an object, or a list of objects."
        )
    element = _element(tag, name, path)
    _attributes(element, value, path)
    _set_text(element, value.get("$"), path)
    for child in _children(value, path):
        if tag == "reference" and child.tag != "resource":
            raise DocumentError(
                f"The document is no S3JSON: {path[:100]!r} is a reference and has no fields."
            )
        element.append(child)
    return element


def _data(name: str, value: Any, path: str) -> Any:
    element = _element("data", name, path)
    if isinstance(value, dict):
        unknown = [key for key in value if not key.startswith("@") and key != "$"]
        if unknown:
            raise DocumentError(f"The document is no S3JSON: {path[:100]!r} has the key {unknown[0][:50]!r}.")
        _attributes(element, value, path)
        _set_text(element, value.get("$"), path)
    elif isinstance(value, str):
        _set_text(element, value, path)
    else:
        element.set("value", json.dumps(value))
    return element


def _attributes(element: Any, found: dict[str, Any], path: str) -> None:
    for key, value in found.items():
        if not key.startswith("@"):
            continue
        name = key[1:]
        if not _NAME.fullmatch(name) or name == _KEYS.get(element.tag):
            raise DocumentError(f"The document is no S3JSON: {path[:100]}/{key[:50]} is no attribute.")
        if value is None and name != "value":
            continue
        text = value if isinstance(value, str) else json.dumps(value)
        try:
            element.set(name, text)
        except ValueError as error:
            raise DocumentError(f"{path[:100]}/{key[:50]} holds characters that XML cannot hold.") from error


def _set_text(element: Any, value: Any, path: str) -> None:
    if value is None:
        return
    text = value if isinstance(value, str) else json.dumps(value)
    try:
        element.text = text
    except ValueError as error:
        raise DocumentError(f"{path[:100]} holds characters that XML cannot hold.") from error
