"""Somebody before a screen goes on wherever the screen itself has just gone."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.support.chromium import chromium, missing, person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]

#: Asks as live.js does, then shows itself anew.
FOLLOWS = b"<main>follows</main><script>fetch('/state').then(() => location.replace('/ended'))</script>"
#: Seconds until something is answered.
SLOW = 0.1


class Screens(BaseHTTPRequestHandler):
    """Two screens: one that follows a run and goes on when it has ended, and another."""

    def do_GET(self) -> None:
        time.sleep(SLOW)
        body = FOLLOWS if self.path == "/follows" else b"<main>" + self.path.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # nobody waits for it any more
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Screens) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_a_page_that_goes_elsewhere_by_itself_does_not_get_in_the_way(address: str) -> None:
    rnd = random.Random(1)
    with chromium() as browser:
        somebody = person(browser, address)
        for number in range(20):
            assert somebody.open("/follows").ok
            somebody.page.wait_for_timeout(rnd.uniform(0, 3000 * SLOW))
            assert somebody.open(f"/{number}").ok
            assert somebody.text() == f"/{number}"
