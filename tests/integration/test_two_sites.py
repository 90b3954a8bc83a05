"""Two real sites and a real worker: records, references, components, deletions and files, both ways."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.support.webserver import EMAIL, PASSWORD, WebSite, running_site, worker

pytestmark = pytest.mark.integration

RESOURCES = (
    "gis_location",
    "org_organisation",
    "org_office",
    "pr_person",
    "hrm_human_resource",
    "cr_shelter",
    "hms_hospital",
    "event_incident",
    "doc_document",
)

POPULATE = """
from applications.eden.modules.s3db.demo import populate
populate(globals(), {side!r})
"""

CONNECT = """
from applications.eden.modules.s3sync.scheduler import jobs
site = current.sync_site
key = db.sync_repository.insert(
    name="Headquarters", url={url!r}, username={email!r}, password=site.vault.seal({password!r})
)
db.commit()
repository = site.repository(key)
with repository.peer() as peer:
    registration = peer.register()
repository.update(uuid=registration.uuid, capabilities=sorted(registration.capabilities))
for name in {resources!r}:
    db.sync_task.insert(repository_id=key, resource_name=name)
jobs.add_job(site, key, None, period={period}, timeout=600)
db.commit()
print(registration.message)
"""

DESCRIBE = """
import json
from applications.eden.modules.s3.database.site_digest import describe, resource_tables
uploads = os.path.join(request.folder, "uploads")
found = {name: describe(s3db, name, uploads, with_times=False) for name in resource_tables(s3db)}
print("STATE" + json.dumps(found, default=str, sort_keys=True))
"""

RUNS = """
import json
runs = db(db.sync_run).select(db.sync_run.state, db.sync_run.message, orderby=db.sync_run.id)
print("STATE" + json.dumps([[row.state, row.message] for row in runs]))
"""

STANDS = """
import json
from applications.eden.modules.s3sync.monitoring.status import statuses
(found,) = statuses(current.sync_site)
print("STATE" + json.dumps([found.state.condition.value, found.state.reason.value]))
"""

SCHEDULED = """
import json
run = db(db.scheduler_run.status != "RUNNING").select().first()
made = db(db.sync_run.scheduler_run_id == run.id).select().first() if run else None
failed = [each["code"] for each in made.failures] if made else []
print("STATE" + json.dumps([run.status, run.traceback or "", failed] if run else None))
"""


def told(site: WebSite, code: str) -> Any:
    """Return what a script printed behind STATE."""
    return json.loads(site.run(code).partition("STATE")[2].splitlines()[0])


def live(state: dict[str, Any]) -> dict[str, Any]:
    """Leave out deletions, of which a site need not know that never had the record."""
    return {
        table: {uuid: values for uuid, values in records.items() if str(values.get("deleted")) != "True"}
        for table, records in state.items()
    }


def different(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Return what the live records of two sites differ in, readable by a person."""
    found = []
    for table in ours:
        here, there = live(ours)[table], live(theirs)[table]
        for uuid in sorted({*here, *there}):
            one, other = here.get(uuid), there.get(uuid)
            if one is None or other is None:
                found.append(f"{table} {uuid} is only {'there' if one is None else 'here'}")
            else:
                names = [name for name in one if one[name] != other.get(name)]
                found += [f"{table} {uuid} {name}: {one[name]!r} / {other.get(name)!r}" for name in names]
    return found


def eventually(check: Callable[[], Any], seconds: float = 90) -> Any:
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(1)


def states(*sites: WebSite) -> list[dict[str, Any]]:
    return [told(site, DESCRIBE) for site in sites]


def in_step(field: WebSite, headquarters: WebSite) -> bool:
    ours, theirs = states(field, headquarters)
    return not different(ours, theirs)


def runs_ended(site: WebSite) -> list[list[str]]:
    return [run for run in told(site, RUNS) if run[0] != "running"]


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[tuple[WebSite, WebSite]]:
    folders = [tmp_path / "headquarters", tmp_path / "field"]
    for folder in folders:
        folder.mkdir()
    with running_site(folders[0] / "site", POPULATE.format(side="headquarters")) as headquarters:
        with running_site(folders[1] / "site", POPULATE.format(side="field")) as field:
            yield headquarters, field


