"""A peer for the tests: an HTTP server on loopback that plays one role and remembers what it was asked."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable
from urllib.parse import parse_qsl, urlsplit

USER, PASSWORD = "sync@example.org", "pässword"
UUID = "urn:uuid:00000000-0000-4000-8000-00000000beef"


@dataclass
class Asked:
    """A request as it arrived; ``query`` keeps order and repetitions, ``body`` is unpacked."""

    method: str
    path: str
    target: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    raw: bytes
    body: bytes

    def value(self, name: str) -> str | None:
        return next((value for key, value in self.query if key == name), None)


@dataclass
class Answer:
    """What to send back. ``cut`` ends the line after so many bytes of the body; ``delay`` is in seconds."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/xml"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    delay: float = 0.0
    packed: bool = False
    length: bool = True
    date: str | None = None


def as_json(told: dict[str, Any], status: int = 200, content_type: str = "application/json") -> Answer:
    return Answer(status, json.dumps(told).encode("utf-8"), content_type)


def organisation(number: int, modified_on: str = "2026-03-01T08:00:00", uuid: str = "") -> str:
    identifier = uuid or f"urn:uuid:00000000-0000-4000-8000-{number:012d}"
    return (
        f'<resource name="org_organisation" uuid="{identifier}" mci="1" created_on="2026-01-01T00:00:00"'
        f' modified_on="{modified_on}"><data field="name">Organisation {number}</data></resource>'
    )


def s3xml(*records: str, **attributes: str) -> bytes:
    given = {"success": "true" if records else "false", "results": str(len(records)), **attributes}
    text = " ".join(f'{name}="{value}"' for name, value in given.items())
    return f"<?xml version='1.0' encoding='utf-8'?>\n<s3xml {text}>{''.join(records)}</s3xml>".encode()


TICKET = (
    b"<html><body><h1>Internal error</h1>Ticket issued: "
    b"<a href='/admin/default/ticket/eden/x'>eden/x</a></body></html>"
)


class FakePeer:
    """The server. Give it a role (Asked -> Answer), or queue single answers to come before the role's own."""

    def __init__(self, role: Callable[[Asked], Answer] | None = None) -> None:
        self.role = role
        self.queue: list[Answer] = []
        self.asked: list[Asked] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                outer._serve(self)

            do_GET = do_POST = do_PUT = do_DELETE = _serve

            def log_message(self, *args: Any) -> None:
                return

            def date_time_string(self, timestamp: Any = None) -> str:
                return getattr(self, "told_date", None) or super().date_time_string(timestamp)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.root}/eden"

    def __enter__(self) -> FakePeer:
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        raw = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        packed = handler.headers.get("Content-Encoding") == "gzip"
        parts = urlsplit(handler.path)
        asked = Asked(
            handler.command,
            parts.path,
            handler.path,
            parse_qsl(parts.query, keep_blank_values=True),
            dict(handler.headers.items()),
            raw,
            gzip.decompress(raw) if packed else raw,
        )
        self.asked.append(asked)
        if self.queue:
            answer = self.queue.pop(0)
        elif self.role is not None:
            answer = self.role(asked)
        else:
            answer = Answer(404)
        self._send(handler, answer)

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        time.sleep(answer.delay)
        body = gzip.compress(answer.body) if answer.packed else answer.body
        handler.told_date = answer.date  # type: ignore[attr-defined]
        handler.send_response(answer.status)
        handler.send_header("Content-Type", answer.content_type)
        if answer.packed:
            handler.send_header("Content-Encoding", "gzip")
        if answer.length:
            handler.send_header("Content-Length", str(len(body)))
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        if answer.cut is not None or not answer.length:
            handler.send_header("Connection", "close")
            handler.close_connection = True
        handler.end_headers()
        # A client that had enough hangs up.
        with contextlib.suppress(ConnectionError):
            handler.wfile.write(body if answer.cut is None else body[: answer.cut])


