"""Reads the top-level <resource> elements of a document, one at a time.

Memory stays flat: an element is freed when the next one is read. A DTD, entities, very deep nesting and very large
records are refused: no synchronisation needs them. The parser opens no file and no connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from lxml import etree

from ...core.errors import DocumentError, DocumentTooLarge, HostileDocument, NotS3XML, TruncatedDocument
from ...core.text import shown
from .limits import DocumentLimits
from .record_size import RecordSize, crowded
from .site_names import read_site_names

ROOT = "s3xml"
RESOURCE = "resource"
_CHUNK = 1 << 16
#: Bytes in which the root element mostly begins.
_FIRST = 1 << 10
_LONGEST_PROLOG = 1 << 14
_SAFE: dict[str, Any] = {"resolve_entities": False, "no_network": True, "load_dtd": False}
# Fragments were written here, so they have no DTD, and are as large as a record may be.
_FRAGMENTS = etree.XMLParser(huge_tree=True, **_SAFE)


#: An XML element, for code that only passes it on.
Element = etree._Element


@dataclass(frozen=True)
class Header:
    """The attributes of a document's root element.

    Attributes:
        success: whether the sender had anything to send.
        results: number of main records, None if the sender does not say.
        domain: the domain that the sender puts before its bare uuids.
        url: base URL of the sending application.
        cursor: where to continue, opaque text for the sender; None if the sender is an Eden.
        more: whether another page follows.
        journal: identity of the sender's journal.
        restored: whether the sender does not know the presented cursor (any more).
        total: number of main records that were waiting, these included; None if the sender does not say.
        matching: number of records at the sender that meet the filters; None if it does not say.
        waiting: number of the reader's deletions that wait at the sender.
        by_field: whether records say which fields were edited; one that does not say it was never edited.
        sites: what the sender calls sites whose edits are in it, by their identifiers in stamps.
    """

    success: bool = True
    results: int | None = None
    domain: str | None = None
    url: str | None = None
    cursor: str | None = None
    more: bool = False
    journal: str | None = None
    restored: bool = False
    total: int | None = None
    matching: int | None = None
    waiting: int = 0
    by_field: bool = False
    sites: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_paged(self) -> bool:
        """Whether the sender has a journal and sends pages; an Eden sends everything since a time."""
        return self.cursor is not None


class DocumentReader:
    """Reads a document.

    Args:
        source: binary file at its beginning.
        limits: the limits for the document.

    Attributes:
        header: what the root element says.
        bytes_read: bytes taken from the source so far.

    Raises:
        DocumentError: from the constructor (first part of the document) or the iteration.
            NotS3XML: it has another root element, or is no XML.
            HostileDocument: it has a DTD or exceeds the limits of nesting and record size.
            DocumentTooLarge: it exceeds the limit of bytes.
            TruncatedDocument: it ends before its end tag.
    """

    def __init__(self, source: BinaryIO, limits: DocumentLimits | None = None) -> None:
        self._source = source
        self._limits = limits or DocumentLimits()
        self._parser: etree.XMLPullParser = etree.XMLPullParser(
            events=("start", "end"),
            tag=(ROOT, RESOURCE),
            huge_tree=True,
            remove_comments=True,
            remove_pis=True,
            **_SAFE,
        )
        # The parser takes any text and knows no limit for entities, so another one looks for a DTD before it.
        self._beginning: etree.XMLPullParser | None = etree.XMLPullParser(events=("start",), **_SAFE)
        self._size = RecordSize(self._limits)
        self._given: etree._Element | None = None
        self._events: Iterator[Any] = self._parser.read_events()
        self.bytes_read = 0
        self._tail = b""
        self._finished = False
        self._root: etree._Element | None = None
        self._depth = 0
        self._first = self._next()
        if self._root is None:
            raise NotS3XML("The document has no root element.")
        self.header: Header = _header(self._root)

    def __iter__(self) -> Iterator[etree._Element]:
        """Yield the <resource> elements directly below the root. An element is valid until the next one."""
        element, self._first = self._first, None
        while element is not None:
            yield element
            element = self._next()

    def _next(self) -> etree._Element | None:
        """Return the next top-level element, None at the end of the document."""
        since = self.bytes_read
        self._size.start_over()
        max_depth, most = self._limits.max_depth, self._limits.max_attributes_per_element
        while True:
            for event, element in self._events:
                if event == "start":
                    if self._root is None:
                        self._root = element.getroottree().getroot()
                        _check_root(self._root)
                        continue
                    self._depth += 1
                    if self._depth > max_depth:
                        raise HostileDocument(f"The document nests records over {max_depth} levels deep.")
                    if len(element.attrib) > most:
                        raise crowded(self._limits)
                    continue
                self._depth -= 1
                root = self._root
                if not self._depth and root is not None and element.getparent() is root:
                    if element.tag != RESOURCE:
                        continue
                    while root[0] is not element:
                        del root[0]
                    self._given = element
                    return element
            if self._finished:
                return None
            self._feed()
            if self.bytes_read - since > _CHUNK:
                self._check_size(self.bytes_read - since)

    def _feed(self) -> None:
        chunk = self._source.read(_CHUNK)
        if not self.bytes_read:
            _check_beginning(chunk)
        try:
            if chunk:
                self.bytes_read += len(chunk)
                if self.bytes_read > self._limits.max_bytes:
                    raise DocumentTooLarge(
                        f"The document has more than the {self._limits.max_bytes} bytes this site accepts."
                    )
                self._tail = (self._tail + chunk[-64:])[-64:]
                if self._beginning is not None:
                    self._look_for_dtd(self._beginning, chunk)
                self._parser.feed(chunk)
            else:
                self._finished = True
                root = self._parser.close()
                if self._root is None:
                    self._root = root
                    _check_root(root)
        except etree.XMLSyntaxError as error:
            raise self._explain(error) from None

    def _explain(self, error: etree.XMLSyntaxError) -> DocumentError:
        text = str(error)
        ended = f"</{ROOT}>".encode() in self._tail.replace(b"\0", b"")
        if self._finished and not ended:
            return TruncatedDocument(f"The document breaks off after {self.bytes_read} bytes: {text}.")
        if ("ntity" in text and "amplification" in text) or "depth" in text:
            return HostileDocument(f"The document was refused by the XML parser: {text}.")
        if "too long" in text:
            return HostileDocument(f"The document holds a name that no table or field has: {text}.")
        return DocumentError(f"The document is not well-formed XML: {text}.")

    def _look_for_dtd(self, parser: etree.XMLPullParser, chunk: bytes) -> None:
        """Refuse a document with a DTD, or whose root element does not come soon."""
        for part in (chunk[:_FIRST], chunk[_FIRST:]):
            parser.feed(part)
            events: Iterator[Any] = parser.read_events()
            for _, element in events:
                _check_root(element)
                self._beginning = None
                return
        if self.bytes_read >= _CHUNK:
            raise HostileDocument(f"The document has no root element in its first {_CHUNK} bytes.")

    def _check_size(self, size: int) -> None:
        """Refuse a record that would fill the memory: unlike the document, it is read as a whole."""
        limits = self._limits
        if size > limits.max_bytes_per_record + 2 * _CHUNK:
            raise HostileDocument(
                f"The document holds a record of more than {limits.max_bytes_per_record} bytes."
            )
        root = self._root
        if root is None:
            raise NotS3XML(f"The root element is not <{ROOT}>.")
        given = self._given
        # Text behind the last element is still growing, so that element has to stay.
        if given is not None and given.getparent() is root and given.getnext() is not None:
            root.remove(given)
            self._given = None
        self._size.check(root)


def elements(source: BinaryIO, limits: DocumentLimits | None = None) -> Iterator[etree._Element]:
    """Yield the top-level records of a document; see DocumentReader."""
    return iter(DocumentReader(source, limits))


def fragment(element: etree._Element) -> bytes:
    """Return an element as bytes for ``parse_fragment``."""
    return etree.tostring(element, encoding="utf-8", with_tail=False)


def parse_fragment(text: bytes) -> etree._Element:
    """Return the element from the bytes of ``fragment``."""
    return etree.fromstring(text, _FRAGMENTS)


def _check_beginning(chunk: bytes) -> None:
    """Refuse what is no S3XML before the parser reads it; UTF-16 is recognised by leaving out zero bytes."""
    text = chunk.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xfe\xff \t\r\n")
    if not text:
        raise DocumentError("The document is empty.")
    if not text.startswith(b"<"):
        raise NotS3XML(f"The answer is not XML but: {shown(text[:200].decode('utf-8', 'replace'))}")
    position = 0
    while True:
        rest = text[position : position + 20].lower()
        if rest.startswith((b"<!doctype html", b"<html")):
            raise NotS3XML("The answer is an HTML page, not S3XML.")
        if rest.startswith(b"<!doctype"):
            raise HostileDocument("The document has a DTD.")
        end = b"-->" if rest.startswith(b"<!--") else b"?>" if rest.startswith(b"<?") else b""
        if not end:
            return
        found = text.find(end, position)
        if found < 0:
            if len(chunk) >= _LONGEST_PROLOG:
                raise HostileDocument("The document begins with an endless comment.")
            return
        position = found + len(end)
        while text[position : position + 1].isspace():
            position += 1


def _check_root(root: etree._Element) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise HostileDocument("The document has a DTD.")
    if root.tag != ROOT:
        raise NotS3XML(f"The root element is <{shown(str(root.tag))}>, not <{ROOT}>.")


def _header(root: etree._Element) -> Header:
    return Header(
        success=root.get("success", "true").lower() != "false",
        results=_number(root.get("results")),
        domain=root.get("domain") or None,
        url=root.get("url") or None,
        cursor=root.get("cursor"),
        more=root.get("more", "false").lower() == "true",
        journal=root.get("journal") or None,
        restored=root.get("restored") == "true",
        total=_number(root.get("total")),
        matching=_number(root.get("matching")),
        waiting=_number(root.get("waiting")) or 0,
        by_field=root.get("edits") == "1",
        sites=read_site_names(root.get("sites")),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 19 else None
