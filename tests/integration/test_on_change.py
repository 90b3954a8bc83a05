"""What somebody enters at either site is at the other one soon, though the schedule's next run is tomorrow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.offices import eventually
from tests.support.stage import Stage, linked, staged, told

pytestmark = [pytest.mark.slow, pytest.mark.integration]

SCHEDULE = """
from datetime import timedelta
from applications.eden.modules.s3sync.scheduler import jobs
site = current.sync_site
tomorrow = site.clock.now() + timedelta(days=1)
jobs.add_job(site, {key!r}, None, period=86400, timeout=600, start=tomorrow, after_change=1)
db.commit()
"""
ENTER = "db.org_organisation.insert(name={name!r})\ndb.commit()"
NAMES = "[r.name for r in db(db.org_organisation.deleted == False).select(orderby=db.org_organisation.id)]"
RUNS = "db(db.sync_run.id > 0).count()"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path, populate=False) as both:
        yield both
        assert both.tickets() == []


def test_a_change_here_is_there_without_waiting_for_the_schedule(stage: Stage) -> None:
    link = linked(stage.field, "Field office", stage.headquarters, "Headquarters", "org_organisation")
    link.run()
    stage.field.run(SCHEDULE.format(key=link.key))
    with stage.worker():
        for number in range(3):
            stage.field.run(ENTER.format(name=f"Relief {number}"))
            expected = [f"Relief {each}" for each in range(number + 1)]
            eventually(lambda expected=expected: told(stage.headquarters, NAMES) == expected)
        count = told(stage.field, RUNS)
        time.sleep(8)
        assert told(stage.field, RUNS) == count <= 5, "nothing changes, so nothing runs"


def test_a_change_there_is_here_without_waiting_for_the_schedule(stage: Stage) -> None:
    link = linked(stage.field, "Field office", stage.headquarters, "Headquarters", "org_organisation")
    link.run()
    stage.field.run(SCHEDULE.format(key=link.key))
    ear = f"current.sync_site.repository({link.key}).settings.get('listening')"
    with stage.worker():
        eventually(lambda: told(stage.field, ear) == "listens")
        for number in range(2):
            stage.headquarters.run(ENTER.format(name=f"Relief {number}"))
            expected = [f"Relief {each}" for each in range(number + 1)]
            eventually(lambda expected=expected: told(stage.field, NAMES) == expected)
        count = told(stage.field, RUNS)
        time.sleep(8)
        assert told(stage.field, RUNS) == count <= 5, "nothing changes, so nothing runs"
