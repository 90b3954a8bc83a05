"""Places with files, each by the contract of the port; what is special of a folder of this machine."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path

import pytest

from s3sync.core.errors import ConfigurationError, PeerUnreachable, StoreFull
from s3sync.transport.storage import LocalFolder
from tests.contracts.transport.storage_contract import StorageContract


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
