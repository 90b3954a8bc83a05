"""A classic Eden that publishes data sets, as it was recorded (docs/INTEROPERABILITY.md): this site subscribes to it.

The peer gives the recorded answers to the requests that they were recorded for, and an error to all others.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from gluon.scheduler import Scheduler

from s3sync.active import subscribed as subscribed
from s3sync.adapters.base import Remote
from s3sync.adapters.data import DataAdapter
from s3sync.adapters.lines import Lines
from s3sync.core.clock import SystemClock
from s3sync.core.errors import ConfigurationError
from s3sync.wire.data_sets import read_sets
from s3sync.worker import synchronise as synchronise
from tests.support.peer import Answer, Asked, FakePeer
from tests.support.site import IN_A_FILE, Clock, SampleSite

RECORDED = Path(__file__).with_name("data_repository")
OFFICES = "urn:uuid:64e4a031-77a6-4c93-99b9-3e333905676b"
ORGANISATIONS = "urn:uuid:cbd85eb3-2d1b-49ca-9cd2-55c8b1a015bc"
ARCHIVE = "/eden/default/download/sync_dataset_archive.archive.a8a6c1cafdcd25cf.T0ZGSUNFUy56aXA=.zip"


class RecordedEden:
    """The recorded Eden.

    Attributes:
        archive: the content of the archive, None where it has gone.
        tasks: what it says of the tasks of the set.
        asked: the paths of the requests.
        has_set: whether it offers the set.
    """

    def __init__(self) -> None:
        self.archive: bytes | None = (RECORDED / "OFFICES.zip").read_bytes()
        self.tasks = self.recorded("task")
        self.asked: list[str] = []
        self.has_set = True

    @staticmethod
    def recorded(name: str) -> bytes:
        return (RECORDED / f"{name}.xml").read_bytes()

    def __call__(self, asked: Asked) -> Answer:
        self.asked.append(asked.path)
        code = asked.value("~.code")
        if not self.has_set and asked.path in ("/eden/sync/dataset.xml", "/eden/sync/task.xml"):
            return Answer(body=self.recorded("sync-nothing"))
        if asked.path == "/eden/sync/dataset.xml":
            return Answer(body=self.recorded("dataset" if code is None else "dataset-offices"))
        if asked.path == "/eden/sync/task.xml" and asked.value("~.dataset_id$code") == "OFFICES":
            return Answer(body=self.tasks)
        if asked.path == ARCHIVE and self.archive is not None:
            return Answer(body=self.archive, content_type="application/zip")
        if asked.path == "/eden/sync/sync.xml":
            full = asked.value("resource") == "org_office" and asked.value("msince") is None
            return Answer(body=self.recorded("sync-org_office" if full else "sync-nothing"))
        return Answer(404, b"Not found", "text/html")


class Subscriber:
    """A site that subscribes to the recorded Eden."""

    def __init__(self, folder: Path, url: str) -> None:
        self.site = SampleSite(folder, IN_A_FILE, clock=Clock(datetime(2026, 12, 1)))
        Scheduler(self.site.db, {}, migrate=True, utc_time=True)
        db = self.site.db
        self.key: int = db.sync_repository.insert(name="Eden", apitype="data", url=url)
        db.commit()

    def choose(self, *codes: str) -> Any:
        repository = self.site.repository(self.key)
        with repository.peer() as peer:
            told = peer.sets(codes)
        changes = subscribed.choose(repository, codes, told)
        self.site.db.commit()
        return changes

    def run(self) -> None:
        synchronise._synchronize(self.site, self.key, None, True)

    @property
    def resources(self) -> list[str]:
        return [each.resource for each in self.site.repository(self.key).task_rows]

    def logged(self) -> str:
        return "\n".join(row.message for row in self.site.db(self.site.db.sync_log).select())

    def names(self, table: str) -> set[str]:
        return {row.name for row in self.site.db(self.site.db[table].deleted == False).select()}  # noqa: E712


@pytest.fixture()
def eden() -> RecordedEden:
    return RecordedEden()


@pytest.fixture()
def own(tmp_path: Path, eden: RecordedEden) -> Iterator[Subscriber]:
    with FakePeer(eden) as server:
        own = Subscriber(tmp_path / "own", server.url)
        yield own
        own.site.db.close()


def test_its_sets_are_read_with_their_tasks_conditions_and_archive(eden: RecordedEden) -> None:
    offices, types = read_sets(io.BytesIO(eden.recorded("dataset"))).sets
    assert (offices.name, offices.comments, types.code) == (
        "Offices and organisations",
        "Ask the desk.",
        "TYPES",
    )
    assert ARCHIVE.endswith(offices.archive_url) and types.archive_url == ""
    assert offices.archived_on is not None and offices.archived_on > datetime(2026, 11, 30)
    assert [each.resource for each in offices.tasks] == ["org_organisation", "org_office"]
    found = read_sets(io.BytesIO(eden.tasks))
    ((told),) = (each for each in found.sets)
    organisation, office = told.tasks
    assert found.domain == "vm" and organisation.components and not office.components
    assert [(each.table, each.text) for each in office.conditions] == [
        ("org_office", "~.name__like=Office 0*")
    ]
    for name in ("task-deleted", "resource_filter-deleted"):
        assert read_sets(io.BytesIO(eden.recorded(name))).sets == ()


def test_everything_comes_from_its_archive_and_then_only_what_is_new(
    own: Subscriber, eden: RecordedEden
) -> None:
    (changes,) = own.choose("OFFICES")
    assert sorted(changes.added) == ["org_office", "org_organisation"] and not changes.problems
    own.run()
    assert len(own.names("org_organisation")) == 12 and "Équipe Ciel «Sud»" in own.names("org_organisation")
    assert {f"Office 0{at}" for at in range(8)} <= own.names("org_office")
    assert eden.asked.count(ARCHIVE) == 1, "one download for both resources"
    assert own.logged().count("are taken from the archive of the data set OFFICES") == 2
    eden.asked.clear()
    own.run()
    assert ARCHIVE not in eden.asked and "/eden/sync/sync.xml" in eden.asked
    assert not [*own.site.spool.iterdir()], "nothing is left"


def test_after_the_archive_is_asked_from_the_time_of_its_newest_record_on(
    tmp_path: Path, eden: RecordedEden
) -> None:
    with FakePeer(eden) as server:
        own = Subscriber(tmp_path / "own", server.url)
        own.choose("OFFICES")
        own.run()
        (asked,) = [
            each
            for each in server.asked
            if each.path.endswith("sync.xml") and each.value("resource") == "org_office"
        ]
        assert "2026-11-30T17:5" in (asked.value("msince") or ""), "before the archive was made, not now"
        own.site.db.close()


@pytest.mark.parametrize("breaks", [1, 9])
def test_a_line_that_breaks_in_the_archive_is_tried_again_and_costs_nothing(
    tmp_path: Path, eden: RecordedEden, breaks: int
) -> None:
    cuts = [1000] * breaks

    def role(asked: Asked) -> Answer:
        answer = eden(asked)
        if asked.path == ARCHIVE and cuts:
            answer.cut = cuts.pop()
        return answer

    with FakePeer(role) as server:
        own = Subscriber(tmp_path / "own", server.url)
        own.choose("OFFICES")
        own.run()
        assert {f"Office 0{at}" for at in range(8)} <= own.names("org_office")
        assert ("was not taken" in own.logged()) == (breaks > 1), own.logged()
        assert eden.asked.count(ARCHIVE) == 2, "not for ever"
        assert not [*own.site.spool.iterdir()]
        own.site.db.close()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "404"),
        (b"", "no zip"),
        (b"<html><body>Log in</body></html>", ""),
        ((RECORDED / "OFFICES.zip").read_bytes()[:2000], "zip"),
        ((RECORDED / "OFFICES.zip").read_bytes().replace(b"urn:uuid", b"../../xy"), "name of an entry"),
    ],
)
def test_an_archive_that_cannot_be_taken_is_told_and_costs_nothing(
    own: Subscriber, eden: RecordedEden, content: bytes | None, why: str
) -> None:
    eden.archive = content
    own.choose("OFFICES")
    own.run()
    assert {f"Office 0{at}" for at in range(8)} == own.names("org_office")
    assert "archive of the data set OFFICES was not taken" in own.logged(), own.logged()
    assert not [*own.site.spool.iterdir()]


def test_an_archive_without_the_document_of_a_task_is_no_archive_for_it(
    own: Subscriber, eden: RecordedEden
) -> None:
    eden.archive = _changed(eden.archive, {OFFICES: None})
    own.choose("OFFICES")
    own.run()
    assert "It has no document for this resource." in own.logged()
    assert len(own.names("org_organisation")) == 12 and "Office 07" in own.names("org_office")


def test_a_document_that_breaks_off_in_the_archive_is_not_imported(
    own: Subscriber, eden: RecordedEden
) -> None:
    assert eden.archive is not None
    with zipfile.ZipFile(io.BytesIO(eden.archive)) as packed:
        whole = packed.read(f"{OFFICES}.xml")
    eden.archive = _changed(eden.archive, {OFFICES: whole[: len(whole) // 2]})
    own.choose("OFFICES")
    own.run()
    assert "was not taken" in own.logged() and "Office 07" in own.names("org_office")


def test_an_archive_that_is_older_than_its_task_is_not_taken(own: Subscriber, eden: RecordedEden) -> None:
    eden.tasks = eden.tasks.replace(b'modified_on="2026-11-30T18', b'modified_on="2026-12-01T18')
    own.choose("OFFICES")
    own.run()
    assert "It was made before the resource was changed there." in own.logged()
    assert ARCHIVE not in eden.asked and "Office 07" in own.names("org_office")


def test_what_the_eden_takes_out_of_a_set_ends_here_and_what_it_changes_is_taken_over(
    own: Subscriber, eden: RecordedEden
) -> None:
    own.choose("OFFICES")
    own.run()
    whole = eden.tasks
    eden.tasks = whole.replace(b"Office 0*", b"Office 00*")
    own.run()
    assert "has other records by now; these are compared anew: org_office." in own.logged()
    begins, ends = (
        whole.index(f'<resource name="sync_task" uuid="{OFFICES}"'.encode()),
        whole.rindex(b'<resource name="sync_dataset"'),
    )
    eden.tasks = whole[:begins] + whole[ends:]
    own.run()
    assert own.resources == ["org_organisation"]
    assert (
        "does not have these resources any more; they end here, and their records stay: org_office."
        in own.logged()
    )
    assert "Office 07" in own.names("org_office")
    eden.tasks = whole
    own.run()
    assert sorted(own.resources) == ["org_office", "org_organisation"]


def test_a_set_that_is_gone_ends_and_is_told_once(own: Subscriber, eden: RecordedEden) -> None:
    own.choose("OFFICES")
    own.run()
    eden.has_set = False
    for _ in range(2):
        with pytest.raises(ConfigurationError) as caught:
            own.run()
        assert "tab Data sets" in caught.value.hint
    assert own.resources == [] and "Office 07" in own.names("org_office")
    assert own.logged().count("does not offer the data set OFFICES any more") == 1
    eden.has_set = True
    own.run()
    assert sorted(own.resources) == ["org_office", "org_organisation"]


def test_where_it_cannot_be_asked_for_its_sets_what_was_exchanged_goes_on(
    own: Subscriber, eden: RecordedEden
) -> None:
    own.choose("OFFICES")
    own.run()
    eden.tasks = b"<html>Internal error</html>"
    own.run()
    assert "could not be asked for its data sets" in own.logged()
    assert sorted(own.resources) == ["org_office", "org_organisation"]


def test_bare_identifiers_in_an_archive_are_those_of_a_pull(own: Subscriber, eden: RecordedEden) -> None:
    assert eden.archive is not None
    with zipfile.ZipFile(io.BytesIO(eden.archive)) as packed:
        bare = packed.read(f"{OFFICES}.xml").replace(
            b"urn:uuid:8de62340-a897-4fa6-af94-c8c77a02d749", b"BARE-1"
        )
    eden.archive = _changed(eden.archive, {OFFICES: bare})
    own.choose("OFFICES")
    own.run()
    uuids = {row.uuid for row in own.site.db(own.site.db.org_office).select()}
    assert "vm/BARE-1" in uuids and "BARE-1" not in uuids


def test_no_account_goes_to_another_address(tmp_path: Path) -> None:
    elsewhere = FakePeer(
        lambda asked: Answer(body=(RECORDED / "OFFICES.zip").read_bytes(), content_type="application/zip")
    )
    eden = RecordedEden()
    with elsewhere, FakePeer() as server:
        named = elsewhere.root.encode() + b"/OFFICES.zip"
        old = ARCHIVE[len("/eden") :].encode()

        def role(asked: Asked) -> Answer:
            answer = eden(asked)
            answer.body = answer.body.replace(b">" + old + b"<", b">" + named + b"<")
            return answer

        server.role = role
        own = Subscriber(tmp_path / "own", server.url)
        own.site.db(own.site.db.sync_repository).update(
            username="sync@example.org", password=own.site.vault.seal("secret")
        )
        own.choose("OFFICES")
        own.run()
        assert [each.path for each in elsewhere.asked] == ["/OFFICES.zip"]
        assert all("Authorization" not in each.headers for each in elsewhere.asked)
        assert all("Authorization" in each.headers for each in server.asked)
        own.site.db.close()


@pytest.mark.parametrize("host", ["169.254.169.254", "10.0.0.1", "[::1]", "localhost"])
def test_an_address_in_another_network_is_not_asked(tmp_path: Path, eden: RecordedEden, host: str) -> None:
    with FakePeer() as server:

        def role(asked: Asked) -> Answer:
            answer = eden(asked)
            old = ARCHIVE[len("/eden") :].encode()
            answer.body = answer.body.replace(b">" + old + b"<", f">http://{host}:9/x.zip<".encode())
            return answer

        server.role = role
        own = Subscriber(tmp_path / "own", server.url)
        own.choose("OFFICES")
        own.run()
        assert "leads into a network that is not public" in own.logged(), own.logged()
        assert "Office 07" in own.names("org_office")
        own.site.db.close()


def test_who_asks_says_that_it_takes_archives(tmp_path: Path, eden: RecordedEden) -> None:
    with FakePeer(eden) as server:
        remote = Remote(0, None, "Eden", "urn:own", "own", {"url": server.url})
        with DataAdapter(remote, Lines(tmp_path, SystemClock())) as adapter:
            assert [each.code for each in adapter.sets()] == ["OFFICES", "TYPES"]
        assert server.asked[0].value("archives") == "1"


def _changed(archive: bytes | None, documents: dict[str, bytes | None]) -> bytes:
    """Return an archive with other documents; None leaves one out."""
    assert archive is not None
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as packed, zipfile.ZipFile(out, "w") as changed:
        for entry in packed.infolist():
            uuid = entry.filename[: -len(".xml")]
            content = documents.get(uuid, packed.read(entry)) if uuid in documents else packed.read(entry)
            if content is not None:
                changed.writestr(entry.filename, content)
    return out.getvalue()
