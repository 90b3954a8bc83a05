"""Forms, looked through before web2py parses them."""

from __future__ import annotations

import re
from typing import BinaryIO

from ...core.limits import CHUNK
from .answers import Refused
from .limits import MOST_FIELDS, PART_HEADERS

_BOUNDARY = re.compile(r";\s*boundary=(?:\"([^\"]{1,200})\"|([^\s;\",]{1,200}))", re.IGNORECASE)
#: Browsers have the word in the separator itself.
_NAMES_BOUNDARY = re.compile(r"boundary[*0-9\s]*=", re.IGNORECASE)
#: Bytes that are read of a line at once.
LINE = 64 * 1024
_URLENCODED, _JSON = "application/x-www-form-urlencoded", "application/json"


def as_form(content_type: str) -> str:
    """Return the content type of a form as web2py's parser knows it, which fails for all others.

    Args:
        content_type: the header, "" if there is none.

    Raises:
        Refused: it is no form.
    """
    kind, semicolon, rest = content_type.partition(";")
    kind = kind.strip().lower() or _URLENCODED
    if kind not in (_URLENCODED, _JSON) and not kind.startswith("multipart/"):
        raise Refused(415, "A page takes forms only. Documents go to addresses that end in .xml.")
    return kind + semicolon + rest


def check_form(body: BinaryIO, content_type: str) -> None:
    """Count the fields of a form, and go back to its beginning.

    Args:
        body: a body, at its beginning.
        content_type: the header.

    Raises:
        Refused: it has too many fields, or cannot be understood.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith("multipart/"):
        _check_parts(body, content_type)
    elif kind in ("", _URLENCODED):
        fields = 1
        for chunk in iter(lambda: body.read(CHUNK), b""):
            fields += chunk.count(b"&")
            _bounded(fields)
    body.seek(0)


def _bounded(fields: int) -> None:
    if fields > MOST_FIELDS:
        raise Refused(413, f"The form has more than {MOST_FIELDS} fields.")


def _check_parts(body: BinaryIO, content_type: str) -> None:
    named = _BOUNDARY.findall(content_type)
    if len(named) != 1 or len(_NAMES_BOUNDARY.findall(content_type)) != 1:
        raise Refused(400, "The form does not say how its parts are separated.")
    separator = b"--" + (named[0][0] or named[0][1]).encode("latin-1")
    fields = headers = 0
    in_headers = False
    begins = True  # whether the next bytes are the beginning of a line
    for line in iter(lambda: body.readline(LINE), b""):
        if begins and line.startswith(separator):
            fields += 1
            headers, in_headers = 0, True
            # The last separator begins no part.
            _bounded(fields - 1)
        elif in_headers:
            headers += len(line)
            if headers > PART_HEADERS:
                raise Refused(413, "A part of the form has headers that are too long.")
            folded = line.lower()
            if b"multipart/" in folded:
                # Also what a browser says of a page that was saved with its pictures (.mhtml).
                raise Refused(
                    400, "A file of the form has parts itself. Pack it into an archive, and send that."
                )
            in_headers = bool(folded.strip(b"\r\n"))
        begins = line.endswith(b"\n")
