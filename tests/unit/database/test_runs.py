"""Rows of runs and of the log as typed objects."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.core.task import Activity, Result, RunState
from s3sync.database import runs as runs
from s3sync.database.log import LogEntry
from s3sync.database.runs import COUNTED, Run
from tests.support.site import SampleSite


@pytest.fixture
def site(tmp_path: Path) -> SampleSite:
    return SampleSite(tmp_path / "own")


def test_a_run_is_read_with_its_states(site: SampleSite) -> None:
    key = site.db.sync_run.insert(
        repository_id=3,
        state="failed",
        direction="pull",
        created=2,
        merged=1,
        conflicts=4,
        message="No route.",
    )
    run = runs.get(site.db, key)
    assert run is not None and (run.id, run.repository_id, run.message) == (key, 3, "No route.")
    assert run.state is RunState.FAILED and run.direction is Activity.PULL
    assert run.started_on == site.clock.now() and run.finished_on is None
    assert run.changed == 3 and run.received["conflicts"] == 4 and run.total is None


def test_every_column_of_a_run_but_for_its_account_is_read(site: SampleSite) -> None:
    assert set(site.db.sync_run.fields) - set(Run.__dataclass_fields__) == {"user_id"}
    assert set(COUNTED) < set(Run.__dataclass_fields__)


def test_what_is_null_in_a_run_of_an_earlier_version_has_its_usual_value(site: SampleSite) -> None:
    empty = dict.fromkeys(("manual", "done", "created", "sent", "bytes_sent", "message", "cancel_requested"))
    run = runs.get(site.db, site.db.sync_run.insert(repository_id=3, state="completed", **empty))
    assert run is not None and (run.manual, run.done, run.changed, run.sent, run.message) == (
        False,
        0,
        0,
        0,
        "",
    )


def test_a_run_that_is_not_there_is_none(site: SampleSite) -> None:
    assert runs.get(site.db, None) is None and runs.get(site.db, 4711) is None


def test_the_last_runs_come_in_their_order(site: SampleSite) -> None:
    table = site.db.sync_run
    keys = [table.insert(repository_id=3, state="completed") for _ in range(3)]
    found = runs.find(site.db, table.repository_id == 3, ~table.id, 2)
    assert [run.id for run in found] == [keys[2], keys[1]]


def test_an_entry_of_the_log_is_read(site: SampleSite) -> None:
    table = site.db.sync_log
    key = table.insert(
        mode="pull/outgoing", action="fetch", result="warning", message="Mind.", code="x", run_id=7
    )
    entry = LogEntry.read(table(key))
    assert (entry.id, entry.mode, entry.message, entry.remedy, entry.run_id) == (
        key,
        "pull/outgoing",
        "Mind.",
        "",
        7,
    )
    assert entry.result is Result.WARNING and entry.timestmp == site.clock.now() and not entry.remote


def test_an_entry_without_a_result_is_read_too(site: SampleSite) -> None:
    assert LogEntry.read(site.db.sync_log(site.db.sync_log.insert(message="x"))).result is None
