"""Tells a file that was asked for from the page of somebody on the way.

A network that wants people to log in answers every request with its own page and the status 200. Nothing in the page
says that it is not the file; so a page is taken for one only where the answer says that it is.
"""

from __future__ import annotations

from pathlib import Path

from ..core.limits import BEGINNING
from ..wire.part_store import digest_of
from .answer import Response
from .failures import a_web_page, looks_like_html

_PAGES = ("text/html", "application/xhtml")


def refuse_page(answer: Response, path: Path) -> None:
    """Refuse a web page in the place of a file.

    A file that is a web page is told by web2py, which names each file that it sends (``Content-Disposition``), and by a
    site of ours, whose ``ETag`` is the SHA-256 of the file.

    Args:
        answer: the answer with the file.
        path: what was received.

    Raises:
        NotS3XML: it is somebody else's page.
    """
    headers = answer.response.headers
    with path.open("rb") as received:
        begins = received.read(BEGINNING)
        is_page = looks_like_html(begins) or headers.get("Content-Type", "").lower().startswith(_PAGES)
        if not is_page or headers.get("Content-Disposition"):
            return
        received.seek(0)
        if headers.get("ETag") == f'"{digest_of(received)}"':
            return
    raise a_web_page(answer.url, begins)
