"""The vault: what is stored opens nothing without the key, and what an old Eden stored is still read."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from s3sync.core.errors import ConfigurationError
from s3sync.site.vault import KEY_FILE, PREFIX, Vault


def test_what_is_sealed_is_not_readable_and_opens_again(tmp_path: Path) -> None:
    sealed = Vault(tmp_path).seal("geheim ✓")
    assert sealed is not None and sealed.startswith(PREFIX) and "geheim" not in sealed
    assert Vault(tmp_path).open(sealed) == "geheim ✓"


def test_each_purpose_has_a_key_of_its_own_that_does_not_open_what_is_sealed(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    one, other = vault.key_for("one"), vault.key_for("other")
    assert len(one) == 32 and one != other
    assert Vault(tmp_path).key_for("one") == one
    assert one not in (tmp_path / KEY_FILE).read_bytes()


def test_the_key_is_for_its_owner_only(tmp_path: Path) -> None:
    Vault(tmp_path).seal("x")
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [KEY_FILE]


@pytest.mark.parametrize("stored", [None, "", "plain text of an old Eden"])
def test_what_was_never_sealed_is_read_as_it_is(tmp_path: Path, stored: str) -> None:
    assert Vault(tmp_path).open(stored) == stored
    assert not (tmp_path / KEY_FILE).exists()


def test_sealing_twice_is_sealing_once(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    once = vault.seal("x")
    assert vault.seal(once) == once


def test_another_key_is_named_with_what_to_do(tmp_path: Path) -> None:
    sealed = Vault(tmp_path / "a").seal("x")
    Vault(tmp_path / "b").seal("y")
    with pytest.raises(ConfigurationError) as caught:
        Vault(tmp_path / "b").open(sealed)
    assert "Enter the password of the repository again" in caught.value.hint


def test_a_missing_or_damaged_key_is_named(tmp_path: Path) -> None:
    sealed = Vault(tmp_path).seal("x")
    (tmp_path / KEY_FILE).write_text("not a key")
    with pytest.raises(ConfigurationError):
        Vault(tmp_path).open(sealed)
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(ConfigurationError):
        Vault(tmp_path).open(sealed)
    assert not (tmp_path / KEY_FILE).exists()


@pytest.fixture(params=["hard links", "no hard links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "no hard links":

        def refuse(*_: object) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("links")
def test_a_key_is_made_on_any_file_system(tmp_path: Path) -> None:
    sealed = Vault(tmp_path).seal("x")
    assert Vault(tmp_path).open(sealed) == "x"
    assert [each.name for each in tmp_path.iterdir()] == [KEY_FILE]
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600


def test_a_key_that_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(ConfigurationError):
        Vault(tmp_path).seal("x")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "private").write_text("a file")
    with pytest.raises(ConfigurationError, match="cannot be made"):
        Vault(tmp_path / "private" / "keys").seal("x")


def test_a_key_that_is_just_being_written_is_waited_for(tmp_path: Path) -> None:
    sealed = Vault(tmp_path).seal("x")
    key = (tmp_path / KEY_FILE).read_bytes()
    (tmp_path / KEY_FILE).write_bytes(b"")
    writer = threading.Timer(0.1, (tmp_path / KEY_FILE).write_bytes, (key,))
    writer.start()
    assert Vault(tmp_path).open(sealed) == "x"
    writer.join()


@pytest.mark.usefixtures("links")
def test_many_at_once_agree_on_one_key(tmp_path: Path) -> None:
    sealed = []
    start = threading.Barrier(8)

    def seal() -> None:
        start.wait()
        sealed.append(Vault(tmp_path).seal("x"))

    threads = [threading.Thread(target=seal) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [Vault(tmp_path).open(each) for each in sealed] == ["x"] * 8
