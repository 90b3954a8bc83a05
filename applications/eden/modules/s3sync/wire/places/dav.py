"""The list of a folder that a WebDAV server gives (RFC 4918, 9.1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from lxml import etree

from .plain_xml import parsed

#: What is asked for.
ASKED = (
    b'<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/>'
    b"<getlastmodified/><getetag/></prop></propfind>"
)
_DAV = "{DAV:}"


class Resource(NamedTuple):
    """A file or a folder.

    Attributes:
        path: its path at the server, without a slash at its end.
        is_folder: whether it is a folder.
        size: bytes of a file, None where the server does not say.
        mark: its ETag, else its time; "" for none.
    """

    path: str
    is_folder: bool
    size: int | None
    mark: str


def resources(text: bytes) -> list[Resource]:
    """Return what a list names; the folder itself, which is among it, is first.

    Raises:
        ValueError: it is no such list.
    """
    root = parsed(text)
    if root.tag != f"{_DAV}multistatus":
        raise ValueError(f"it is {root.tag}, not a list of files")
    return sorted(_resources(root), key=lambda each: each.path.count("/"))


def _resources(root: etree._Element) -> Iterator[Resource]:
    for each in root.iterfind(f"{_DAV}response"):
        href = (each.findtext(f"{_DAV}href") or "").strip()
        path = unquote(urlsplit(href).path, errors="surrogateescape").rstrip("/")
        is_folder = each.find(f".//{_DAV}resourcetype/{_DAV}collection") is not None
        size = (each.findtext(f".//{_DAV}getcontentlength") or "").strip()
        mark = each.findtext(f".//{_DAV}getetag") or each.findtext(f".//{_DAV}getlastmodified") or ""
        is_number = size.isascii() and size.isdigit() and len(size) < 18
        yield Resource(path, is_folder, int(size) if is_number else None, mark.strip())
