"""The figures of a site on each database, as Prometheus reads them; alerts and dashboard name no others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from s3sync import VERSION
from s3sync.core.cursor import Checkpoint, Handed
from s3sync.database import traffic as traffic
from s3sync.monitoring import figures as figures
from s3sync.monitoring.health import Health, health
from s3sync.scheduler import queue as queue
from s3sync.wire.exposition import exposition
from tests.support.documents import org
from tests.support.jobs import add
from tests.support.places import CHECKOUT
from tests.support.server_sites import EVERY_KIND, site_on
from tests.support.site import SampleSite

ORG = "org_organisation"
NORTH = 'repository=No"r\\t\nh'


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SampleSite]:
    from gluon.scheduler import Scheduler

    with site_on(getattr(request, "param", "sqlite"), tmp_path) as made:
        Scheduler(made.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
        made.db.commit()
        yield made


def read(site: SampleSite) -> dict[str, Any]:
    """Return name and labels -> value, as Prometheus' own parser reads them."""
    found = {}
    for family in text_string_to_metric_families(exposition(figures.figures(site))):
        assert family.documentation and family.type in ("gauge", "counter")
        for sample in family.samples:
            labels = "".join(
                f" {name}={value}" for name, value in sorted(sample.labels.items()) if name != "id"
            )
            assert sample.name + labels not in found
            found[sample.name + labels] = sample.value
    return found


def waits(site: SampleSite, key: int) -> None:
    """Let another site have everything until now, and a record wait for it."""
    head = site.journal.head()
    site.checkpoints.save(key, ORG, Checkpoint(head, (Handed(head, "x"),)))
    site.clock.step(60)
    site.db.org_organisation.insert(name="New")
    site.db.commit()


@pytest.mark.parametrize("site", EVERY_KIND, indirect=True)
def test_every_figure_is_what_the_database_says(site: SampleSite) -> None:
    now = site.clock.now()
    north = add(site, 'No"r\\t\nh', "failed", last_connected=now)
    served = site.db.sync_repository.insert(name="Field", last_connected=now)
    site.push(org("u", "Red Cross"), ORG, repository_id=north)
    site.db(site.db.sync_run).update(
        started_on=now - timedelta(seconds=30), finished_on=now, bytes_received=1000, bytes_sent=10
    )
    site.db.sync_run.insert(
        repository_id=north, state="completed", started_on=now - timedelta(days=2), bytes_sent=5
    )
    site.db(site.db.sync_run.bytes_sent == 5).delete()
    site.db.sync_kept.insert(
        repository_id=north, tablename=ORG, uuid="u", kind="conflict", state="open", fingerprint="f"
    )
    site.db.sync_lease.insert(
        repository_id=north, owner="elsewhere#1#x", heartbeat=now - timedelta(hours=1), acquired=now, run_id=1
    )
    site.db.scheduler_worker.insert(worker_name="w", last_heartbeat=now, is_ticker=True, status="ACTIVE")
    queue.start_now(site, north, None, 60)
    traffic.note(site.db, now.date(), north, received=3, sent=4)
    traffic.note(site.db, now.date() - timedelta(days=1), north, received=100)
    waits(site, served)
    site.clock.step(30)
    found = read(site)
    expected = {
        f"eden_sync_info version={VERSION}": 1,
        "eden_sync_workers": 0,
        "eden_sync_repositories state=waiting": 1,
        "eden_sync_open_records kind=conflicts": 1,
        "eden_sync_oldest_waiting_seconds": 30,
        "eden_sync_records_total direction=received": 3,
        "eden_sync_records_total direction=sent": 4,
        "eden_sync_runs_total state=failed": 1,
        "eden_sync_runs_total state=completed": 0,
        "eden_sync_bytes_total direction=received": 1000,
        "eden_sync_leases state=stale": 1,
        "eden_sync_leases state=live": 0,
        "eden_sync_queue_tasks status=queued": 1,
        "eden_sync_queue_oldest_seconds": 90,
        "eden_sync_outgoing_records repository=Field": 1,
        "eden_sync_repositories_left_out": 0,
        f"eden_sync_last_run_failed {NORTH}": 1,
        f"eden_sync_last_run_seconds {NORTH}": 30,
        f"eden_sync_conflicts_open {NORTH}": 1,
        f"eden_sync_rejected_open {NORTH}": 0,
        f"eden_sync_last_contact_timestamp_seconds {NORTH}": (now - figures.EPOCH).total_seconds(),
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found["eden_sync_database_bytes"] > 10_000
    assert f"eden_sync_last_success_timestamp_seconds {NORTH}" not in found, "it never had one"
    assert health(site) == Health(0, 30), "the worker's sign of life is older than a minute"


def test_runs_of_former_days_are_not_counted(site: SampleSite) -> None:
    add(site, "North", "completed")
    site.db(site.db.sync_run).update(started_on=site.clock.now() - timedelta(days=1), bytes_sent=7)
    site.db.commit()
    found = read(site)
    assert found["eden_sync_runs_total state=completed"] == 0 == found["eden_sync_bytes_total direction=sent"]


def test_a_change_that_came_from_elsewhere_waits_since_the_last_exchange(site: SampleSite) -> None:
    """A record may have been made years before it came here, to be passed on."""
    other = site.db.sync_repository.insert(name="Other", last_connected=site.clock.now())
    key = site.db.sync_repository.insert(name="Field", last_connected=site.clock.now())
    site.push(org("u", "Red Cross", modified_on="2019-01-01T00:00:00Z"), ORG, repository_id=other)
    head = site.journal.head()
    site.checkpoints.save(key, ORG, Checkpoint(head, (Handed(head, "x"),)))
    site.db.commit()
    assert health(site).oldest_waiting is None
    site.clock.step(3600)
    site.push(org("v", "Old", modified_on="2019-01-01T00:00:00Z"), ORG, repository_id=other)
    site.db.commit()
    assert health(site).oldest_waiting == 3600


def test_nothing_waits_at_an_empty_site(site: SampleSite) -> None:
    assert health(site) == Health(0, None)
    found = read(site)
    assert found["eden_sync_oldest_waiting_seconds"] == 0
    assert not [name for name in found if "repository=" in name]


def test_the_number_of_series_is_bounded_and_the_urgent_ones_have_theirs(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MOST", 2)
    for name in ("a", "b", "c"):
        site.db.sync_repository.insert(name=name)
    add(site, "urgent", "failed")
    found = read(site)
    assert found["eden_sync_repositories_left_out"] == 2
    assert {name for name in found if name.startswith("eden_sync_rejected_open")} == {
        "eden_sync_rejected_open repository=a",
        "eden_sync_rejected_open repository=urgent",
    }


@pytest.mark.parametrize("path", ["prometheus/eden-alerts.yml", "grafana/eden.json"])
def test_what_is_shipped_names_only_figures_that_exist(site: SampleSite, path: str) -> None:
    exported = {each.name for each in figures.figures(site)}
    text = (CHECKOUT / "deploy" / path).read_text(encoding="utf-8")
    named = set(re.findall(r"\beden_\w+", text))
    assert len(named) >= 8 and named <= exported
    if path.endswith(".json"):
        panels = json.loads(text)["panels"]
        assert len({each["id"] for each in panels}) == len(panels) and all(each["targets"] for each in panels)


def test_the_operations_guide_tells_every_figure(site: SampleSite) -> None:
    text = (CHECKOUT / "docs" / "OPERATIONS.md").read_text(encoding="utf-8")
    assert {each.name for each in figures.figures(site)} <= set(re.findall(r"\beden_sync_\w+", text))
