"""Sticks that are sealed with a passphrase: a wrong one says so and changes nothing, a new one costs a journey."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from s3sync.active.stick_contents import Condition, StickContents, take_away
from s3sync.core.errors import AlreadyRunning
from s3sync.transport.sealed_storage import SealClosed
from tests.support.carried import Carried, cheap_keys

WORDS = "a passphrase of the tests"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carried]:
    with cheap_keys():
        yield Carried(tmp_path_factory.mktemp("sealed"), "ab", passphrase=WORDS)


@pytest.fixture()
def pair(world: Carried) -> Carried:
    world.begin("ab")
    world.meet()
    return world


def enter(pair: Carried, name: str, passphrase: str) -> None:
    other = "b" if name == "a" else "a"
    pair.agree(pair.sites[name], pair.key(name, other), passphrase)


def clear(pair: Carried, name: str) -> None:
    other = "b" if name == "a" else "a"
    take_away(pair.sites[name].repository(pair.key(name, other)))
    pair.sites[name].db.commit()


def contents(pair: Carried) -> dict[str, bytes]:
    return {name: (pair.stick.folder / name).read_bytes() for name in pair.stick.files()}


def test_no_record_and_no_name_of_a_table_can_be_read_in_a_file_on_the_stick(pair: Carried) -> None:
    pair.add("a", "one", "two")
    pair.run("ab")
    files = contents(pair)
    assert len([name for name in files if not name.endswith("site.json")]) == 3
    for name, text in files.items():
        assert text.startswith(b"EDENSEAL") or name.endswith("site.json")
        assert b"org_organisation" not in text and b" of a" not in text


@pytest.mark.parametrize(
    ("at_a", "at_b"),
    [("another one of the tests", WORDS), ("", WORDS), (WORDS, ""), (WORDS, "another one of the tests")],
)
def test_another_passphrase_is_a_clear_sentence_and_changes_nothing(
    pair: Carried, at_a: str, at_b: str
) -> None:
    enter(pair, "a", at_a)
    enter(pair, "b", at_b)
    pair.add("a", "one")
    pair.add("b", "two")
    pair.run("a")
    before = contents(pair)
    with pytest.raises(SealClosed) as caught:
        pair.run("b")
    assert (
        "passphrase" in caught.value.message
        and "Nothing was read and nothing was written" in caught.value.hint
    )
    assert contents(pair) == before and pair.state("b") == {"two": "two of b"}
    enter(pair, "b", at_a)
    pair.run("ba")
    assert pair.state("a") == pair.state("b") and len(pair.state("a")) == 2


@pytest.mark.parametrize("later", ["another one of the tests", ""])
def test_after_a_change_what_lies_there_is_taken_away_and_written_again(pair: Carried, later: str) -> None:
    pair.add("a", "one", "two", "three", "four")
    pair.run("aba")
    pair.add("a", "five")
    pair.add("b", "six")
    pair.run("ba")
    for name in "ab":
        enter(pair, name, later)
    with pytest.raises(SealClosed):
        pair.run("a")
    clear(pair, "a")
    pair.run("abab")
    assert pair.state("a") == pair.state("b") and len(pair.state("a")) == 6
    assert pair.received("b") == {"created": 5, "updated": 0, "unchanged": 0}
    assert pair.received("a") == {"created": 1, "updated": 0, "unchanged": 0}


def test_taking_away_leaves_other_files_and_who_the_sites_are(pair: Carried) -> None:
    (pair.stick.folder / "holiday.jpg").write_bytes(b"x")
    pair.add("a", "one")
    pair.run("ab")
    clear(pair, "a")
    assert [name.rpartition("/")[2] for name in pair.stick.files()] == [
        "site.json",
        "site.json",
        "holiday.jpg",
    ]


def test_nothing_is_taken_away_while_a_run_writes(pair: Carried) -> None:
    site, key = pair.sites["a"], pair.key("a", "b")
    run = site.db.sync_run.insert(repository_id=key, state="running")
    site.db.sync_lease.insert(repository_id=key, owner="x:1:1", run_id=run, heartbeat=pair.clock.now())
    site.db.commit()
    with pytest.raises(AlreadyRunning):
        clear(pair, "a")
    site.db.rollback()


def test_a_stick_tells_whether_it_opens_here(pair: Carried) -> None:
    pair.add("a", "one")
    pair.run("a")

    def conditions() -> list[tuple[Condition, int]]:
        site = pair.sites["b"]
        found = StickContents.of_folder(site, str(pair.stick.folder)).left()
        site.db.commit()
        return [(each.condition, each.count) for each in found]

    assert conditions() == [(Condition.NEW, 1)]
    enter(pair, "b", "another one of the tests")
    assert conditions() == [(Condition.SEALED, 0)]
    enter(pair, "b", "")
    assert conditions() == [(Condition.SEALED, 0)]
