"""The demonstration of the README: two real sites, a real worker, the schedule."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.places import CHECKOUT
from tests.support.ports import free_port

pytestmark = [pytest.mark.integration, pytest.mark.slow]

RENAME = """
table = s3db["org_organisation"]
row = db(table.name.contains("Relief")).select(limitby=(0, 1)).first()
db(table.id == row.id).update(name="Renamed at headquarters")
db.commit()
"""


@pytest.fixture
def environment() -> dict[str, str]:
    return {**os.environ, "EDEN_PYTHON": sys.executable}


@contextlib.contextmanager
def demonstration(base: Path, environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``./run --demo`` once the sites have synchronised; yields the process and what it printed."""
    process = subprocess.Popen(
        [str(CHECKOUT / "run"), "--demo", "--instance", str(base), "--port", str(free_port())],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        printed = ""
        while "Stop with Ctrl-C" not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        yield process, printed
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(40)
        process.stdout.close()


def ask(home: Path, statement: str) -> list[tuple]:
    database = home / "applications" / "eden" / "databases" / "storage.sqlite"
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return connection.execute(statement).fetchall()


def eventually(check, seconds: float):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = check()
        if value:
            return value
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds} seconds")


def worker_of(home: Path) -> int | None:
    listing = subprocess.run(["ps", "-ww", "-eo", "pid=,args="], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        if f"-f {home} " in line and " -K eden" in line:
            return int(line.split()[0])
    return None


def test_two_sites_end_equal_and_the_command_says_so(tmp_path: Path, environment: dict[str, str]) -> None:
    command = [str(CHECKOUT / "run"), "--demo", "--exit", "--instance", str(tmp_path)]
    for _ in range(2):
        result = subprocess.run(
            [*command, "--port", str(free_port())],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert "Both sites are equal." in result.stdout
        assert re.search(r"^Organizations .*\| yes$", result.stdout, re.MULTILINE)


def test_the_schedule_carries_a_change_and_outlives_its_worker(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    headquarters, field = tmp_path / "demo-hq", tmp_path / "demo-field"
    with demonstration(tmp_path, environment) as (process, printed):
        assert "Both sites are equal." in printed

        first = worker_of(field)
        os.kill(first, signal.SIGKILL)
        eventually(lambda: worker_of(field) not in (None, first), 20)

        script = tmp_path / "rename.py"
        script.write_text(RENAME)
        subprocess.run(
            [sys.executable, "web2py.py", "-S", "eden", "-M", "--no_banner", "-R", str(script)],
            cwd=headquarters,
            stdin=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )
        renamed = "SELECT count(*) FROM org_organisation WHERE name = 'Renamed at headquarters'"
        assert ask(headquarters, renamed) == [(1,)]
        eventually(lambda: ask(field, renamed) == [(1,)], 120)
        # The next scheduled run may be under way by now; none has failed.
        states = {state for (state,) in ask(field, "SELECT state FROM sync_run")}
        assert "completed" in states and states <= {"completed", "running"}

        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0
        assert worker_of(field) is None
