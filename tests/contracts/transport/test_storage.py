"""Places with files, each by the contract of the port; what is special of a folder of this machine."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import pytest

from s3sync.core.errors import ConfigurationError, DocumentError, PeerUnreachable, StoreFull
from s3sync.transport.sealed_storage import SealClosed, SealedStorage
from s3sync.transport.storage import LocalFolder
from s3sync.wire.carried.sealing import CHEAPEST, Cost, Seal
from tests.contracts.transport.storage_contract import StorageContract

CHEAP = Cost(CHEAPEST)


@pytest.fixture()
def root(tmp_path: Path) -> Path:
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


class TestLocalFolder(StorageContract):
    @pytest.fixture()
    def storage(self, root: Path) -> LocalFolder:
        return LocalFolder(root)


def test_a_link_leads_nowhere(root: Path) -> None:
    (root.parent / "secret.txt").write_text("secret")
    (root / "link.txt").symlink_to(root.parent / "secret.txt")
    (root / "folder").symlink_to(root.parent)
    place = LocalFolder(root)
    assert place.list("") == []
    for name in ("link.txt", "folder/secret.txt"):
        with pytest.raises(ConfigurationError, match="outside the folder"):
            place.read(name)


def test_a_stick_that_is_gone_is_told_and_nothing_is_written_in_its_place(root: Path) -> None:
    place = LocalFolder(root)
    root.rmdir()
    for use in (
        lambda: place.list("a"),
        lambda: place.read("a"),
        lambda: place.make_folder("a/b"),
        lambda: place.write("a", io.BytesIO(b"x")),
    ):
        with pytest.raises(PeerUnreachable, match="was there and is gone") as caught:
            use()
        assert "put the memory stick back" in caught.value.hint
    assert not root.exists()


@pytest.mark.parametrize(
    ("number", "expected"),
    [(errno.ENOSPC, StoreFull), (errno.EIO, PeerUnreachable), (errno.EROFS, ConfigurationError)],
)
def test_what_is_wrong_with_a_stick_is_told_by_its_kind(
    root: Path, monkeypatch: pytest.MonkeyPatch, number: int, expected: type[Exception]
) -> None:
    def fails(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(expected):
        LocalFolder(root).write("one.txt", io.BytesIO(b"One"))
    assert list(root.iterdir()) == []


def test_a_file_has_reached_the_medium_when_it_gets_its_name(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (done.append("fsync"), fsync(handle))[1])
    monkeypatch.setattr(os, "replace", lambda *names: (done.append("name"), replace(*names))[1])
    LocalFolder(root).write("one.txt", io.BytesIO(b"One"))
    assert done == ["fsync", "name", "fsync"]


class TestSealed(StorageContract):
    @pytest.fixture()
    def storage(self, root: Path) -> SealedStorage:
        return SealedStorage(LocalFolder(root), Seal("a passphrase of the tests", CHEAP))


class TestClear(StorageContract):
    @pytest.fixture()
    def storage(self, root: Path) -> SealedStorage:
        return SealedStorage(LocalFolder(root), None)


def test_nothing_of_what_is_sealed_can_be_read_on_the_medium(root: Path) -> None:
    place = SealedStorage(LocalFolder(root), Seal("a passphrase of the tests", CHEAP))
    place.make_folder("a/b")
    assert place.write("a/b/state.json", io.BytesIO(b"Ann Example " * 100)) == 1200
    place.write("a/site.json", io.BytesIO(b"who we are"))
    assert b"Ann" not in (root / "a/b/state.json").read_bytes()
    assert (root / "a/site.json").read_bytes() == b"who we are"


@pytest.mark.parametrize(("written", "read"), [("one", "other"), ("one", None), (None, "one")])
def test_a_place_that_is_sealed_otherwise_says_so(root: Path, written: str | None, read: str | None) -> None:
    def place(words: str | None) -> SealedStorage:
        return SealedStorage(
            LocalFolder(root), Seal(f"{words} passphrase of the tests", CHEAP) if words else None
        )

    place(written).write("x", io.BytesIO(b"records"))
    with pytest.raises(SealClosed) as caught:
        place(read).read("x")
    assert "Nothing was read" in caught.value.hint


def test_a_sealed_file_that_was_changed_is_told_while_it_is_read(root: Path) -> None:
    place = SealedStorage(LocalFolder(root), Seal("a passphrase of the tests", CHEAP))
    place.write("x", io.BytesIO(bytes(300_000)))
    text = bytearray((root / "x").read_bytes())
    text[-1] ^= 1
    (root / "x").write_bytes(text)
    found = place.read("x")
    assert found is not None
    with found, pytest.raises(DocumentError, match="cannot be read"):
        found.read()
