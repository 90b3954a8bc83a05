"""Files that are not there when they are asked for are asked for again, by pauses that grow, until they come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Callable

import pytest

from s3sync.active.local_site import LocalSite
from s3sync.core.repository_state import Reason
from s3sync.core.retry import pause
from s3sync.database import open_there as open_there
from s3sync.exchange.peer import Exchange
from s3sync.exchange.run.ports import Task
from tests.support.exchange import Pair
from tests.support.site import Clock, SampleSite
from tests.support.standing import has_address, says

DOCUMENT = "doc_document"
STORED = "doc_document.file.0123456789abcdef.61.txt"
Sites = Callable[[str], SampleSite]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sites(tmp_path: Path, clock: Clock) -> Iterator[Sites]:
    made: list[SampleSite] = []

    def make(name: str) -> SampleSite:
        made.append(SampleSite(tmp_path / name, clock=clock))
        return made[-1]

    yield make
    for each in made:
        each.close()


def place(site: SampleSite) -> Path:
    return site.files.path(DOCUMENT, "file", STORED)


def document(site: SampleSite) -> None:
    with site.store.transaction():
        site.s3db[DOCUMENT].insert(name="Report", uuid="d", file=STORED)


def awaited(site: SampleSite, repository_id: int = 1) -> list[str]:
    return [each.uuid for each in site.pending_references.missing_files(repository_id, 10)]


@pytest.fixture
def late(sites: Sites, clock: Clock) -> Pair:
    """A pair whose active site asked for a file several times in vain, before it came to the passive one."""
    hub = sites("hub")
    document(hub)
    pair = Pair(sites("spoke"), hub, DOCUMENT)
    for _ in range(8):
        pair.run()
        clock.step(60)
    place(hub).write_text("the only copy")
    return pair


def test_a_file_that_was_asked_for_too_early_comes_once_it_is_there(sites: Sites, clock: Clock) -> None:
    hub, spoke = sites("hub"), sites("spoke")
    document(hub)
    pair = Pair(spoke, hub, DOCUMENT)
    pair.run()
    assert any("missing since 2026-03-01 12:00 UTC" in entry[3] for entry in pair.told.entries)
    place(hub).write_text("the only copy")
    clock.step(60)
    pair.run()
    assert place(spoke).read_text() == "the only copy" and awaited(spoke) == []


def test_it_is_asked_for_after_pauses_that_grow_and_told_each_time(sites: Sites, clock: Clock) -> None:
    hub, spoke = sites("hub"), sites("spoke")
    document(hub)
    pair = Pair(spoke, hub, DOCUMENT)
    asked = []
    for minute in range(30):
        pair.run()
        if any("it is asked for again" in entry[3] for entry in pair.told.entries):
            asked.append(minute)
        clock.step(60)
    assert asked == [0, 1, 2, 7, 22]
    assert pause(1) == timedelta() and pause(4) < pause(5) < pause(7) == pause(100) == timedelta(days=1)
    assert awaited(spoke) == [STORED]


def test_to_compare_everything_again_asks_at_once(late: Pair) -> None:
    late.run()
    assert not place(late.own).exists()
    with late.own.store.transaction():
        late.repository.start_over(DOCUMENT)
    late.run()
    assert place(late.own).exists()


def test_it_finds_a_file_that_an_earlier_version_gave_up(sites: Sites) -> None:
    hub, spoke = sites("hub"), sites("spoke")
    document(hub)
    pair = Pair(spoke, hub, DOCUMENT)
    pair.run()
    with spoke.store.transaction():
        spoke.db(spoke.db.sync_deferred).delete()
        pair.repository.start_over(DOCUMENT)
    place(hub).write_text("the only copy")
    pair.run()
    assert place(spoke).exists()


def test_an_edit_of_the_record_asks_at_once(late: Pair) -> None:
    with late.other.store.transaction():
        late.other.db(late.other.s3db[DOCUMENT].uuid == "d").update(comments="edited")
    late.run()
    assert place(late.own).exists()


def test_a_file_comes_through_a_hub_that_did_not_have_it_yet(sites: Sites, clock: Clock) -> None:
    field, hub, office = sites("field"), sites("hub"), sites("office")
    place(field).write_text("the only copy")
    document(field)
    up, down = Pair(field, hub, DOCUMENT), Pair(office, hub, DOCUMENT)
    up.peer.lose_answers = 9
    with pytest.raises(Exception, match="The answer was lost"):
        up.run()
    up.peer.lose_answers = 0
    down.run()
    for pair in (up, down):
        clock.step(3600)
        pair.run()
    assert place(hub).exists() and place(office).exists()


def test_a_file_is_asked_for_at_each_site_that_brings_the_record(sites: Sites) -> None:
    hub, near, far = sites("hub"), sites("near"), sites("far")
    for site in (near, far):
        document(site)
    place(far).write_text("the only copy")
    Pair(near, hub, DOCUMENT).run()
    assert awaited(hub, 1) == [STORED], "who brought it has no file either, as after a restore of the hub"
    Pair(far, hub, DOCUMENT).run()
    assert place(hub).read_text() == "the only copy"
    assert awaited(hub, 1) == awaited(hub, 2) == []


def test_a_site_that_waits_for_a_file_claims_nothing_of_others_that_have_the_record(
    sites: Sites, clock: Clock
) -> None:
    """The record came from the one, its file has not; the other one has the record, and not the file any more."""
    one, here, other = sites("one"), sites("here"), sites("other")
    document(one)
    pairs = [Pair(one, other, DOCUMENT), Pair(one, here, DOCUMENT), Pair(here, other, DOCUMENT)]
    for pair in pairs:
        has_address(pair)
    place(one).write_text("the only copy")
    run(pairs[0])
    assert place(other).exists()
    for site in (one, other):
        place(site).unlink()
    run(pairs[1])
    assert says(here, one) is Reason.FILES and says(one, here) in (Reason.FILES_THERE, Reason.OPEN_THERE)
    run(pairs[2])
    assert says(here, other) is says(other, here) is Reason.FILES, "each has asked the other one"
    (listed,) = open_there.listed(other.db, other.repository(here.uuid).id, 10)
    assert (listed.kind, listed.tablename, listed.uuid) == ("file", DOCUMENT, "d")
    place(other).write_text("the only copy")
    clock.step(3600)
    for pair in (pairs[2], *pairs):
        run(pair)
    assert says(here, other) is says(other, here) is says(here, one) is Reason.EQUAL
    assert place(here).exists() and not place(one).exists(), (
        "nobody has told this site that its own copy is gone"
    )


def test_a_file_that_was_given_up_is_no_longer_waited_for(late: Pair) -> None:
    has_address(late)
    pending = late.own.pending_references
    with late.own.store.transaction():
        pending.give_up(pending.missing_files(1, 10))
    run(late)
    assert says(late.own, late.other) is Reason.GIVEN_UP and says(late.other, late.own) is Reason.OPEN_THERE


def run(pair: Pair) -> None:
    pair.run()
    finished_on = pair.own.clock.now()
    pair.own.db.sync_run.insert(repository_id=pair.repository.id, state="completed", finished_on=finished_on)
    pair.own.db.commit()


def test_a_file_that_we_did_not_have_yet_is_sent_once_it_is_here(sites: Sites, clock: Clock) -> None:
    site, hub = sites("site"), sites("hub")
    document(site)
    pair = Pair(site, hub, DOCUMENT)
    pair.run()
    assert awaited(hub) == [STORED]
    place(site).write_text("it came late")
    clock.step(60)
    pair.run()
    assert place(hub).read_text() == "it came late" and awaited(hub) == []
    assert pair.repository.states.pushed(DOCUMENT).files == []


@pytest.mark.parametrize("others", [(), ("org_organisation",)], ids=["alone", "with another resource"])
def test_a_file_comes_also_if_its_record_was_rejected_first_and_nothing_is_pushed_since(
    tmp_path: Path, others: tuple[str, ...]
) -> None:
    ahead, right = (SampleSite(tmp_path / name) for name in ("ahead", "right"))
    ahead.clock.step(86_400 * 3)
    place(ahead).write_text("the only copy")
    document(ahead)
    pair = Pair(ahead, right, *others, DOCUMENT)
    pair.run()
    assert [each.kind for each in right.kept()] == ["rejected"]
    for _ in range(4):
        right.clock.step(86_400)
        ahead.clock.step(86_400)
        pair.run()
    assert right.kept() == [] and right.row(DOCUMENT, "d").file == STORED
    assert place(right).read_text() == "the only copy" and awaited(right) == []
    for each in (ahead, right):
        each.close()


def test_what_cannot_be_sent_is_not_tried_with_every_run(sites: Sites, clock: Clock) -> None:
    site, hub = sites("site"), sites("hub")
    document(site)
    pair = Pair(site, hub, DOCUMENT)
    told = 0
    for _ in range(30):
        pair.run()
        told += any("was not sent" in entry[3] for entry in pair.told.entries)
        clock.step(60)
    assert told == 5


@pytest.mark.parametrize(("apitype", "is_signed"), [("eden", True), ("folder", False), ("s3_files", False)])
def test_only_an_eden_gets_addresses_that_hold_for_hours(sites: Sites, apitype: str, is_signed: bool) -> None:
    """What lies in a folder is read some day, by people and programs with an account."""
    site = sites("own")
    document(site)
    with site.store.transaction():
        key = site.db.sync_repository.insert(name="other", uuid="other", apitype=apitype)
    target = site.spool / "page.xml"
    LocalSite(site.repository(key)).write_page(Task(1, Exchange(DOCUMENT)), 0, 9, target, paged=False)
    assert (b"/sync/download/" in target.read_bytes()) is is_signed
    assert STORED.encode() in target.read_bytes()
