"""Sites exchange by a memory stick, as the worker does it; what happens to the stick loses and repeats nothing."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import BinaryIO

import pytest

from s3sync.core.errors import SyncError
from s3sync.exchange.run.failures import RunFailed
from s3sync.transport.storage import LocalFolder
from tests.support.carried import OFFICE, ORG, Carried, cheap_keys

DOCUMENT = "doc_document"


@pytest.fixture(scope="module", params=["", "a passphrase of the tests"], ids=["clear", "sealed"])
def world(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Carried]:
    """Three sites. Whatever happens to a stick happens to one that is sealed, too."""
    with cheap_keys():
        yield Carried(tmp_path_factory.mktemp("carried"), "abc", passphrase=request.param)


@pytest.fixture()
def pair(world: Carried) -> Carried:
    world.begin("ab")
    world.meet()
    return world


def test_what_one_site_has_the_other_gets_and_nothing_comes_twice(pair: Carried) -> None:
    pair.add("a", "one", "two", "three", "four")
    pair.add("b", "five")
    pair.run("abab")
    assert pair.state("a") == pair.state("b") and len(pair.state("a")) == 5
    assert pair.received("a") == {"created": 1, "updated": 0, "unchanged": 0}
    assert pair.received("b") == {"created": 4, "updated": 0, "unchanged": 0}


def nothing_twice(pair: Carried, name: str, created: int, updated: int = 0) -> None:
    assert pair.received(name) == {"created": created, "updated": updated, "unchanged": 0}


def test_nothing_new_writes_no_page_and_a_page_that_was_read_goes(pair: Carried) -> None:
    pair.add("a", "one")
    pair.run("a")
    assert len(pair.stick.files("*.xml.gz")) == 1
    pair.run("ba")
    assert pair.stick.files("*.xml.gz") == [], "b has said that it has stored it"
    before = pair.stick.files()
    pair.run("baba")
    assert pair.stick.files() == before


def test_changes_deletions_and_references_follow(pair: Carried) -> None:
    site = pair.sites["a"]
    key = site.db[ORG].insert(uuid="one", name="One")
    site.db[OFFICE].insert(uuid="office", name="Office", organisation_id=key)
    pair.add("a", "two")
    pair.run("ab")
    other = pair.sites["b"]
    assert other.db[ORG](other.row(OFFICE, "office").organisation_id).uuid == "one"
    pair.change("b", "one", name="Changed at b")
    pair.change("a", "two", deleted=True)
    pair.run("aba")
    assert pair.state("a") == pair.state("b") == {"one": "Changed at b"}


def test_what_was_written_counts_as_sent_when_it_was_read(pair: Carried) -> None:
    """Both sites change a record before either has read the other: that is a conflict, as on a line."""
    pair.add("a", "one")
    pair.run("aba")
    pair.change("a", "one", name="At a")
    pair.run("a")
    pair.change("b", "one", name="At b")
    states = pair.sites["a"].repository(pair.key("a", "b")).states
    assert states.delivered(ORG) < pair.sites["a"].journal.head()
    pair.run("bab")
    assert pair.state("a") == pair.state("b") == {"one": "At b"}
    kept = pair.sites["b"].db.sync_kept
    assert [row.kind for row in pair.sites["b"].db(kept.tablename == ORG).select()] == ["conflict"]


def test_a_stick_that_is_carried_twice_brings_nothing_twice(pair: Carried) -> None:
    pair.add("a", "one", "two", "three", "four")
    pair.run("a")
    copy = pair.stick.copy(pair.folder / "copy")
    pair.run("b")
    pair.stick.put_back(copy)
    pair.run("bb")
    nothing_twice(pair, "b", created=4)
    pair.run("aba")
    nothing_twice(pair, "b", created=4)


def test_an_old_copy_of_a_stick_is_recognised_and_nothing_of_it_is_read(pair: Carried) -> None:
    pair.add("a", "one")
    pair.run("ab")
    old = pair.stick.copy(pair.folder / "old")
    pair.add("b", "two")
    pair.change("a", "one", name="Later")
    pair.run("abab")
    pair.stick.put_back(old)
    pair.run("ab")
    assert any("older than what was read before" in message for message in pair.log("a"))
    assert pair.state("a") == pair.state("b") == {"one": "Later", "two": "two of b"}
    pair.add("a", "three")
    pair.run("abab")
    assert pair.state("a") == pair.state("b") and len(pair.state("b")) == 3
    nothing_twice(pair, "b", created=2, updated=1)
    nothing_twice(pair, "a", created=1)


def test_what_was_on_a_stick_that_is_lost_is_written_again(pair: Carried) -> None:
    pair.add("a", *(f"u{number}" for number in range(7)))
    pair.run("a")
    pair.stick.lose()
    pair.add("a", "last")
    pair.run("abab")
    assert pair.state("a") == pair.state("b") and len(pair.state("b")) == 8
    nothing_twice(pair, "b", created=8)


def test_a_stick_that_is_lost_after_it_was_read_brings_nothing_twice(pair: Carried) -> None:
    """a does not know yet that b has read: it writes everything again, with the same ends of pages."""
    pair.add("a", *(f"u{number}" for number in range(7)))
    pair.run("ab")
    pair.stick.lose()
    pair.add("a", "last")
    pair.change("a", "u3", name="Later")
    pair.run("abab")
    assert pair.state("a") == pair.state("b") and len(pair.state("b")) == 8
    nothing_twice(pair, "b", created=8, updated=1)


def test_two_sticks_under_way_at_once_are_read_in_any_order(pair: Carried) -> None:
    pair.add("a", "one")
    pair.run("a")
    first = pair.stick.copy(pair.folder / "first")
    pair.stick.lose()
    pair.add("a", "two")
    pair.run("a")
    second = pair.stick.copy(pair.folder / "second")
    for stick in (second, first, second):
        pair.stick.put_back(stick)
        pair.run("b")
    assert pair.state("b") == pair.state("a")
    nothing_twice(pair, "b", created=2)


class PulledOut(Exception):
    """The process ended with the stick."""


@pytest.mark.parametrize("torn", [False, True])
def test_wherever_a_stick_is_pulled_out_while_it_is_written_the_next_run_goes_on(
    pair: Carried, monkeypatch: pytest.MonkeyPatch, torn: bool
) -> None:
    whole, tries = LocalFolder.write, 0

    def write(self: LocalFolder, name: str, source: BinaryIO) -> int:
        nonlocal left
        left -= 1
        if left < 0:
            if torn:
                text = source.read()
                self._path(name).write_bytes(text[: len(text) // 2])
            raise PulledOut
        return whole(self, name, source)

    ended = False
    pair.add("a", *(f"v{number}" for number in range(7)))
    while not ended:
        left = tries
        monkeypatch.setattr(LocalFolder, "write", write)
        try:
            pair.run("a")
            ended = True
        except (PulledOut, SyncError):
            tries += 1
        monkeypatch.setattr(LocalFolder, "write", whole)
        with contextlib.suppress(RunFailed):
            pair.run("b")
    assert tries == 4, "three pages and the state"
    pair.add("a", "last")
    pair.run("ab")
    assert pair.state("b") == pair.state("a") and len(pair.state("a")) == 8
    nothing_twice(pair, "b", created=8)


def test_a_page_that_was_damaged_on_the_way_is_told_and_written_again(pair: Carried) -> None:
    pair.add("a", *(f"u{number}" for number in range(7)))
    pair.run("a")
    second = pair.stick.folder / pair.stick.files("2.xml.gz")[0]
    text = bytearray(second.read_bytes())
    text[len(text) // 2] ^= 1
    second.write_bytes(text)
    with pytest.raises(RunFailed, match=r"2\.xml\.gz cannot be read"):
        pair.run("b")
    assert len(pair.state("b")) == 3, "the page before it stays"
    pair.run("ab")
    assert pair.state("b") == pair.state("a")
    nothing_twice(pair, "b", created=7)


def test_a_state_that_is_not_whole_counts_for_nothing(pair: Carried) -> None:
    pair.add("a", "one")
    pair.run("a")
    (state,) = (pair.stick.folder / name for name in pair.stick.files("state.json"))
    whole = state.read_bytes()
    state.write_bytes(whole[: len(whole) // 2])
    pair.run("b")
    assert pair.state("b") == {} and any("not whole" in message for message in pair.log("b"))
    pair.run("ab")
    assert pair.state("b") == pair.state("a")


def test_a_site_that_was_restored_from_a_backup_gets_back_what_it_had_and_brought(pair: Carried) -> None:
    pair.add("a", "one")
    pair.run("abab")
    backup = pair.backup("b")
    pair.add("b", "two")
    pair.add("a", "three")
    pair.run("baba")
    pair.restore("b", backup)
    assert pair.state("b") == {"one": "one of a"}
    pair.add("b", "four")
    pair.run("bababa")
    assert pair.state("a") == pair.state("b") and set(pair.state("a")) == {"one", "two", "three", "four"}
    assert any("restored from a backup" in message for message in pair.log("b"))


def test_several_sites_share_one_stick(world: Carried) -> None:
    sites = world
    sites.begin("abc")
    sites.meet()
    for name in "abc":
        sites.add(name, f"one at {name}", f"two at {name}")
    sites.run("abcabc")
    assert sites.state("a") == sites.state("b") == sites.state("c") and len(sites.state("a")) == 6


def test_sites_find_each_other_by_the_stick_alone(world: Carried) -> None:
    pair = world
    pair.begin("ab")
    pair.add("a", "one")
    with pytest.raises(SyncError, match="has not used this folder yet"):
        pair.run("a")
    pair.run("bab")
    assert pair.state("b") == {"one": "one of a"}
    assert pair.sites["a"].repository(pair.key("a", "b")).uuid == pair.sites["b"].uuid


def test_files_of_records_travel(pair: Carried) -> None:
    sites = pair.sites
    for name, other in ("ab", "ba"):
        sites[name].db.sync_task.insert(repository_id=pair.key(name, other), resource_name=DOCUMENT)
    site = sites["a"]
    stored = site.s3db[DOCUMENT].file.store(io.BytesIO(b"A report"), "report.txt")
    site.db[DOCUMENT].insert(uuid="doc", name="Report", file=stored)
    site.db.commit()
    pair.run("a")
    (name,) = (each for each in pair.stick.files() if "/files/" in each)
    pair.stick.copy(pair.folder / "copy")
    (pair.stick.folder / name).write_bytes(b"A repart")
    pair.run("b")
    target = sites["b"].files.path(DOCUMENT, "file", stored)
    assert not target.exists(), "it is not as it was written"
    sites["b"].clock.step(86400)
    pair.run("ab")
    assert target.read_bytes() == b"A report"
    pair.run("ab")
    assert not [each for each in pair.stick.files() if "/files/" in each], "nobody waits for it"


def test_a_stick_that_is_not_there_is_told_and_nothing_counts_as_sent(pair: Carried) -> None:
    pair.add("a", "one")
    gone = pair.stick.folder.rename(pair.folder / "gone")
    with pytest.raises(SyncError, match="There is no folder"):
        pair.run("a")
    gone.rename(pair.stick.folder)
    pair.run("ab")
    assert set(pair.state("b")) == {"one"}


def test_what_other_programs_put_on_the_stick_stays(pair: Carried) -> None:
    pair.add("a", "one")
    (pair.stick.folder / "holiday.jpg").write_bytes(b"x")
    (pair.stick.folder / "other").mkdir()
    pair.run("abab")
    assert (pair.stick.folder / "holiday.jpg").exists() and (pair.stick.folder / "other").is_dir()


def test_a_run_that_comes_back_to_a_resource_writes_no_page_twice(
    pair: Carried, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deletion that waits lets every resource be exchanged once more at the end of the run."""
    site = pair.sites["b"]
    pair.add("a", "one")
    pair.run("aba")
    key = site.row(ORG, "one").id
    site.db[OFFICE].insert(uuid="office", name="Office of b", organisation_id=key)
    site.db.commit()
    pair.change("a", "one", deleted=True)
    pair.run("a")
    written: list[str] = []
    write = LocalFolder.write

    def noted(self: LocalFolder, name: str, source: BinaryIO) -> int:
        written.append(name)
        return write(self, name, source)

    monkeypatch.setattr(LocalFolder, "write", noted)
    pair.run("b")
    assert len([name for name in written if f"/{OFFICE}/" in name]) == 1
    pair.run("aba")
    assert pair.state("a") == pair.state("b") == {"one": "one of a"}, "the office needs it"
