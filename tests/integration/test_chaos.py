"""Real sites behind a bad line, with people at work and processes killed: nothing is lost and nothing is left over."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.chaos.backends import database_at
from tests.support.databases import POSTGRES_URI
from tests.support.places import CHECKOUT

#: How long. The whole suite is to take less than 45 minutes on two cores, so this is asked for (docs/RELIABILITY.md).
MINUTES = int(os.environ.get("EDEN_TEST_CHAOS_MINUTES", "0"))

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(not MINUTES, reason="EDEN_TEST_CHAOS_MINUTES does not say how long"),
]

#: What has to have happened in so many minutes, or they say nothing.
HAPPENED = (
    "killed: runner",
    "killed: web",
    "killed: worker",
    "line: broken off",
    "local edits",
    "rest edits",
    "runs: completed",
)


def test_sites_are_equal_after_everything_went_wrong() -> None:
    # Connections can be ended as well where the hub is on a server; otherwise it is on SQLite.
    with database_at(POSTGRES_URI, f"eden_chaos_{os.getpid()}") as uri:
        done = subprocess.run(
            [sys.executable, "-m", "tests.chaos", "--minutes", str(MINUTES), "--database", uri],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=MINUTES * 60 + 900,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    (last,) = [line for line in done.stdout.splitlines() if line.startswith("at the end: ")]
    counts = json.loads(last.partition(": ")[2])
    assert [what for what in HAPPENED if not counts.get(what)] == []
