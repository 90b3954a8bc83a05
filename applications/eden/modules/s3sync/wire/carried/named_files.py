"""The uploaded files that a document of ours names."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

from ...core.limits import CHUNK
from ..protocol.names import DOWNLOAD_PATH
from .names import is_file_name

_NAMED = re.compile(rb' url="[^"<>]*/' + DOWNLOAD_PATH.encode() + rb'/([^"<>/]+)"')
#: Bytes of an address that may lie across two pieces.
_OVERLAP = 4096


def files_named(document: Path) -> list[str]:
    """Return the stored names of the files that a document names, each once, in their order.

    Args:
        document: S3XML, as this site writes it.
    """
    found: dict[str, None] = {}
    with document.open("rb") as source:
        rest = b""
        while chunk := source.read(CHUNK):
            text = rest + chunk
            for match in _NAMED.finditer(text):
                found[stored_name(match[1].decode("utf-8", "replace"))] = None
            rest = text[-_OVERLAP:]
    return [name for name in found if is_file_name(name)]


def stored_name(url: str) -> str:
    """Return the stored name in the URL of an uploaded file."""
    return unquote(url.rpartition("/")[2])
