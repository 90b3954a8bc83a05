"""The sites: made and supervised by ``./run``, as an operator does it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launcher.places import CHECKOUT
from launcher.preparation import run_script, script_command
from tests.support.launched import processes_of
from tests.support.ports import free_port

EMAIL, PASSWORD = "admin@example.com", "a-long-password"
SCRIPTS = Path(__file__).parent / "scripts"
PYTHON = Path(sys.executable)
#: Seconds between two runs of a repository.
PERIOD = 3
RESOURCES = (
    "gis_location",
    "org_organisation",
    "org_office",
    "pr_person",
    "doc_document",
)


@dataclass
class ChaosSite:
    """A site with its supervisor.

    Attributes:
        name: a letter.
        home: its instance folder.
        port: where it listens on loopback.
        uri: its database.
        supervisor: the process of ``./run``, None while it is down.
        runner: a second worker (``work``), None while there is none.
        repository_id: the hub's repository there.
    """

    name: str
    home: Path
    uri: str = ""
    port: int = field(default_factory=free_port)
    supervisor: "subprocess.Popen[bytes] | None" = None
    runner: "subprocess.Popen[str] | None" = None
    repository_id: int = 0

    @property
    def title(self) -> str:
        """What other sites call it."""
        return f"Site {self.name}"

    @property
    def url(self) -> str:
        """Address of its application."""
        return f"http://127.0.0.1:{self.port}/eden"

    @property
    def application(self) -> Path:
        """Folder of its application."""
        return self.home / "applications" / "eden"

    def prepare(self) -> None:
        """Make the site."""
        options = ["--name", self.title, "--admin-email", EMAIL, "--admin-password", PASSWORD]
        if self.uri:
            options += ["--database", self.uri]
        self._run(*options, "--port", str(self.port), "--exit")

    def _run(self, *options: str) -> None:
        subprocess.run(
            [str(CHECKOUT / "run"), "--instance", str(self.home), *options],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=180,
        )

    def start(self) -> None:
        """Start the supervisor, which starts everything else."""
        with (self.home / "logs" / "supervisor.log").open("ab") as log:
            self.supervisor = subprocess.Popen(
                [str(CHECKOUT / "run"), "--instance", str(self.home)],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start_again_if_it_died(self) -> bool:
        """Start the supervisor if it is gone; return whether it was."""
        if self.supervisor is not None and self.supervisor.poll() is None:
            return False
        self.start()
        return True

    def stop(self) -> None:
        """Stop everything in good order."""
        if self.supervisor is not None:
            self.supervisor.terminate()
            try:
                self.supervisor.wait(60)
            except subprocess.TimeoutExpired:
                self.supervisor.kill()
                self.supervisor.wait(10)
            self.supervisor = None

    def is_answering(self) -> bool:
        """Whether its web server answers."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with contextlib.suppress(OSError), opener.open(f"{self.url}/default/index", timeout=10):
            return True
        return False

    def processes(self) -> dict[str, list[int]]:
        """Return the numbers of its processes by kind: "web", "worker", "task", "runner" and "supervisor"."""
        found = processes_of(self.home)
        runs = self.runner is not None and self.runner.poll() is None
        found["runner"] = [self.runner.pid] if self.runner is not None and runs else []
        found["supervisor"] = [self.supervisor.pid] if self.supervisor is not None else []
        return found

    def ask(self, script: str, *arguments: str, **environment: str) -> Any:
        """Return the result of a script that runs inside the application."""
        return run_script(PYTHON, self.home, SCRIPTS / f"{script}.py", arguments, environment)

    def begin(self, script: str, *arguments: str) -> "subprocess.Popen[str]":
        """Start a script inside the application that tells one JSON object a line."""
        return subprocess.Popen(
            script_command(PYTHON, self.home, SCRIPTS / f"{script}.py", arguments),
            cwd=self.home,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def connect(self, hub: "ChaosSite", url: str) -> None:
        """Register at the hub under an address, and exchange with it from now on."""
        script = CHECKOUT / "launcher" / "scripts" / "connect_demo.py"
        account = {"EDEN_PEER_EMAIL": EMAIL, "EDEN_PEER_PASSWORD": PASSWORD}
        arguments = [hub.title, url, str(PERIOD), *RESOURCES]
        self.repository_id = run_script(PYTHON, self.home, script, arguments, account)["repository_id"]


def _environment() -> dict[str, str]:
    return {**os.environ, "EDEN_PYTHON": sys.executable}


def wait_until_all_answer(sites: Sequence[ChaosSite], seconds: float = 90) -> None:
    """Wait for the web servers.

    Raises:
        TimeoutError: one does not answer in time.
    """
    deadline = time.monotonic() + seconds
    while not all(site.is_answering() for site in sites):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not every site answers within {seconds:.0f} s")
        time.sleep(0.5)


def objects(text: str) -> "list[dict[str, Any]]":
    """Return the JSON objects among the lines of an output."""
    found = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict):
                found.append(value)
    return found
