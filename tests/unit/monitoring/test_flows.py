"""What waits for each repository, and what keeps it from being in step, read from the tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from s3sync.core.cursor import Checkpoint, CheckpointKind, Handed
from s3sync.core.repository_state import Reason, State
from s3sync.database.pending_references import NEVER
from s3sync.monitoring.pending_changes import PendingChanges
from s3sync.monitoring.status import statuses
from s3sync.site import awaited as awaited
from tests.support.jobs import add

ORG = "org_organisation"


def served(site: Any, **values: Any) -> int:
    """Add a repository that begins by itself; return its key."""
    found: int = site.db.sync_repository.insert(name="Field", last_connected=site.clock.now(), **values)
    return found


def reason(site: Any) -> Reason:
    (found,) = statuses(site)
    return found.state.reason


def test_a_site_that_registered_and_fetched_nothing_is_not_in_step(scheduled: Any) -> None:
    served(scheduled)
    assert reason(scheduled) is Reason.NEVER_FETCHED
    scheduled.db.org_organisation.insert(name="New")
    scheduled.db.commit()
    assert reason(scheduled) is Reason.NEVER_FETCHED


def test_what_was_handed_out_and_not_acknowledged_was_never_fetched(scheduled: Any) -> None:
    key = served(scheduled)
    scheduled.db.org_organisation.insert(name="New")
    scheduled.db.commit()
    head = scheduled.journal.head()
    scheduled.checkpoints.save(key, ORG, Checkpoint(0, (Handed(head, "handed"),)))
    assert reason(scheduled) is Reason.NEVER_FETCHED
    scheduled.checkpoints.save(key, ORG, Checkpoint(head, (Handed(head, "handed"),)))
    assert reason(scheduled) is Reason.NOT_TOLD, "it has everything, and has not told what it took of it"
    scheduled.db.org_organisation.insert(name="Newer")
    scheduled.db.commit()
    (found,) = statuses(scheduled)
    assert found.state.reason is Reason.BEHIND and found.outgoing == PendingChanges(1)
    assert found.fetched_on == scheduled.clock.now()


def test_each_resource_counts_by_itself(scheduled: Any) -> None:
    key = served(scheduled)
    scheduled.db.org_organisation.insert(name="New")
    scheduled.db.pr_person.insert(first_name="New")
    scheduled.db.commit()
    head = scheduled.journal.head()
    scheduled.checkpoints.save(key, ORG, Checkpoint(head, (Handed(head, "a"),)))
    scheduled.checkpoints.save(key, "pr_person", Checkpoint(0, (Handed(head, "b"),)))
    (found,) = statuses(scheduled)
    assert found.state.reason is Reason.BEHIND
    assert {flow.table: flow.outgoing.count for flow in found.flows} == {ORG: 0, "pr_person": 1}


@pytest.mark.parametrize(
    ("modes", "incoming", "expected"),
    [
        ((1, 2), {"pr_person": None}, (0, 1)),
        ((1, 1), {ORG: 0}, (0, 1)),
        ((1, 1), {ORG: 0, "pr_person": 7}, (7, 0)),
        ((3, 1), {ORG: 5}, (5, 1)),
        ((2, 2), {}, (0, 0)),
        ((2, 1), {"pr_person": 0}, (0, 0)),
        ((4, 3), {"pr_person": 0}, (0, 0)),
    ],
)
def test_an_unknown_number_is_not_none(
    scheduled: Any, modes: tuple[int, int], incoming: dict[str, Any], expected: tuple[int, int]
) -> None:
    db = scheduled.db
    key = db.sync_repository.insert(name="Headquarters", url="http://127.0.0.1:9")
    for table, mode in zip((ORG, "pr_person"), modes):
        db.sync_task.insert(repository_id=key, resource_name=table, mode=mode)
    db.sync_run.insert(repository_id=key, state="completed", finished_on=scheduled.clock.now())
    own = scheduled.journal.identity()
    for table, waiting in incoming.items():
        scheduled.checkpoints.write(
            key, table, CheckpointKind.PULL, json.dumps({"own": own, "waiting": waiting})
        )
    (found,) = statuses(scheduled)
    assert found.incoming[:2] == expected and found.incoming.is_any == any(mode in (1, 3) for mode in modes)
    assert (found.state.reason is Reason.EQUAL) == (expected == (0, 0))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"kind": "refused"}, Reason.BY_RULE),
        ({"kind": "waiting"}, Reason.DELETIONS),
        ({"kind": "conflict"}, Reason.UNDECIDED),
        ({"kind": "rejected"}, Reason.UNDECIDED),
        ({"kind": "rejected", "state": "superseded"}, Reason.EQUAL),
        ({"kind": "rejected", "repository_id": 99}, Reason.EQUAL),
    ],
)
def test_what_was_put_aside_here_keeps_a_site_from_being_in_step(
    scheduled: Any, columns: dict[str, Any], expected: Reason
) -> None:
    key = fine(scheduled)
    scheduled.db.sync_kept.insert(**{"tablename": ORG, "fingerprint": "x", "repository_id": key, **columns})
    assert reason(scheduled) is expected


@pytest.mark.parametrize(("target", "expected"), [("", Reason.FILES), ("org_sector", Reason.REFERENCES)])
def test_what_has_not_arrived_keeps_a_site_from_being_in_step(
    scheduled: Any, target: str, expected: Reason
) -> None:
    key = fine(scheduled)
    scheduled.db.sync_deferred.insert(
        tablename=ORG, record_id=1, fieldname="x", target=target, uuid="u", repository_id=key
    )
    assert reason(scheduled) is expected


@pytest.mark.parametrize("repository_id", [99, None])
@pytest.mark.parametrize(("table", "expected"), [(ORG, Reason.ELSEWHERE), ("pr_person", Reason.EQUAL)])
@pytest.mark.parametrize("target", ["", "org_sector"])
def test_what_others_have_not_brought_is_not_claimed_to_be_the_same(
    scheduled: Any, table: str, expected: Reason, target: str, repository_id: int | None
) -> None:
    key = fine(scheduled)
    scheduled.db.sync_deferred.insert(
        tablename=table, record_id=1, fieldname="x", target=target, uuid="u", repository_id=repository_id
    )
    assert reason(scheduled) is expected
    rows = scheduled.db(awaited.query(scheduled, key, awaited.Awaited.ELSEWHERE)).select()
    assert [row.tablename for row in rows] == ([ORG] if expected is Reason.ELSEWHERE else [])


def test_what_belongs_to_a_record_counts_as_the_record(scheduled: Any) -> None:
    key = fine(scheduled)
    scheduled.db.sync_task.insert(repository_id=key, resource_name="pr_person", mode=2)
    scheduled.db.sync_deferred.insert(
        tablename="pr_contact", record_id=1, fieldname="x", uuid="u", repository_id=99
    )
    assert reason(scheduled) is Reason.ELSEWHERE


def test_a_file_that_nobody_asks_for_any_more_is_no_file_to_come(scheduled: Any) -> None:
    key = fine(scheduled)
    scheduled.db.sync_deferred.insert(
        tablename=ORG, record_id=1, fieldname="x", uuid="u", repository_id=key, retry_on=NEVER
    )
    (found,) = statuses(scheduled)
    assert found.state == (State.DIFFERENT, Reason.GIVEN_UP)


@pytest.mark.parametrize(
    ("skew", "expected"), [(7200, Reason.CLOCK), (-61, Reason.CLOCK), (59, Reason.EQUAL)]
)
def test_a_clock_that_is_off_keeps_a_site_from_being_in_step(
    scheduled: Any, skew: float, expected: Reason
) -> None:
    key = fine(scheduled)
    scheduled.db.sync_repository(key).update_record(settings={"skew": skew})
    assert reason(scheduled) is expected


def fine(site: Any) -> int:
    """Add a repository that would be in step; return its key."""
    key = add(site, "Headquarters", "completed")
    told = json.dumps({"own": site.journal.identity(), "waiting": 0})
    site.checkpoints.write(key, ORG, CheckpointKind.PULL, told)
    assert reason(site) is Reason.EQUAL
    return key
