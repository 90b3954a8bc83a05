"""A site moves into another database by the command line of an operator, and goes on there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.configuration import read_configuration
from launcher.places import CHECKOUT
from tests.chaos.backends import database_at
from tests.support.databases import POSTGRES_URI

pytestmark = pytest.mark.integration
PASSWORD = "s3cret-of-the-operator"


@pytest.fixture
def postgres() -> Iterator[str]:
    """An empty database, removed at the end."""
    with database_at(POSTGRES_URI, f"eden_move_{os.getpid()}") as uri:
        if not uri:
            pytest.skip(f"no PostgreSQL at {POSTGRES_URI}")
        yield uri


def command(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(CHECKOUT / name), *arguments],
        env={**os.environ, "EDEN_PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def inside(home: Path, program: str) -> str:
    """Run a program in the site's application; return what it wrote to the file that ``told`` names."""
    script, told = home / "script.py", home / "told"
    script.write_text(f"import json\ntold = {str(told)!r}\n{program}\ndb.commit()\n")
    done = subprocess.run(
        [sys.executable, "web2py.py", "-S", "eden", "-M", "--no_banner", "-R", "script.py"],
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    return told.read_text() if told.exists() else ""


def organisations(home: Path) -> list[str]:
    table = "s3db['org_organisation']"
    names: list[str] = json.loads(
        inside(
            home,
            f"names = [row.name for row in db({table}).select(orderby={table}.id)]\n"
            "with open(told, 'w') as output:\n    json.dump(names, output)",
        )
    )
    return names


def enter(home: Path, name: str) -> None:
    inside(home, f"s3db['org_organisation'].insert(name={name!r})")


def test_a_site_moves_to_a_server_and_back(tmp_path: Path, postgres: str) -> None:
    home = tmp_path / "site"
    at = ("--instance", str(home))
    made = command("run", *at, "--admin-password", PASSWORD, "--port", "18321", "--no-worker", "--exit")
    assert made.returncode == 0, made.stdout + made.stderr
    enter(home, "Füße 🚑")
    refused = command("run", *at, "--database", postgres, "--no-worker", "--exit")
    assert refused.returncode and "move-database" in refused.stdout + refused.stderr
    # Killed on the way, it goes on.
    with subprocess.Popen(
        [str(CHECKOUT / "eden"), *at, "move-database", "--database", postgres],
        env={**os.environ, "EDEN_PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as killed:
        deadline = time.monotonic() + 60
        while not (home / "moving").is_dir() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(killed.pid, signal.SIGKILL)
    assert organisations(home) == ["Füße 🚑"]
    moved = command("eden", *at, "move-database", "--database", postgres)
    assert moved.returncode == 0, moved.stdout + moved.stderr
    assert "all are equal" in moved.stdout and not (home / "moving").exists()
    configuration = read_configuration(home)
    assert configuration is not None and configuration.database == postgres
    enter(home, "Later")
    assert organisations(home) == ["Füße 🚑", "Later"]
    again = command("eden", *at, "move-database", "--database", postgres)
    assert again.returncode == 3 and "already" in again.stderr
    taken = command("eden", *at, "move-database", "--database", "sqlite://storage.sqlite")
    assert taken.returncode == 3 and "is there already" in taken.stderr
    back = command("eden", *at, "move-database", "--database", "sqlite://back.sqlite", "--json")
    assert back.returncode == 0, back.stdout + back.stderr
    assert json.loads(back.stdout)["to"] == "sqlite://back.sqlite"
    started = command("run", *at, "--no-worker", "--exit")
    assert started.returncode == 0, started.stdout + started.stderr
    assert organisations(home) == ["Füße 🚑", "Later"]
