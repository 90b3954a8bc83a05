"""The task that removes what is old, at a site as it is: made by the migration, put back by a worker."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.screens import served
from tests.support.webserver import WebSite

pytestmark = pytest.mark.integration

TASKS = "print([row.status for row in db(db.scheduler_task.function_name == 'sync_tidy').select()])\n"
AS_WORKER = (
    "from gluon.shell import env\n"
    "models = env('eden', import_models=True, extra_request={'is_scheduler': True})\n"
    "db.commit()\n"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    yield from served(tmp_path_factory, "upkeep")


def test_it_is_there_once_and_comes_back(site: WebSite) -> None:
    assert site.run(TASKS).split() == ["['QUEUED']"]
    assert site.run(AS_WORKER + TASKS).split() == ["['QUEUED']"]
    site.run("db(db.scheduler_task).delete()\ndb.commit()")
    assert site.run(TASKS).split() == ["[]"]
    assert site.run(AS_WORKER + TASKS).split() == ["['QUEUED']"]


def test_a_worker_can_do_it(site: WebSite) -> None:
    site.run(
        "from datetime import datetime\n"
        "db.sync_log.insert(timestmp=datetime(2000, 1, 1), message='old')\ndb.commit()"
    )
    ticket = site.folder / "applications" / "eden" / "errors" / "old"
    ticket.write_text("x", encoding="utf-8")
    os.utime(ticket, (0, 0))
    left = site.run(
        "assert scheduler.tasks['sync_tidy']() is None\nprint(db(db.sync_log.message == 'old').count())"
    )
    assert left.split() == ["0"] and not ticket.exists(), "of the synchronisation and of the application"
