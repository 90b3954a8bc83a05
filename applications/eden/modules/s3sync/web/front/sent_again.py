"""What was typed into a form whose page failed, so that the answer has a button to send it again.

The application may have failed at anything: it is read here, and not kept anywhere but in the answer.
"""

from __future__ import annotations

import html
import re
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl

from ...core.limits import MEGABYTE

#: Set in the WSGI environment of the page that tells of the failure: the address, the fields of the form, and whether
#: the request may have stored something.
SENT = "eden.sent_again"
#: Bytes of the largest form that is repeated.
LARGEST = MEGABYTE
_SECRET = re.compile(
    r"(?:^|_)(?:password|passwd|pwd|passphrase|secret|token|credentials?)\d*(?:_|$)", re.IGNORECASE
)
_URLENCODED = "application/x-www-form-urlencoded"

Fields = list[tuple[str, str]]


def sent_fields(environ: dict[str, Any]) -> Fields:
    """Return the fields of a form, without files and passwords; none if it is no form, or too large to be repeated.

    Args:
        environ: the request, with its body in a file of its own.
    """
    length, content_type = environ.get("CONTENT_LENGTH") or "0", str(environ.get("CONTENT_TYPE") or "")
    if environ["REQUEST_METHOD"] != "POST" or int(length) > LARGEST:
        return []
    body = environ["wsgi.input"]
    body.seek(0)
    content = body.read(LARGEST)
    if content_type.startswith(_URLENCODED):
        found = parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)
    else:
        found = _parts(content, content_type)
    if "_formname" not in dict(found):
        return []
    return [(name, value) for name, value in found if not is_secret(name)]


def is_secret(name: str) -> bool:
    """Return whether a field is of the kind that is never repeated: passwords and the like."""
    return bool(_SECRET.search(name))


def _parts(content: bytes, content_type: str) -> Fields:
    head = f"MIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    form = BytesParser().parsebytes(head + content)
    found = []
    for part in form.walk():
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(value, bytes) and part.get_filename() is None:
            found.append((name, value.decode("utf-8", "replace")))
    return found


def button(address: str, fields: Fields, label: str) -> str:
    """Return a form in HTML with one button, which sends the fields once more.

    Args:
        address: where to, as the browser asked.
        fields: what was typed.
        label: of the button.
    """
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in fields
    )
    return (
        f'<form action="{html.escape(address)}" method="post" enctype="multipart/form-data" class="send-again">{hidden}'
        f'<input type="submit" class="btn btn-primary" value="{html.escape(label)}"></form>'
    )
