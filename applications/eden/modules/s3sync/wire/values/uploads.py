"""Names of uploaded files: the name a person gave, and the name under which web2py stores the file.

web2py stores a file as ``table.field.<key>.<original name in base64 or base16>.<extension>``. Files travel as
URL and original name; equal stored names mean equal files at all sites.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from pathlib import Path
from typing import Any, Callable, Optional
from urllib.parse import unquote, urlsplit

from ...core.records import Upload
from ...core.schema import Field
from ...core.text import shown
from ..xml_text import escape_attr
from .reading import ABSENT

UploadReader = Callable[[Optional[str], Optional[str]], Any]

#: Maximum bytes of a stored name, as most file systems allow. web2py cuts the original name off there, wherever that
#: is, and only then adds the extension: what is left need not be whole base64, nor whole UTF-8.
LONGEST_NAME = 255
#: Maximum bytes of the names that are made here.
_LONGEST_MADE = 240
#: Maximum characters of the URL of a file, and of the name that the sender gives it.
LONGEST_ADDRESS = 4096
_STORED = re.compile(
    r"(?P<table>[A-Za-z0-9_]+)\.(?P<field>[A-Za-z0-9_]+)\.(?P<key>[A-Za-z0-9_-]+)\."
    r"(?P<name>[A-Za-z0-9_=-]+)\.(?P<ext>\w{1,16})"
)
_BASE16 = re.compile(r"[0-9A-Fa-f]+")
_UNWANTED = re.compile(r"[\x00-\x1f\x7f'\"\s;/\\]+")
_EXTENSION = re.compile(r"\.([A-Za-z0-9_]{1,5})$")


def is_stored_name(name: str, table: str, field: str) -> bool:
    """Return whether web2py could have given this name to a file of that table and field."""
    match = _STORED.fullmatch(name)
    return (
        match is not None
        and match["table"] == table
        and match["field"] == field
        and len(name.encode("utf-8", "replace")) <= LONGEST_NAME
    )


def kept_path(folder: str | Path, name: str) -> Path | None:
    """Return where a file lies that somebody else than web2py has named, None where it is not there.

    Args:
        folder: of the field.
        name: what the record says, which may lead into folders below.
    """
    parts = name.split("/")
    if not name or len(name) > LONGEST_NAME or "\\" in name or "\0" in name:
        return None
    path = Path(folder, *parts)
    return path if not {"", ".", ".."} & set(parts) and path.is_file() else None


def original_name(stored: str) -> str:
    """Return the original name of a file, from the name under which it is stored."""
    match = _STORED.fullmatch(stored)
    if match is None:
        return stored
    raw = _decoded(match["name"])
    name = "" if raw is None else _UNWANTED.sub("_", raw)
    if not name:
        return stored
    is_cut = len(stored) >= LONGEST_NAME or len(match["name"]) % 4
    return f"{name}.{match['ext']}" if is_cut and not name.endswith(f".{match['ext']}") else name


def _decoded(encoded: str) -> str | None:
    """Return the text in a part of base16 or base64 that may be cut off; None where it is neither."""
    if _BASE16.fullmatch(encoded):
        raw = bytes.fromhex(encoded[: len(encoded) // 2 * 2])
    else:
        whole = encoded.rstrip("=")
        # One character alone is no byte; the rest is filled up.
        whole = whole[:-1] if len(whole) % 4 == 1 else whole
        try:
            raw = base64.urlsafe_b64decode(whole + "=" * (-len(whole) % 4))
        except (binascii.Error, ValueError):
            return None
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        return raw[: error.start].decode() if error.reason == "unexpected end of data" else None


def stored_name(table: str, field: str, filename: str, key: str) -> str:
    """Return a name for a file as web2py would form it.

    Args:
        table, field: where the file belongs.
        filename: the original name; folders in it are cut off.
        key: the part that makes the name unique, letters and digits.
    """
    name = _UNWANTED.sub("_", re.split(r"[/\\]", filename)[-1]) or "upload.bin"
    match = _EXTENSION.search(name)
    extension = match[1] if match else "bin"
    head = f"{table}.{field}.{key}."
    room = (_LONGEST_MADE - len(head) - len(extension) - 1) // 4 * 3
    raw = name.encode("utf-8", "replace")
    if len(raw) > room:
        stem = raw[: room - len(extension) - 1].decode("utf-8", "ignore")
        raw = f"{stem}.{extension}".encode()
    return f"{head}{base64.urlsafe_b64encode(raw).decode()}.{extension}"


def upload_reader(table: str, field: Field) -> UploadReader:
    """Return the function that reads an upload field.

    Args:
        table: name of the table.
        field: its upload field.

    Returns:
        A function of the ``url`` and ``filename`` attributes. It returns an Upload, or ABSENT if the element does
        not say where the file is; it raises ValueError with a message for a person.
    """
    name = field.name

    def read(url: str | None, filename: str | None) -> Any:
        if not url:
            return ABSENT
        for text in (url, filename or ""):
            if len(text) > LONGEST_ADDRESS:
                raise ValueError(
                    f"{shown(text)} has {len(text)} characters, at most {LONGEST_ADDRESS} are allowed"
                )
        if url == "local":
            if not filename or not is_stored_name(filename, table, name):
                raise ValueError(f"{shown(filename or '')} is not the name of a stored file of this field")
            return Upload(original_name(filename), None, filename)
        last = unquote(urlsplit(url).path.rpartition("/")[2])
        if is_stored_name(last, table, name):
            return Upload(filename or original_name(last), url, last)
        if field.keeps is not None and filename and field.keeps(filename):
            return Upload(filename, None, filename)
        shown_name = filename or last or "upload.bin"
        digest = hashlib.sha256(f"{url}\0{shown_name}".encode("utf-8", "replace")).hexdigest()
        return Upload(shown_name, url, stored_name(table, name, shown_name, digest[:16]))

    return read


def upload_writer(field: Field, url_for: Callable[[str], str]) -> Callable[[Any], str]:
    """Return the function that writes an upload field.

    Args:
        field: the upload field.
        url_for: takes a stored name, returns the URL under which this site serves the file.

    Returns:
        A function of a stored name, or of an Upload from elsewhere; it returns a <data> element.
    """
    head = f'<data field="{escape_attr(field.name)}"'

    def write(value: Any) -> str:
        if isinstance(value, Upload):
            url, filename = (value.url, value.filename) if value.url else ("local", value.stored)
        else:
            url, filename = url_for(value), original_name(value)
        return f'{head} url="{escape_attr(url)}" filename="{escape_attr(filename)}"/>'

    return write
