"""Compares documents and removes records, for a peer that overwrites every record."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Callable
from xml.sax.saxutils import quoteattr

from lxml import etree

from ...core.errors import TruncatedDocument


class Versions:
    """The modification times of a document's records, by table and uuid; on disk, as there may be many.

    Args:
        document: S3XML as pulled from the peer.
    """

    def __init__(self, document: Path) -> None:
        # An empty name is SQLite's temporary database on disk; it is removed with the connection.
        self._rows = sqlite3.connect("")
        self._rows.execute(
            "CREATE TABLE version (name TEXT, uuid TEXT, modified_on TEXT, PRIMARY KEY (name, uuid))"
        )
        rows = (
            (each.get("name"), each.get("uuid"), each.get("modified_on"))
            for each in _records(document)
            if each.get("uuid") and each.get("modified_on")
        )
        self._rows.executemany("INSERT OR REPLACE INTO version VALUES (?, ?, ?)", rows)

    def newer(self, element: etree._Element) -> bool:
        """Return whether the document has a newer version of this record.

        Times are compared as text: all of them are UTC in the same form (YYYY-MM-DDTHH:MM:SS).
        """
        found = self._rows.execute(
            "SELECT modified_on FROM version WHERE name = ? AND uuid = ?",
            (element.get("name"), element.get("uuid")),
        ).fetchone()
        return found is not None and found[0] > (element.get("modified_on") or "")

    def close(self) -> None:
        """Remove the stored times."""
        self._rows.close()


def thin_out(document: Path, target: Path, unwanted: Callable[[etree._Element], bool]) -> set[str]:
    """Copy a document without some of its records.

    Args:
        document: S3XML.
        target: where to write the copy.
        unwanted: returns whether to leave out a resource element (main, referenced or component).

    Returns:
        the uuids left out.
    """
    left_out: set[str] = set()
    depth = 0
    with target.open("wb") as out, _parsing(document):
        events = etree.iterparse(
            str(document), events=("start", "end"), resolve_entities=False, no_network=True, huge_tree=True
        )
        for event, element in events:
            if event == "start":
                depth += 1
                if depth == 1:
                    attributes = "".join(
                        f" {name}={quoteattr(value)}" for name, value in element.attrib.items()
                    )
                    out.write(f"<?xml version='1.0' encoding='utf-8'?>\n<{element.tag}{attributes}>".encode())
                    root = element
                continue
            depth -= 1
            if depth == 1:
                if not _drop(element, unwanted, left_out):
                    element.tail = None
                    out.write(etree.tostring(element, encoding="utf-8"))
                root.clear()
            elif depth == 0:
                out.write(f"</{element.tag}>".encode())
    return left_out


def _drop(element: etree._Element, unwanted: Callable[[etree._Element], bool], left_out: set[str]) -> bool:
    """Remove unwanted components from a record; return whether the record itself is unwanted."""
    if element.tag == "resource" and unwanted(element):
        if element.get("uuid"):
            left_out.add(str(element.get("uuid")))
        return True
    for child in element.findall("resource"):
        if _drop(child, unwanted, left_out):
            element.remove(child)
    return False


def _records(document: Path) -> Iterator[etree._Element]:
    with _parsing(document):
        events = etree.iterparse(
            str(document), tag="resource", resolve_entities=False, no_network=True, huge_tree=True
        )
        for _, element in events:
            yield element
            parent: etree._Element | None = element.getparent()
            if parent is not None and parent.getparent() is None:
                parent.clear()


@contextlib.contextmanager
def _parsing(document: Path) -> Iterator[None]:
    try:
        yield
    except etree.XMLSyntaxError as error:
        raise TruncatedDocument(f"The document {document.name} cannot be read: {error}") from error
