"""gunicorn as the operations guide starts it: the server of ``./run`` in several processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.places import CHECKOUT
from tests.support.webserver import EMAIL, PASSWORD, running_site

pytestmark = pytest.mark.integration
pytest.importorskip("gunicorn", reason="gunicorn is not installed")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("gunicorn")
    with running_site(folder / "site") as site:
        site.stop()
        config = CHECKOUT / "deploy" / "gunicorn.conf.py"
        command = [sys.executable, "-m", "gunicorn", "--config", str(config), "-b", f"127.0.0.1:{site.port}"]
        with open(folder / "gunicorn.log", "wb") as log:
            server = subprocess.Popen(
                [*command, "--workers", "2"],
                env={**os.environ, "EDEN_HOME": str(site.folder)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_for(server, site.port, folder / "gunicorn.log")
            yield site.port
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(40) == 0


def wait_for(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            requests.get(f"http://127.0.0.1:{port}/eden/default/user/login", timeout=30)
            return
        except requests.ConnectionError:
            assert time.monotonic() < deadline and server.poll() is None, log.read_text()
            time.sleep(0.1)


def test_it_serves_pages_and_other_sites_with_the_same_limits(port: int) -> None:
    base = f"http://127.0.0.1:{port}/eden"
    assert requests.get(f"{base}/sync/offer.json", auth=(EMAIL, PASSWORD), timeout=30).ok
    body = iter([b"<s3xml>", b"</s3xml>"])
    push = f"{base}/sync/sync.xml?resource=org_organisation"
    assert requests.post(push, auth=(EMAIL, PASSWORD), data=body, timeout=30).status_code != 411
    form = "&".join(f"a{number:x}=1" for number in range(10_000))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(f"{base}/default/user/login", data=form, headers=headers, timeout=30)
    assert answer.status_code == 413


def test_connections_that_say_nothing_keep_nobody_waiting(port: int) -> None:
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
    for line in silent[:30]:
        line.sendall(b"GET /eden/default/index HTTP/1.1\r\nX: ")
    answer = requests.get(f"http://127.0.0.1:{port}/eden/default/user/login", timeout=20)
    assert answer.ok
    for line in silent:
        line.close()
