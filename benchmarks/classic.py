"""A peer without cursors and pages, as far as a pull needs one: it answers with one document."""

from __future__ import annotations

import contextlib
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def classic_eden(document: Path) -> Iterator[str]:
    """Serve a document to every request; yield the site's address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(document.stat().st_size))
            self.end_headers()
            with document.open("rb") as source:
                shutil.copyfileobj(source, self.wfile, 1 << 18)

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/eden"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
