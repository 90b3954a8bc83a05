"""A site of our own behind a real web server, for tests that speak HTTP to it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.places import CHECKOUT
from tests.support.ports import free_port

EMAIL, PASSWORD = "admin@example.com", "a-long-password"

_PREPARE = f"""
from applications.eden.modules.s3db.setup import prepare

prepare(globals(), {EMAIL!r}, {PASSWORD!r})
{{more}}
db.commit()
print("prepared")
"""

#: Has the module that puts the clock of a process off.
CLOCK_OFF = Path(__file__).with_name("clock_off")
#: The sites that run now, whoever started them.
RUNNING: list[WebSite] = []


@dataclass
class WebSite:
    """A running site.

    Attributes:
        folder: its instance folder.
        port: where it listens on loopback.
        server: its web server, None while it is down.
        clock_off: seconds by which the clock of its computer is ahead, for each process that starts from now on.
    """

    folder: Path
    port: int
    server: "subprocess.Popen[bytes]" | None = None
    clock_off: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its processes."""
        if not self.clock_off:
            return {**os.environ}
        return {**os.environ, "PYTHONPATH": str(CLOCK_OFF), "CLOCK_OFF": str(self.clock_off)}

    def set_clock(self, ahead: int) -> None:
        """Set the clock of its computer and start the web server again.

        Args:
            ahead: seconds by which it is ahead of the clock that is right.
        """
        self.stop()
        self.clock_off = ahead
        self.start()

    @property
    def url(self) -> str:
        """Address of its application."""
        return f"http://127.0.0.1:{self.port}/eden"

    @property
    def application(self) -> Path:
        """Folder of its application."""
        return self.folder / "applications" / "eden"

    def run(self, code: str) -> str:
        """Run Python with the site's models and return what it printed; the code has to commit itself.

        Raises:
            AssertionError: it did not come to its end.
        """
        script = self.folder.parent / f"script-{time.monotonic_ns()}.py"
        script.write_text(f"{code}\nprint('came to its end')\n", encoding="utf-8")
        done = subprocess.run(
            [*_web2py(self.folder), "-S", "eden", "-M", "-R", str(script), "--no_banner"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=self.environment,
        )
        text, end, _ = done.stdout.rpartition("came to its end")
        assert end, done.stdout + done.stderr
        return text

    def start(self) -> None:
        """Start the web server, and wait until it answers."""
        with open(self.folder.parent / "server.log", "ab") as log:
            self.server = subprocess.Popen(
                serve_command(CHECKOUT, self.folder, self.port),
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
            )
        deadline = time.monotonic() + 60
        while True:
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert time.monotonic() < deadline and self.server.poll() is None, "the web server did not start"
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop the web server."""
        if self.server is not None:
            self.server.terminate()
            self.server.wait(20)
            self.server = None

    def tickets(self) -> list[str]:
        """Return the beginning of each error ticket."""
        errors = self.application / "errors"
        return [repr(one.read_bytes()[:1500]) for one in errors.iterdir()] if errors.exists() else []


def serve_command(checkout: Path, folder: Path, port: int) -> list[str]:
    """The web server as ``./run`` starts it."""
    assert importlib.util.find_spec("waitress"), (
        "a package of requirements.txt is missing: ./test installs it"
    )
    launcher = checkout / "launcher" / "__main__.py"
    return [sys.executable, str(launcher), "serve", "-f", str(folder), "127.0.0.1", str(port)]


def _web2py(folder: Path) -> list[str]:
    return [sys.executable, str(CHECKOUT / "web2py.py"), "-f", str(folder)]


@contextlib.contextmanager
def running_site(folder: Path, prepare: str = "") -> Iterator[WebSite]:
    """Prepare a site with an administrator, start its web server, and stop it at the end.

    Args:
        folder: where its instance folder is made; its parent is used for scratch files.
        prepare: further Python for its preparation.
    """
    site = WebSite(folder, free_port())
    site.run(_PREPARE.format(more=prepare))
    try:
        site.start()
        RUNNING.append(site)
        yield site
    finally:
        if site in RUNNING:
            RUNNING.remove(site)
        site.stop()


@contextlib.contextmanager
def worker(site: WebSite, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The worker exactly as the operations guide starts it."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "web2py.py", "-K", "eden", "-Q"],
            cwd=site.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=site.environment,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
