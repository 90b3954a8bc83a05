"""A WebDAV server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from wsgidav.fs_dav_provider import FilesystemProvider
from wsgidav.wsgidav_app import WsgiDAVApp

from . import PASSWORD, USER, FileServer


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *given: Any) -> None:
        return


class DavServer(FileServer):
    """A WebDAV server; it answers with the status in ``answers`` where that names the method."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.answers: dict[str, tuple[str, list[tuple[str, str]], bytes]] = {}
        self._app = WsgiDAVApp(
            {
                "provider_mapping": {"/": FilesystemProvider(str(root), readonly=False)},
                "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
                "http_authenticator": {
                    "accept_basic": True,
                    "accept_digest": False,
                    "default_to_digest": False,
                },
                "logging": {"enable": False},
                "verbose": 0,
                "hotfixes": {},
                "lock_storage": True,
            }
        )
        self._server = make_server("127.0.0.1", 0, self._answer, _Threads, _Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def _answer(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        # wsgiref does not end a body where it ends.
        environ["wsgi.input"] = _Cut(environ["wsgi.input"], int(environ.get("CONTENT_LENGTH") or 0))
        if method == "PUT" and self.full:
            environ["wsgi.input"].read()
            start("507 Insufficient Storage", [("Content-Length", "0")])
            return [b""]
        if method in self.answers:
            status, headers, body = self.answers[method]
            environ["wsgi.input"].read()
            start(status, [("Content-Length", str(len(body))), *headers])
            return [body]
        if method == "PUT" and self.cut is not None:
            environ["wsgi.input"] = _Cut(environ["wsgi.input"], self.cut)
            environ["CONTENT_LENGTH"] = str(min(self.cut, int(environ["CONTENT_LENGTH"])))
        found: Iterable[bytes] = self._app(environ, start)
        if method == "GET" and self.cut is not None:
            return [b"".join(found)[: self.cut]]
        return found

    def stop(self) -> None:
        """See ``FileServer``."""
        self._server.shutdown()
        self._server.server_close()


class _Cut:
    """Takes only the beginning of a body; the rest is lost."""

    def __init__(self, source: Any, most: int) -> None:
        self._source, self._left = source, most

    def readline(self, size: int = -1) -> bytes:
        return self.read(size)

    def __iter__(self) -> Any:
        return iter(lambda: self.read(65536), b"")

    def read(self, size: int = -1) -> bytes:
        found = self._source.read(min(self._left, size) if size >= 0 else self._left)
        self._left -= len(found)
        return bytes(found)