def authenticated(role: Callable[[Asked], Answer]) -> Callable[[Asked], Answer]:
    """Wrap a role so that it wants the credentials of this module first, as an Eden does."""
    expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode("ascii")

    def checked(asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != expected:
            headers = {"WWW-Authenticate": 'Basic realm="eden"'}
            return Answer(401, b"Authentication Required", "text/html; charset=UTF-8", headers)
        return role(asked)

    return checked


class Classic:
    """A classic Eden: the whole table whatever is asked; a push labelled as an attachment or a form."""

    def __init__(self, *records: str) -> None:
        self.records = list(records)
        self.pushed: list[Asked] = []
        self.reply: dict[str, Any] = {"status": "success", "statuscode": "200", "records": 1, "created": [7]}

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/eden/sync/repository/register.json":
            told = {
                "status": "success",
                "statuscode": "200",
                "message": "Registration successful",
                "sender": UUID,
            }
            if not json.loads(asked.body).get("uuid"):
                told.update(status="failed", statuscode="400", message="No repository identifier specified")
            return as_json(told)
        if asked.path == "/eden/sync/sync.xml" and asked.method == "GET":
            if not asked.value("resource"):
                return as_json({"status": "failed", "statuscode": "400", "message": "Mixed resource"})
            return Answer(200, s3xml(*self.records, domain="vm", url="http://eden.example.org/eden"))
        if asked.path == "/eden/sync/sync.xml":
            return self.push(asked)
        return Answer(404, b"invalid request", "text/html")

    def push(self, asked: Asked) -> Answer:
        typed_xml = "xml" in asked.headers.get("Content-Type", "")
        if typed_xml and "attachment; filename=" not in asked.headers.get("Content-Disposition", ""):
            return Answer(500, TICKET, "text/html")
        if asked.headers.get("Content-Encoding"):
            return as_json({"status": "failed", "statuscode": "400", "message": "XML Parse error"}, 400)
        self.pushed.append(asked)
        return as_json(self.reply, content_type="text/html")


class Successor(Classic):
    """The maintained successor: exports; a push fails on the interface and succeeds on the resource's URL."""

    def __init__(self, *records: str) -> None:
        super().__init__(*records)
        self.imported: list[Asked] = []
        self.replies: list[dict[str, Any]] = []

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/eden/org/organisation.xml" and asked.method in ("POST", "PUT"):
            self.imported.append(asked)
            told = (
                self.replies.pop(0)
                if self.replies
                else {"status": "success", "statuscode": "200", "records": 1}
            )
            return as_json(told)
        return super().__call__(asked)

    def push(self, asked: Asked) -> Answer:
        self.pushed.append(asked)
        return Answer(500, TICKET, "text/html", {"web2py_error": "ticket eden/x"})


class Ours:
    """One of ours: pages by cursor, takes gzip, wants files, tells its journal."""

    def __init__(self, *pages: tuple[str, ...]) -> None:
        self.pages = pages
        self.pushed: list[Asked] = []
        self.files: dict[str, bytes] = {}
        self.wanted: list[str] = []
        self.restored = False
        self.known = True
        self.offered: dict[str, int] = {"org_organisation": 2, "org_office": 1}

    def offer(self, asked: Asked) -> Answer:
        resources = [
            {"name": name, "title": name.title(), "records": count} for name, count in self.offered.items()
        ]
        return as_json(
            {
                "status": "success",
                "statuscode": "200",
                "sender": UUID,
                "name": "Headquarters",
                "software": "Eden Sync",
                "version": "0.1.0",
                "capabilities": ["cursor", "gzip", "files", "nulls"],
                "time": "2026-03-01T08:00:00",
                "known": self.known,
                "page_size": 5000,
                "most_per_page": 100000,
                "resources": resources,
            }
        )

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == "/eden/sync/offer.json":
            return self.offer(asked)
        if asked.path == "/eden/sync/repository/register.json":
            return as_json(
                {
                    "status": "success",
                    "statuscode": "200",
                    "message": "Registration successful",
                    "sender": UUID,
                    "version": "0.1.0",
                    "capabilities": ["cursor", "gzip", "files", "nulls"],
                }
            )
        if asked.path.startswith("/eden/sync/file/") and asked.method == "PUT":
            self.files[asked.path.rpartition("/")[2]] = asked.body
            return as_json({"status": "success", "statuscode": "200"})
        if asked.path == "/eden/sync/sync.xml" and asked.method == "GET":
            number = int((asked.value("cursor") or "journal.0.x").split(".")[1])
            page = self.pages[number] if number < len(self.pages) else ()
            more = "true" if number + 1 < len(self.pages) else "false"
            cursor = f"journal.{number + 1}.token"
            return Answer(200, s3xml(*page, cursor=cursor, more=more, journal="journal"), packed=True)
        if asked.path == "/eden/sync/sync.xml":
            self.pushed.append(asked)
            return as_json(
                {
                    "status": "success",
                    "statuscode": "200",
                    "records": 2,
                    "created": [1],
                    "updated": [2],
                    "outcomes": {"created": 1, "unchanged": 1},
                    "journal": "journal",
                    "checkpoint": "journal.9.token",
                    "restored": self.restored,
                    "files": self.wanted,
                    "time": "2026-03-01T08:00:00",
                }
            )
        return Answer(404)
