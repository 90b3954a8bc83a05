"""A site is backed up while it runs, and put back when it is stopped, by the command line of an operator."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from launcher.places import CHECKOUT
from tests.support.launched import make_checkout, site, things
from tests.support.ports import free_port

pytestmark = pytest.mark.integration


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    made = make_checkout(tmp_path)
    shutil.copy2(CHECKOUT / "eden", made / "eden")
    return made


def eden(checkout: Path, home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(checkout / "eden"), "--instance", str(home), *arguments],
        env={**os.environ, "EDEN_PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def answer(done: "subprocess.CompletedProcess[str]") -> Any:
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_site_is_backed_up_while_it_runs_and_put_back_when_it_is_stopped(
    checkout: Path, tmp_path: Path
) -> None:
    home, backup = tmp_path / "site", tmp_path / "eden.tar.gz"
    uploads = home / "applications" / "eden" / "uploads"
    with site(checkout, "--instance", str(home), "--port", str(free_port())):
        before = things(home)
        (uploads / "report.txt").write_text("flood")
        made = answer(eden(checkout, home, "backup", str(backup), "--json"))
        assert made["bytes"] == backup.stat().st_size and made["database"] == "sqlite" and not made["key"]
        refused = eden(checkout, home, "restore", str(backup))
        assert refused.returncode == 3 and "is running already" in refused.stderr
    (uploads / "report.txt").write_text("changed")
    database = home / "applications" / "eden" / "databases" / "storage.sqlite"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("INSERT INTO thing (name) VALUES ('later')")
        connection.commit()
    again = eden(checkout, home, "backup", str(backup))
    assert again.returncode == 3 and "is there already" in again.stderr
    told = eden(checkout, home, "restore", str(backup))
    assert told.returncode == 0, told.stderr
    assert f"Start it: ./run --instance {home}" in told.stdout
    assert things(home) == before and (uploads / "report.txt").read_text() == "flood"
    with site(checkout, "--instance", str(home), "--port", str(free_port())):
        pass
    assert eden(checkout, home, "restore").returncode == 3