def test_two_sites_exchange_what_they_know(sites: tuple[WebSite, WebSite], tmp_path: Path) -> None:
    headquarters, field = sites
    before = states(field, headquarters)
    assert live(before[0]) != live(before[1])
    connect = CONNECT.format(
        url=headquarters.url, email=EMAIL, password=PASSWORD, resources=RESOURCES, period=3
    )
    assert "Registration successful" in field.run(connect)

    log = tmp_path / "worker.log"
    with worker(field, log) as first:
        eventually(lambda: runs_ended(field))
        ours, theirs = states(field, headquarters)
        assert not different(ours, theirs), log.read_text()
        for table in RESOURCES:
            wanted = {*live(before[0])[table], *live(before[1])[table]}
            assert set(live(ours)[table]) == wanted, f"{table}: something was lost or invented"
        assert any(values.get("file") for values in ours["doc_document"].values())
        # The demonstration has records that both sites changed: they are decided by a person, here or there.
        for site in (headquarters, field):
            eventually(lambda each=site: told(each, STANDS)[1] in ("undecided", "open_there", "equal"))
        assert not different(*states(field, headquarters)), "neither site knows of anything else"

        # Changes on either side: a field, a new record with a reference, a component, deletions, a file.
        headquarters.run(
            """
person = db(db.pr_person.deleted == False).select(orderby=db.pr_person.id).first()
db(db.pr_person.id == person.id).update(comments="Changed at headquarters")
contact = db((db.pr_contact.pe_id == person.pe_id) & (db.pr_contact.deleted == False)).select().first()
s3db.delete(db.pr_contact, [contact.id])
shelter = db(db.cr_shelter.deleted == False).select(orderby=db.cr_shelter.id).first()
s3db.delete(db.cr_shelter, [shelter.id])
db.commit()
"""
        )
        field.run(
            """
import io
key = s3db["org_organisation"].insert(name="Newcomer", uuid="urn:uuid:newcomer")
s3db["org_office"].insert(name="Newcomer's office", uuid="urn:uuid:its-office", organisation_id=key)
person = db(db.pr_person.deleted == False).select(orderby=~db.pr_person.id).first()
db.pr_contact.insert(pe_id=person.pe_id, contact_method="EMAIL", value="new@example.org", uuid="urn:uuid:contact")
stored = db.doc_document.file.store(io.BytesIO(b"written in the field" * 5000), "report.txt")
db.doc_document.insert(name="Report", uuid="urn:uuid:report", file=stored)
incident = db(db.event_incident.deleted == False).select(orderby=db.event_incident.id).first()
s3db.delete(db.event_incident, [incident.id])
db.commit()
"""
        )
        changed = states(field, headquarters)
        gone = {
            table: {
                uuid
                for state in changed
                for uuid, values in state[table].items()
                if str(values.get("deleted")) == "True"
            }
            for table in ("cr_shelter", "event_incident", "pr_contact")
        }
        eventually(lambda: in_step(field, headquarters))
        ours, theirs = states(field, headquarters)
        for state in (ours, theirs):
            assert state["org_office"]["urn:uuid:its-office"]["organisation_id"] == "urn:uuid:newcomer"
            assert "urn:uuid:contact" in live(state)["pr_contact"]
            assert any(v["comments"] == "Changed at headquarters" for v in state["pr_person"].values())
            assert state["doc_document"]["urn:uuid:report"]["file"]
            for table, uuids in gone.items():
                assert uuids and not uuids & set(live(state)[table]), f"{table}: a deletion did not arrive"

        # The worker is killed; another one takes over and the schedule goes on.
        os.killpg(first.pid, signal.SIGKILL)
        first.wait(20)
    headquarters.run(
        'db(s3db["org_organisation"].uuid == "urn:uuid:newcomer").update(acronym="NEW")\ndb.commit()'
    )
    with worker(field, log):
        eventually(lambda: in_step(field, headquarters))
    ended = runs_ended(field)
    assert {state for state, _ in ended} <= {"completed", "failed"}
    assert ended[-1][0] == "completed", ended[-1]
    assert not field.tickets() and not headquarters.tickets()


def test_a_run_that_fails_says_why_in_its_status(sites: tuple[WebSite, WebSite], tmp_path: Path) -> None:
    headquarters, field = sites
    connect = CONNECT.format(
        url=headquarters.url, email=EMAIL, password=PASSWORD, resources=("org_organisation",), period=600
    )
    field.run(connect)
    field.run('db(db.sync_repository).update(password=current.sync_site.vault.seal("wrong"))\ndb.commit()')
    with worker(field, tmp_path / "worker.log"):
        ended = eventually(lambda: runs_ended(field))
        scheduled = eventually(lambda: told(field, SCHEDULED))
    assert ended[0][0] == "failed"
    assert "password" in ended[0][1]
    assert scheduled[0] == "FAILED"
    assert "password" in scheduled[1]
    assert scheduled[2] == ["not_authenticated"], "the schedule finds the run that its call made"
