"""Parts of what broke off: bounded in number, size and age, and nobody else's."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path

import pytest

from s3sync.core.clock import SystemClock
from s3sync.core.limits import PARTS_OF_ONE
from s3sync.wire.part_store import USED, PartStore, digest_of

NAME = "ab12"


def store(folder: Path, age: float = 100.0, most: int = 1000) -> PartStore:
    return PartStore(folder / "parts", SystemClock(), age, most)


def put(parts: PartStore, owner: int, name: str, content: bytes, seconds: float = 0.0) -> None:
    assert parts.make_room(owner, name, len(content))
    parts.append(owner, name, 0, [content])
    then = time.time() - seconds
    os.utime(parts.path(owner, name), (then, then))


def test_a_part_grows_at_its_end_only(tmp_path: Path) -> None:
    parts = store(tmp_path)
    put(parts, 1, NAME, b"begin")
    assert parts.append(1, NAME, 5, [b"-", b"middle"]) == 12
    assert parts.append(1, NAME, 5, [b"again, from a request that was thought lost"]) == 12
    assert parts.append(1, NAME, 99, [b"beyond"]) == 12
    assert parts.append(1, "cd", 7, [b"of which nothing is here"]) == 0
    assert parts.path(1, NAME).read_bytes() == b"begin-middle" and parts.size(1, "cd") == 0


def test_what_was_written_before_an_error_stays(tmp_path: Path) -> None:
    parts = store(tmp_path)
    parts.make_room(1, NAME, 10)

    def breaks() -> object:
        yield b"some"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        parts.append(1, NAME, 0, breaks())  # type: ignore[arg-type]
    assert parts.size(1, NAME) == 4


def test_a_part_belongs_to_one_repository(tmp_path: Path) -> None:
    parts = store(tmp_path)
    put(parts, 1, NAME, b"mine")
    assert (parts.size(1, NAME), parts.size(11, NAME), parts.size(2, NAME)) == (4, 0, 0)
    assert parts.names(1, "ab") == [NAME] and parts.names(11, "") == [] and parts.names(1, "b") == []


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", "a" * 200, "x", "-a", "a.b"])
def test_a_name_is_nothing_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError):
        store(tmp_path).path(1, name)


def test_what_is_too_old_is_removed(tmp_path: Path) -> None:
    parts = store(tmp_path, age=100)
    put(parts, 1, "aa", b"old", seconds=101)
    put(parts, 2, "bb", b"new", seconds=50)
    assert parts.size(1, "aa") == 0 and parts.size(2, "bb") == 3
    put(parts, 1, "cc", b"another")
    assert sorted(each.name for each in (tmp_path / "parts").iterdir()) == ["1.cc", "2.bb"]
    os.utime(parts.path(2, "bb"), (1, 1))
    assert parts.expire() == 1 and store(tmp_path / "nowhere").expire() == 0


def test_one_that_was_used_goes_soon(tmp_path: Path) -> None:
    parts = store(tmp_path, age=86_400)
    put(parts, 1, NAME, b"used")
    parts.used(1, NAME)
    parts.used(1, "cd")
    left = 86_400 - (time.time() - parts.path(1, NAME).stat().st_mtime)
    assert USED - 10 < left <= USED + 1 and parts.size(1, NAME) == 4


def test_the_oldest_make_room(tmp_path: Path) -> None:
    parts = store(tmp_path, most=10)
    put(parts, 1, "aa", b"1234", seconds=9)
    put(parts, 2, "bb", b"1234", seconds=5)
    put(parts, 3, "cc", b"1234")
    assert [parts.size(*each) for each in ((1, "aa"), (2, "bb"), (3, "cc"))] == [0, 4, 4]
    assert not parts.make_room(4, "dd", 11), "larger than all together may be"
    assert parts.make_room(3, "cc", 6) and parts.size(2, "bb") == 4, "what is here of it counts once"


def test_of_one_repository_only_the_latest_are_kept(tmp_path: Path) -> None:
    parts = store(tmp_path)
    for number in range(PARTS_OF_ONE + 3):
        put(parts, 1, f"a{number}", b"x", seconds=50 - number)
    put(parts, 2, "bb", b"x", seconds=90)
    assert parts.names(1, "") == [f"a{number}" for number in range(PARTS_OF_ONE + 2, 2, -1)]
    assert parts.size(2, "bb") == 1


def test_there_are_not_more_than_so_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3sync.wire.part_store.PARTS_TOGETHER", 3)
    parts = store(tmp_path)
    for owner in range(5):
        put(parts, owner, NAME, b"x", seconds=50 - owner)
    assert [parts.size(owner, NAME) for owner in range(5)] == [0, 0, 1, 1, 1]


def test_a_digest_is_that_of_all_bytes(tmp_path: Path) -> None:
    source = io.BytesIO(b"abc")
    source.read()
    assert digest_of(source) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
