"""A reverse proxy that has a site below a path of its own host."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_OF_A_CONNECTION = ("connection", "keep-alive", "transfer-encoding", "content-length")


class PathProxy:
    """Passes requests below a path on to a site; what is not below it is answered with 404.

    Args:
        path: e.g. ``/relief``.

    Attributes:
        target: host and port of the site, to be set before the first request.
        strips: whether the site sees addresses without the path.
        host: what the site sees as Host, None for what the browser said.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.target = ("127.0.0.1", 0)
        self.strips = False
        self.host: str | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Address of the path."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{self.path}"

    def __enter__(self) -> PathProxy:
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def pass_on(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a request with what the site answers."""
        if not f"{request.path}/".startswith(f"{self.path}/"):
            request.send_error(404)
            return
        path = (request.path[len(self.path) :] or "/") if self.strips else request.path
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        headers = {
            key: value for key, value in request.headers.items() if key.lower() not in _OF_A_CONNECTION
        }
        if self.host is not None:
            headers["Host"] = self.host
        line = http.client.HTTPConnection(*self.target, timeout=60)
        try:
            line.request(request.command, path, body or None, headers)
            answer = line.getresponse()
            content = answer.read()
        finally:
            line.close()
        request.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in _OF_A_CONNECTION:
                request.send_header(key, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(content)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                proxy.pass_on(self)

            do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, format: str, *values: object) -> None:
                pass

        return Handler
