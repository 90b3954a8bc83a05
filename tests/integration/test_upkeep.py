"""The tasks that remove what is old, at a site as it is: made by the migration, put back by a worker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.application import checkout_without, served
from tests.support.screens import served as screens_served
from tests.support.webserver import WebSite

pytestmark = pytest.mark.integration

TASKS = "print(sorted((row.function_name, row.status) for row in db(db.scheduler_task).select()))\n"
BOTH = "[('sync_tidy', 'QUEUED'), ('tidy', 'QUEUED')]"
AS_WORKER = (
    "from gluon.shell import env\n"
    "models = env('eden', import_models=True, extra_request={'is_scheduler': True})\n"
    "db.commit()\n"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    yield from screens_served(tmp_path_factory, "upkeep")


def test_both_are_there_once_and_come_back(site: WebSite) -> None:
    assert site.run(TASKS).strip() == BOTH
    assert site.run(AS_WORKER + TASKS).strip() == BOTH
    site.run("db(db.scheduler_task).delete()\ndb.commit()")
    assert site.run(TASKS).strip() == "[]"
    assert site.run(AS_WORKER + TASKS).strip() == BOTH


def test_a_worker_can_do_them(site: WebSite) -> None:
    site.run(
        "from datetime import datetime\n"
        "db.sync_log.insert(timestmp=datetime(2000, 1, 1), message='old')\ndb.commit()"
    )
    ticket = old(site.folder / "applications" / "eden" / "errors")
    left = site.run(
        "assert scheduler.tasks['sync_tidy']() is None\nprint(db(db.sync_log.message == 'old').count())"
    )
    assert left.split() == ["0"] and ticket.exists(), "of the synchronisation"
    site.run("assert scheduler.tasks['tidy']() is None")
    assert not ticket.exists(), "of the application"


def test_a_site_without_synchronisation_is_kept_tidy_too(tmp_path: Path) -> None:
    checkout = checkout_without(tmp_path / "checkout", {"sync"})
    folder = tmp_path / "site"
    with served(checkout, folder) as base:
        # each visit of the log-in page by somebody new leaves a session
        requests.get(f"{base}/default/user/login", timeout=30)
    application = folder / "applications" / "eden"
    sessions = [path for path in (application / "sessions").rglob("*") if path.is_file()]
    assert sessions
    for path in sessions:
        os.utime(path, (0, 0))
    ticket = old(application / "errors")
    script = tmp_path / "script.py"
    script.write_text(f"{TASKS}\nscheduler.tasks['tidy']()\n", encoding="utf-8")
    done = subprocess.run(
        [
            *(sys.executable, str(checkout / "web2py.py"), "-f", str(folder), "-S", "eden", "-M"),
            *("-R", str(script), "--no_banner"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "[('tidy', 'QUEUED')]" in done.stdout, done.stdout + done.stderr
    assert not ticket.exists() and not any(path.exists() for path in sessions)


def old(folder: Path) -> Path:
    """Make a file that is older than anything is kept."""
    path = folder / "old"
    folder.mkdir(exist_ok=True)
    path.write_text("x", encoding="utf-8")
    os.utime(path, (0, 0))
    return path
