"""Answers of the layer itself."""

from __future__ import annotations

import functools
import html
import json
import math
from http import HTTPStatus
from typing import NamedTuple

from ...core.errors import BadRequest, DocumentTooLarge, InternalError, PeerBusy, StoreBusy
from ...ui.passing import PASSING, RETRY_AFTER
from ...wire.protocol.names import DICTIONARIES
from ...wire.protocol.replies import failure
from .sent_again import Fields, button

_STYLES = "/eden/static/sync/plain.css"
_PAGE = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{heading}</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    f'<link rel="stylesheet" href="{_STYLES}"></head>'
    "<body><main><h1>{heading}</h1><p>{text}</p>{more}</main></body></html>"
)
_NOTHING_STORED = "Nothing of what you sent was stored. Try again in a few minutes."
_BUSY = "The database of this site did not let this through just now. Try again in a moment."
_PERHAPS = "Whether what you sent was stored is not known: look at the record before you send it again."
_AGAIN = "What you typed is in this page. Keep it open, and press the button later; choose files again then."


#: What tells a browser how to treat a page. No program reads it, and on a bad line it takes longer than many an answer.
_FOR_BROWSERS = frozenset(
    (
        "cache-control",
        "content-security-policy",
        "expires",
        "pragma",
        "referrer-policy",
        "vary",
        "x-frame-options",
    )
)
_NOT_GUESSED, _JSON = "x-content-type-options", "application/json"
_OF_DOCUMENTS = [
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
]


def spared(headers: list[tuple[str, str]], method: str, accepts: str = "") -> list[tuple[str, str]]:
    """Return the headers of an answer to a program, without those for browsers.

    A browser can be led to an address by GET only, so answers to other methods need none of them. Who accepts a
    dictionary is one of ours: no page can make a browser say so.

    Args:
        headers: as web2py wrote them.
        method: of the request.
        accepts: the codings that it accepts.
    """
    kept = [each for each in headers if each[0].lower() not in _FOR_BROWSERS]
    if DICTIONARIES in accepts:
        kept = [_briefly(*each) for each in kept if each[0].lower() != _NOT_GUESSED]
        return [*kept, _OF_DOCUMENTS[0]] if method in ("GET", "HEAD") else kept
    return [*kept, *_OF_DOCUMENTS] if method in ("GET", "HEAD") else kept


def _briefly(name: str, value: str) -> tuple[str, str]:
    # JSON has no parameter for characters (RFC 8259, 11).
    is_json = name.lower() == "content-type" and value.startswith(_JSON)
    return (name, _JSON) if is_json else (name, value)


class Answer(NamedTuple):
    """A complete answer."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    def below(self, prefix: str) -> Answer:
        """Return this answer for a site whose addresses begin with a prefix; it may be called again.

        Args:
            prefix: path before the application, "" for none.
        """
        body = self.body.replace(f'"{_STYLES}"'.encode(), f'"{prefix}{_STYLES}"'.encode())
        if body == self.body:
            return self
        kept = [each for each in self.headers if each[0] != "Content-Length"]
        return Answer(self.status, [*kept, ("Content-Length", str(len(body)))], body)


class Refused(Exception):
    """A request is refused before web2py sees it.

    Args:
        status: HTTP status.
        text: the reason, for a person.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def refusal(refused: Refused, for_program: bool) -> Answer:
    """Return the answer to a request that is refused."""
    if not for_program:
        return _page(refused.status, refused.text)
    kind = DocumentTooLarge if refused.status in (413, 414, 431) else BadRequest
    _, body = failure(kind(refused.text))
    return json_answer(refused.status, {**body, "statuscode": str(refused.status)})


def busy(seconds: float, for_program: bool) -> Answer:
    """Return the answer to a request for which there is no turn.

    Args:
        seconds: after which it shall come again.
        for_program: whether another site asks, and not a person.
    """
    answer = _busy(for_program)
    return answer._replace(headers=[*answer.headers, ("Retry-After", str(max(1, math.ceil(seconds))))])


@functools.cache
def _busy(for_program: bool) -> Answer:
    # Made once: a crowd is refused by the loop of the server, which has no time for more.
    if for_program:
        status, body = failure(PeerBusy("This site has more to do than it can just now."))
        return json_answer(status, body)
    return _page(503, "This site has more to do than it can just now. Load this page again in a minute.")


def after_the_end(size: str) -> Answer:
    """Return the answer to a wish for a part that begins after the end of a file.

    Args:
        size: what the header ``Content-Range`` has to say of the file.
    """
    answer = _page(416, "The file ends before that. Download it from its beginning.")
    answer.headers.append(("Content-Range", size))
    return answer


def problem(ticket: str, address: str, fields: Fields, writes: bool) -> Answer:
    """Return the answer to a person whose page failed, where the site cannot even show its own page for that.

    Args:
        ticket: the number of the report, "" if there is none, ``PASSING`` if the failure passes by itself.
        address, fields: what to send again, see ``sent_again.button``.
        writes: whether the request may have stored something.
    """
    again = ""
    if fields:
        again = f"<p>{_AGAIN}</p>{button(address, fields, 'Send it again')}"
    if ticket == PASSING:
        text = f"{_BUSY} {_PERHAPS}" if writes else _BUSY
        return _later(_html(503, "This site is busy", text, again))
    text = f"{_NOTHING_STORED} The number of the report is {ticket or 'unknown'}."
    return _html(500, "Something went wrong here", text, again)


def failed(ticket: str) -> Answer:
    """Return the answer to a program whose request ended in an error of web2py.

    Args:
        ticket: the number of its report, "" if there is none, ``PASSING`` if the failure passes by itself.
    """
    if ticket == PASSING:
        return _later(json_answer(*failure(StoreBusy(_BUSY))))
    status, body = failure(InternalError(f"Internal error, report {ticket or 'unknown'}"))
    return json_answer(status, body)


def json_answer(status: int, body: object) -> Answer:
    """Return an answer to a program."""
    return _answer(status, "application/json; charset=utf-8", json.dumps(body).encode())


def _page(status: int, text: str) -> Answer:
    return _html(status, HTTPStatus(status).phrase, text)


def _html(status: int, heading: str, text: str, more: str = "") -> Answer:
    page = _PAGE.format(heading=html.escape(heading), text=html.escape(text), more=more)
    return _answer(status, "text/html; charset=utf-8", page.encode())


def _later(answer: Answer) -> Answer:
    return answer._replace(headers=[*answer.headers, ("Retry-After", str(RETRY_AFTER))])


def _answer(status: int, kind: str, body: bytes) -> Answer:
    headers = [("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
    return Answer(f"{status} {HTTPStatus(status).phrase}", headers, body)
