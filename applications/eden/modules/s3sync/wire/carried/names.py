"""The names in a folder that is carried between sites. All of them are valid on every file system."""

from __future__ import annotations

import hashlib
import re

STATE = "state.json"
#: Tells who a site is, for one that does not know it yet.
GREETING = "site.json"
FILES = "files"
#: The end of the name of a page.
PAGE = ".xml.gz"

_UUID = re.compile(r"(?:urn:uuid:)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_FOLDER = re.compile(r"[0-9a-f-]{36}")
_TABLE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_=.-]{0,254}")


def site_folder(uuid: str) -> str:
    """Return the name of the folder of a site: its uuid, or the digest of an identifier that is none."""
    found = _UUID.fullmatch(uuid.lower())
    return found[1] if found else hashlib.sha256(uuid.encode()).hexdigest()[:36]


def is_site_folder(name: str) -> bool:
    """Return whether a folder may be that of a site; others who use the place have folders of their own."""
    return _FOLDER.fullmatch(name) is not None


def exchange_folder(sender: str, receiver: str) -> str:
    """Return the folder of what one site leaves for another one.

    Args:
        sender, receiver: their uuids.
    """
    return f"{site_folder(sender)}/{site_folder(receiver)}"


def page_name(table: str, seq: int) -> str:
    """Return the name of a page, below the folder of the exchange.

    Args:
        table: name of its table.
        seq: its number in this table.

    Raises:
        ValueError: the table has a name that cannot be that of a folder.
    """
    if not _TABLE.fullmatch(table):
        raise ValueError(f"{table!r} is no name of a table.")
    return f"{table}/{seq}{PAGE}"


def is_file_name(stored: str) -> bool:
    """Return whether the stored name of an upload can be that of a file on every medium, and of no other place."""
    return _FILE.fullmatch(stored) is not None


def file_name(stored: str) -> str:
    """Return the name of an uploaded file, below the folder of the exchange.

    Raises:
        ValueError: the name cannot be that of a file.
    """
    if not is_file_name(stored):
        raise ValueError(f"{stored!r} is no name of a file.")
    return f"{FILES}/{stored}"
