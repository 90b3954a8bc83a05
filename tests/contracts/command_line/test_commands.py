"""The commands of ./eden on each database: what they say is what the screens say."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from s3sync import VERSION
from s3sync.active import prescribed as prescribed
from s3sync.command_line import commands as commands
from s3sync.command_line import runs as runs
from s3sync.core.messages import Sentence
from s3sync.core.policy import Policy
from s3sync.core.task import Activity, LogAction, Mode, Result
from s3sync.database.log import OUTGOING
from s3sync.monitoring.status import statuses
from s3sync.scheduler import queue as queue
from s3sync.site.times import SKEW
from s3sync.wire.protocol.invitation import InvitedResource
from s3sync.wire.protocol.prescription import Prescription
from tests.support.documents import org
from tests.support.jobs import add
from tests.support.server_sites import EVERY_KIND
from tests.support.site import SampleSite

ORG = "org_organisation"


def asked(site: SampleSite, command: str, **given: Any) -> dict[str, Any]:
    return commands.carry_out(site, str, {"command": command, **given}, told_nothing)


def told_nothing(news: Any) -> None:
    raise AssertionError(f"nobody asked for {news}")


def worker(site: SampleSite) -> None:
    site.db.scheduler_worker.insert(
        worker_name="w", last_heartbeat=site.clock.now(), is_ticker=True, status="ACTIVE"
    )
    site.db.commit()


@pytest.mark.parametrize("site", EVERY_KIND, indirect=True)
def test_all_of_them_tell_of_two_repositories(site: SampleSite) -> None:
    north, south = add(site, "North", "completed"), add(site, "South", "failed")
    site.push(org("u", "Red Cross"), ORG, repository_id=north)
    site.db.sync_kept.insert(
        repository_id=north,
        tablename=ORG,
        uuid="u",
        kind="conflict",
        state="open",
        name="Red Cross",
        fingerprint="f",
    )
    site.repository(south).log(OUTGOING).task(
        ORG,
        Activity.PULL,
        LogAction.FETCH,
        Result.ERROR,
        Sentence.MAIL_NOT_SENT.say(recipients="x", reason="y"),
    )
    site.db.commit()
    told = asked(site, "status")
    assert told["site"] == {
        "name": "Eden", "address": site.base_url, "identifier": site.uuid, "version": VERSION
    }  # fmt: skip
    assert told["workers"] == 0 and told["needs_attention"] and told["states"]["attention"] == 2
    states = {each.id: each.state for each in statuses(site)}
    for each in (*told["repositories"], *asked(site, "repositories")["repositories"]):
        assert (each["state"], each["reason"]) == (
            states[each["id"]].condition.value,
            states[each["id"]].reason.value,
        )
    whys = {each["name"]: each["why"] for each in told["repositories"]}
    assert whys["North"] == "1 record needs your decision."
    assert whys["South"].startswith("The last run failed")

    found = asked(site, "conflicts", repository="North")
    assert (found["total"], found["conflicts"][0]["record"], found["needs_attention"]) == (
        1,
        "Red Cross",
        True,
    )
    assert asked(site, "conflicts", repository=str(south))["total"] == 0
    (entry,) = asked(site, "log", trouble=True)["log"]
    assert (entry["repository"], entry["result"]) == ("South", "error") and entry["message"]
    assert asked(site, "log", search="nowhere")["log"] == []

    checks = {each["check"]: each["result"] for each in asked(site, "doctor")["checks"]}
    assert checks["database integrity"] == "good" and checks["worker"] == "attention"
    assert checks["exchange with South"] == "attention"


def test_a_run_is_queued_once_as_by_the_button(site: SampleSite) -> None:
    key = add(site, "North", "completed")
    site.db.commit()
    first = asked(site, "sync")
    assert first["runs"] == [{"id": key, "name": "North", "state": "queued"}]
    assert first["needs_attention"], "there is no worker to begin it"
    asked(site, "sync", repository="North")
    assert site.db(site.db.scheduler_task).count() == 1 and queue.waiting(site.db, key)


def test_a_run_is_followed_to_its_end(site: SampleSite, monkeypatch: pytest.MonkeyPatch) -> None:
    key, db, news = add(site, "North"), site.db, []
    worker(site)
    steps = iter(("begins", "ends"))

    def work(seconds: float) -> None:
        task = queue.newest_by_hand(db, key)
        if next(steps) == "begins":
            attempt = db.scheduler_run.insert(task_id=task, status="RUNNING", start_time=site.clock.now())
            db.sync_run.insert(
                repository_id=key, state="running", scheduler_run_id=attempt, stage="pulling", direction="pull",
                resource_name=ORG, done=3, total=5, started_on=site.clock.now(),
            )  # fmt: skip
        else:
            db(db.sync_run).update(state="completed", message="Received: 5 created.", created=5)
            db(db.scheduler_task.id == task).update(status="COMPLETED")
        db.commit()

    monkeypatch.setattr(runs, "time", SimpleNamespace(sleep=work))
    told = commands.carry_out(site, str, {"command": "sync", "wait": True}, news.append)
    (run,) = told["runs"]
    assert (run["state"], run["message"], run["received"]["created"]) == (
        "completed",
        "Received: 5 created.",
        5,
    )
    assert not told["needs_attention"]
    assert [(each["name"], each["stage"], each["done"], each["of"]) for each in news] == [
        ("North", "Fetching from the other site", 3, 5)
    ]


def test_a_run_that_never_began_says_why(site: SampleSite, monkeypatch: pytest.MonkeyPatch) -> None:
    key, db = add(site, "North"), site.db
    worker(site)

    def refuse(seconds: float) -> None:
        task = queue.newest_by_hand(db, key)
        db.scheduler_run.insert(
            task_id=task, status="FAILED", traceback="Traceback\nAlreadyRunning: another one\n"
        )
        db(db.scheduler_task.id == task).update(status="FAILED")
        db.commit()

    monkeypatch.setattr(runs, "time", SimpleNamespace(sleep=refuse))
    (run,) = asked(site, "sync", repository="North", wait=True)["runs"]
    assert (run["state"], run["message"]) == ("failed", "AlreadyRunning: another one")


def test_a_run_that_a_person_takes_back_is_no_longer_awaited(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = add(site, "North")
    worker(site)
    monkeypatch.setattr(
        runs, "time", SimpleNamespace(sleep=lambda seconds: queue.cancel_waiting(site.db, key))
    )
    (run,) = asked(site, "sync", wait=True)["runs"]
    assert run["state"] == "cancelled"


def test_what_cannot_be_done_is_said_with_what_to_do(site: SampleSite) -> None:
    assert "no repository with which this site begins" in asked(site, "sync")["error"]
    served = site.db.sync_repository.insert(name="Field", last_connected=site.clock.now())
    site.db.commit()
    assert asked(site, "sync", repository="Field")["error"] == "Field begins the exchange, not this site."
    assert asked(site, "log", repository="Nobody")["error"] == "There is no repository Nobody."
    add(site, "Field")
    assert f"{served}, " in asked(site, "conflicts", repository="Field")["remedy"]
    with pytest.raises(ValueError, match="no command"):
        asked(site, "dance")


def test_a_clock_that_is_off_and_a_silent_site_are_found(site: SampleSite) -> None:
    site.db.sync_repository.insert(
        name="Field", last_connected=site.clock.now() - timedelta(days=9), settings={SKEW: 600.0}
    )
    worker(site)
    (each,) = statuses(site)
    assert each.facts.skew == 600.0
    checks = {each["check"]: each for each in asked(site, "doctor")["checks"]}
    assert checks["clock against Field"]["told"] == "The clock there is 10 minutes ahead."
    assert checks["worker"]["result"] == "good"
    (told,) = asked(site, "repositories")["repositories"]
    assert told["begins"] == "the other site" and told["clock_ahead_seconds"] == 600.0


def test_what_is_prescribed_beyond_what_was_agreed_is_accepted_by_its_mark(site: SampleSite) -> None:
    key = add(site, "North", "completed")
    refused = asked(site, "prescription", repository="North")
    assert "may prescribe nothing" in refused["error"]

    def told(*resources: str) -> dict[str, Any]:
        return Prescription(
            tuple(InvitedResource(each, Mode.PULL, True, "") for each in resources),
            Policy.NEWER,
            Policy.NEWER,
            30,
        ).to_json()

    repository = site.repository(key)
    with site.store.transaction():
        prescribed.let_prescribe(repository, Prescription((InvitedResource(ORG, Mode.PULL, True, ""),)))
    prescribed.take(site.repository(key), told(ORG))
    site.db.commit()
    seen = asked(site, "prescription", repository="North")
    assert (seen["resources"], seen["minutes"], seen["mark"]) == ([ORG], 30, None)
    assert "Nothing" in asked(site, "prescription", repository="North", accept="0" * 12)["error"]

    prescribed.take(site.repository(key), told(ORG, "org_office"))
    first = asked(site, "prescription", repository="North")
    assert first["needs_attention"] and len(first["more"]) == 1 and first["resources"] == [ORG]
    # What came since is not what was shown, and half a mark is none.
    prescribed.take(site.repository(key), told(ORG, "pr_person"))
    for mark in (first["mark"], first["mark"][:3], "x" * 12):
        assert "something else" in asked(site, "prescription", repository="North", accept=mark)["error"]
    second = asked(site, "prescription", repository="North")
    done = asked(site, "prescription", repository="North", accept=second["mark"])
    assert done["accepted"] and not done["more"] and not done["needs_attention"]
    assert sorted(done["resources"]) == [ORG, "pr_person"]
    assert sorted(row.resource for row in site.repository(key).task_rows) == [ORG, "pr_person"]
