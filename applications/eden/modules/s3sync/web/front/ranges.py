"""Parts of files, as browsers and download managers ask for them to go on where they were interrupted."""

from __future__ import annotations

import re
from typing import Any

#: One part, counted from the beginning: all that web2py understands. It sends the wrong one for ``bytes=-500``.
_ONE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{0,15})")


def keep_plain(environ: dict[str, Any]) -> None:
    """Leave out a wish for a part of a file that web2py would misread: the whole file is a right answer, too."""
    asked = _ONE.fullmatch(str(environ.get("HTTP_RANGE", "")))
    if asked is None or (asked[2] and int(asked[2]) < int(asked[1])):
        environ.pop("HTTP_RANGE", None)


def beyond(status: str, length: str, part: str) -> str | None:
    """Return the header ``Content-Range`` of a refusal (416) where a part begins after the end of a file, else None.

    web2py sends such a part with a negative length, for which a client waits.

    Args:
        status, length, part: status, ``Content-Length`` and ``Content-Range`` of web2py's answer.
    """
    if status.startswith("206") and int(length) <= 0:
        return f"bytes */{part.rpartition('/')[2]}"
    return None
