"""What the overview stands on: how a repository stands, how fast a run gets on, when a job runs, what waits."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from s3sync.conflicts.record_history import history
from s3sync.core.cursor import Checkpoint, CheckpointKind, Handed
from s3sync.core.recurrence import DAY, HOUR, MINUTE, Interval, every, first_run, upcoming
from s3sync.core.repository_state import Reason
from s3sync.core.throughput import LONGEST_ESTIMATE, throughput
from s3sync.database import traffic as traffic
from s3sync.monitoring import pending_changes as pending_changes
from s3sync.monitoring.flows import Incoming
from s3sync.monitoring.pending_changes import NOTHING, PendingChanges, Tail
from s3sync.monitoring.status import failing, recent_runs, statuses
from s3sync.scheduler import jobs as jobs
from s3sync.scheduler import queue as queue
from s3sync.scheduler import run_record as run_record
from tests.support.jobs import World, add
from tests.support.site import SampleSite

NOW = datetime(2026, 3, 1, 12)

# --- how fast, how long ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("done", "total", "seconds", "expected"),
    [
        (0, None, 0.0, (None, None, None)),
        (0, 100, 10.0, (0.0, None, None)),
        (50, 100, 1.0, (0.5, None, None)),
        (50, 100, 10.0, (0.5, 5.0, 10.0)),
        (50, None, 10.0, (None, 5.0, None)),
        (50, 0, 10.0, (None, 5.0, None)),
        (100, 100, 10.0, (1.0, 10.0, 0.0)),
        (120, 100, 10.0, (1.0, 12.0, 0.0)),
    ],
)
def test_how_fast_a_run_gets_on(done: int, total: int | None, seconds: float, expected: Any) -> None:
    assert throughput(done, total, seconds) == expected


def test_a_rest_of_weeks_is_no_forecast() -> None:
    assert throughput(1, 10_000_000, LONGEST_ESTIMATE / 1000).left is None


# --- when a job runs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (30, None),
        (90, None),
        (60, Interval(1, MINUTE)),
        (5400, Interval(90, MINUTE)),
        (7200, Interval(2, HOUR)),
        (3 * 86400, Interval(3, DAY)),
    ],
)
def test_a_period_as_people_say_it(period: int, expected: Interval | None) -> None:
    assert every(period) == expected


@pytest.mark.parametrize(
    ("start", "period", "expected"),
    [
        (NOW + timedelta(seconds=5), 60, NOW + timedelta(seconds=5)),
        (NOW, 60, NOW),
        (NOW - timedelta(seconds=60), 60, NOW),
        (NOW - timedelta(seconds=61), 60, NOW + timedelta(seconds=59)),
        (datetime(2020, 1, 1, 3), DAY, datetime(2026, 3, 2, 3)),
    ],
)
def test_the_next_run(start: datetime, period: int, expected: datetime) -> None:
    assert upcoming(start, period, NOW) == expected


@pytest.mark.parametrize(
    ("period", "not_before", "at", "expected"),
    [
        (DAY, NOW, None, NOW),
        (DAY, NOW, time(3), datetime(2026, 3, 2, 3)),
        (DAY, NOW, time(12), NOW),
        (3 * DAY, NOW, time(13), datetime(2026, 3, 1, 13)),
        (HOUR, NOW, time(3, 20), datetime(2026, 3, 1, 12, 20)),
        (6 * HOUR, NOW, time(3, 20), datetime(2026, 3, 1, 15, 20)),
        (HOUR, datetime(2026, 3, 1, 0, 10), time(23, 30), datetime(2026, 3, 1, 0, 30)),
    ],
)
def test_the_first_run(period: int, not_before: datetime, at: time | None, expected: datetime) -> None:
    assert first_run(period, not_before, at) == expected


# --- what waits ------------------------------------------------------------------------------------------------

CHANGES = [(90, None), (80, 7), (70, 8), (60, 7), (50, None)]


@pytest.mark.parametrize(
    ("position", "repository", "whole", "expected"),
    [
        (90, 7, True, PendingChanges(0)),
        (85, 7, True, PendingChanges(1)),
        (55, 7, True, PendingChanges(2)),
        (55, 9, True, PendingChanges(4)),
        (0, 7, True, PendingChanges(3)),
        (50, 7, False, PendingChanges(2)),
        (0, 7, False, PendingChanges(3, is_more=True)),
    ],
)
def test_changes_behind_a_position(
    position: int, repository: int, whole: bool, expected: PendingChanges
) -> None:
    assert Tail(CHANGES, whole).behind(position, repository) == expected


def test_sums_and_nothing() -> None:
    assert PendingChanges(2) + PendingChanges(3, is_more=True) == PendingChanges(5, is_more=True)
    assert NOTHING.behind(0, 1) == PendingChanges()
    assert pending_changes.lowest_of([("a", 5), ("b", 2), ("a", 3)]) == {"a": 3, "b": 2}
    with pytest.raises(TypeError):
        PendingChanges() + 1  # type: ignore[operator]


def test_a_data_model_may_have_more_tables_than_a_statement_has_parts(tmp_path: Path) -> None:
    site = SampleSite(tmp_path)
    site.db.org_organisation.insert(name="A")
    lowest = {f"table_{number}": 0 for number in range(1200)}
    tails = pending_changes.tails(site.store, {**lowest, "org_organisation": 0})
    assert len(tails) == 1201
    assert tails["org_organisation"].behind(0, 1) == PendingChanges(1)


def test_there_may_be_more_repositories_than_a_statement_has_parts(tmp_path: Path) -> None:
    site = SampleSite(tmp_path)
    repository = site.db.sync_repository.insert(name="last")
    for state in ("failed", "completed"):
        site.db.sync_run.insert(repository_id=repository, started_on=NOW, state=state)
    runs = recent_runs(site, [*range(1000, 2200), repository], 1)
    assert len(runs) == 1201
    assert [run.state for run in runs[repository]] == ["completed"]


def test_the_tails_of_tables(tmp_path: Path) -> None:
    site = SampleSite(tmp_path)
    for number in range(5):
        site.db.org_organisation.insert(name=f"Organisation {number}")
    site.db.org_sector.insert(name="Health")
    site.db.commit()
    tails = pending_changes.tails(
        site.store, {"org_organisation": 0, "org_sector": 0, "pr_person": 0}, most=3
    )
    assert tails["org_organisation"].behind(0, 1) == PendingChanges(3, is_more=True)
    assert tails["org_sector"].behind(0, 1) == PendingChanges(1)
    assert tails["pr_person"].behind(0, 1) == PendingChanges(0)
    assert pending_changes.tails(site.store, {}) == {}


# --- records by day --------------------------------------------------------------------------------------------


def test_records_are_counted_by_day(tmp_path: Path) -> None:
    site = SampleSite(tmp_path)
    db, today = site.db, site.clock.now().date()
    traffic.note(db, today, 1, received=3)
    traffic.note(db, today, 1, received=2, sent=1)
    traffic.note(db, today, 2, sent=4)
    traffic.note(db, today, 1)
    db.sync_traffic.insert(day=today - timedelta(days=1), repository_id=1, received=9, sent=0)
    db.sync_traffic.insert(day=date(2020, 1, 1), repository_id=1, received=9, sent=0)
    assert db(db.sync_traffic).count() == 4
    assert traffic.days(db, today, 3) == [
        (today - timedelta(days=2), 0, 0),
        (today - timedelta(days=1), 9, 0),
        (today, 5, 5),
    ]
    assert traffic.days(db, today, 1, repository_id=2) == [(today, 0, 4)]
    traffic.purge(db, date(2021, 1, 1))
    assert db(db.sync_traffic).count() == 3
    assert traffic.changes({"created": 2, "unchanged": 5, "merged": 1, "updated": None}) == 3  # type: ignore[dict-item]


# --- all together ----------------------------------------------------------------------------------------------


def test_many_repositories_with_the_statements_of_one(
    scheduled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = scheduled.db
    counts = []

    def statements() -> int:
        ran: list[str] = []
        monkeypatch.setattr(db._adapter, "execute", _counting(db._adapter.execute, ran))
        monkeypatch.setattr(scheduled.store, "run", _counting(scheduled.store.run, ran))
        statuses(scheduled)
        monkeypatch.undo()
        return len(ran)

    for _ in range(2):
        for number in range(20):
            key = add(scheduled, f"Office {number}", "completed", "failed")
            jobs.add_job(scheduled, key, None, period=900, timeout=60)
            scheduled.checkpoints.write(key, "org_organisation", CheckpointKind.PUSH, '{"position": 0}')
        db.commit()
        counts.append(statements())
    assert counts[1] <= counts[0] <= 18


def _counting(function: Any, ran: "list[str]") -> Any:
    def counted(*args: Any, **options: Any) -> Any:
        ran.append(str(args[0]))
        return function(*args, **options)

    return counted


def test_the_facts_are_those_of_the_repository(scheduled: Any) -> None:
    db = scheduled.db
    good, bad = add(scheduled, "Good", "completed"), add(scheduled, "Bad", "completed", "failed")
    add(scheduled, "Gone", "failed", deleted=True)
    jobs.add_job(scheduled, good, None, period=900, timeout=60)
    queue.start_now(scheduled, bad, None, 60)
    db.org_organisation.insert(name="New")
    db.sync_kept.insert(kind="conflict", tablename="org_organisation", fingerprint="x", repository_id=good)
    db.sync_kept.insert(kind="refused", tablename="org_organisation", fingerprint="y", repository_id=good)
    db.commit()
    first, second = statuses(scheduled)
    assert (first.name, second.name) == ("Bad", "Good")
    assert first.facts.is_queued and first.facts.run_state == "failed" and first.facts.last_success
    assert (
        first.outgoing == PendingChanges(1) and not first.incoming.is_known and first.facts.next_run is None
    )
    assert second.facts.undecided == 1 and second.facts.next_run is not None and not second.facts.is_queued
    assert second.state.reason is Reason.UNDECIDED
    assert failing(scheduled) == 1
    assert [run.state for run in recent_runs(scheduled, [bad, good], 1)[bad]] == ["failed"]
    (only,) = statuses(scheduled, db.sync_repository.id == good)
    assert only.id == good and only.flows[0].table == "org_organisation"


@pytest.mark.parametrize(("acknowledged", "arrived"), [(0, False), (1, True)])
def test_what_was_handed_out_waits_until_the_other_site_says_that_it_has_it(
    scheduled: Any, acknowledged: int, arrived: bool
) -> None:
    db, table = scheduled.db, scheduled.schema.table("org_organisation")
    key = add(scheduled, "Office")
    db.org_organisation.insert(name="New", uuid="new")
    position = scheduled.journal.head()
    db.commit()
    scheduled.checkpoints.save(
        key, table.name, Checkpoint(position * acknowledged, (Handed(position, "handed"),))
    )
    db.commit()
    (status,) = statuses(scheduled)
    told = history(scheduled, str, table, "new")
    assert status.outgoing == PendingChanges(int(not arrived))
    assert told is not None and [each.has_it for each in told.partners] == [arrived]


def test_a_history_with_many_partners_takes_the_statements_of_one_with_few(
    scheduled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    db, table = scheduled.db, scheduled.schema.table("org_organisation")
    db.org_organisation.insert(name="New", uuid="new")
    counts = []
    for _ in range(2):
        for number in range(5):
            add(scheduled, f"Office {number}")
        db.commit()
        ran: list[str] = []
        monkeypatch.setattr(db._adapter, "execute", _counting(db._adapter.execute, ran))
        monkeypatch.setattr(scheduled.store, "rows", _counting(scheduled.store.rows, ran))
        monkeypatch.setattr(scheduled.checkpoints._store, "rows", _counting(scheduled.store.rows, ran))
        told = history(scheduled, str, table, "new")
        monkeypatch.undo()
        assert told is not None
        counts.append((len(told.partners), len(ran)))
    (few, first), (many, second) = counts
    assert (few, many) == (5, 10) and second <= first


def test_a_run_tells_how_many_wait_and_what_became_of_them(tmp_path: Path, monkeypatch: Any) -> None:
    world = World(tmp_path)
    monkeypatch.setattr(type(world.site.host.settings), "get_sync_page_size", lambda self: 2)
    for number in range(4):
        world.other.db.org_organisation.insert(name=f"Other {number}")
        world.site.db.org_organisation.insert(name=f"Own {number}")
    world.other.db.commit()
    world.site.db.commit()
    told: list[Any] = []
    monkeypatch.setattr(run_record.RunRecord, "_update", lambda self: told.append(dict(self._pending)))
    monkeypatch.setattr(run_record, "PROGRESS_EVERY", 0.0)
    world.run()
    seen = {(each.get("direction"), each.get("done"), each.get("total")) for each in told}
    assert {("pull", 2, 5), ("pull", 4, 5), ("pull", 5, 5), ("push", 2, 4), ("push", 4, 4)} <= seen
    monkeypatch.undo()
    world.other.db.org_organisation.insert(name="Later")
    world.other.db.commit()
    world.run()
    assert world.last.details == {"org_organisation": {"received": {"created": 1}, "sent": 0}}
    (status,) = standings_scheduled(world.site)
    assert status.incoming == Incoming(0) and status.outgoing == PendingChanges(0)
    assert traffic.days(world.site.db, world.site.clock.now().date(), 1)[0][1:] == (6, 4)
    assert traffic.days(world.other.db, world.other.clock.now().date(), 1)[0][1:] == (4, 6)


def standings_scheduled(site: Any) -> Any:
    from gluon.scheduler import Scheduler

    Scheduler(site.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
    return statuses(site)
