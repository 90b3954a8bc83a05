"""Public alerts and the feeds that list them, and a server that has them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.sax.saxutils import escape

CAP = "urn:oasis:names:tc:emergency:cap:1.2"
SENDER = "weather@example.org"
SENT = "2026-03-01T08:00:00-05:00"
SQUARE = "18.0,-73.0 19.0,-73.0 19.0,-72.0 18.0,-72.0 18.0,-73.0"


def info(headline: str = "Flood at the river", language: str = "en-US", area: str = "", **texts: str) -> str:
    """Return a block of an alert; what is in ``area`` stands there as it is."""
    given = {
        "category": "Met",
        "event": "Flood",
        "urgency": "Immediate",
        "severity": "Severe",
        "certainty": "Observed",
        "headline": headline,
        "description": "The river rises.",
        **texts,
    }
    inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in given.items())
    return f"<info><language>{language}</language>{inside}{area}</info>"


def area(description: str = "Leogane", *shapes: str) -> str:
    """Return an area; each shape is an element as it stands there."""
    return f"<area><areaDesc>{escape(description)}</areaDesc>{''.join(shapes)}</area>"


SQUARE_AREA = area("Leogane", f"<polygon>{SQUARE}</polygon>")


def alert(identifier: str = "A1", *infos: str, sent: str = SENT, refers: str = "", **texts: str) -> str:
    """Return an alert, without XML declaration."""
    given = {"status": "Actual", "msgType": "Alert", "scope": "Public", **texts}
    inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in given.items())
    references = f"<references>{refers}</references>" if refers else ""
    return (
        f'<alert xmlns="{CAP}"><identifier>{identifier}</identifier><sender>{SENDER}</sender><sent>{sent}</sent>'
        f"{inside}{references}{''.join(infos)}</alert>"
    )


def reference(identifier: str = "A1", sent: str = SENT) -> str:
    """Return how a later alert refers to one."""
    return f"{SENDER},{identifier},{sent}"


def atom(*entries: tuple[str, str]) -> str:
    """Return an Atom feed, from links and when each was updated; the newest is last, as it seldom is."""
    listed = "".join(
        f'<entry><id>{link}</id><updated>{updated}</updated><link rel="alternate" href="{link}"/></entry>'
        for link, updated in entries
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>Alerts</title>{listed}</feed>'


def rss(*links: str) -> str:
    """Return an RSS feed, the newest first, as it usually is."""
    listed = "".join(f"<item><title>x</title><link>{link}</link></item>" for link in links)
    return f'<rss version="2.0"><channel><title>Alerts</title>{listed}</channel></rss>'


class AlertServer:
    """A web server on loopback.

    Attributes:
        pages: path -> body, or status and body.
        asked: paths that were asked for, in their order.
        url: its address.
    """

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}
        self.asked: list[str] = []
        self.unchanged = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.answer(self)

            def log_message(self, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a request; who knows the answer by its ETag is told so."""
        self.asked.append(request.path)
        found = self.pages.get(request.path, (404, "not there"))
        status, text = found if isinstance(found, tuple) else (200, found)
        body = text if isinstance(text, bytes) else text.encode()
        tag = f'"{abs(hash(body))}"'
        if status == 200 and request.headers.get("If-None-Match") == tag:
            self.unchanged += 1
            status, body = 304, b""
        request.send_response(status)
        request.send_header("ETag", tag)
        request.send_header("Content-Length", str(len(body)))
        if status in (301, 302):
            request.send_header("Location", text)
        request.end_headers()
        request.wfile.write(body)

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def alert_server() -> Iterator[AlertServer]:
    """Let a server run."""
    server = AlertServer()
    try:
        yield server
    finally:
        server.stop()
