"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from s3sync.core.atomic_write import beside, owner_mark, remove_left_behind, replace_text
from s3sync.core.clock import SystemClock


def test_the_former_text_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "ü.json"
    path.write_text("a longer text", "utf-8")
    replace_text(path, "ä")
    assert path.read_text("utf-8") == "ä"
    assert list(tmp_path.iterdir()) == [path]


def test_a_lasting_text_is_on_the_disk_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = tmp_path / "facts.json", []

    def settled(handle: int) -> None:
        seen.append((os.fstat(handle).st_size, path.exists()))

    monkeypatch.setattr("os.fsync", settled)
    replace_text(path, "text", lasting=True)
    assert seen == [(4, False)] and path.read_text("utf-8") == "text"


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    (path / "inside").mkdir(parents=True)
    with pytest.raises(OSError):
        replace_text(path, "text")
    assert list(tmp_path.iterdir()) == [path]


def test_no_two_writers_share_a_temporary_file_and_any_name_has_one(tmp_path: Path) -> None:
    path = tmp_path / ("ü" * 120)
    names = {beside(path) for _ in range(100)}
    assert len(names) == 100
    for name in names:
        name.touch()


# --- what processes leave that are killed -------------------------------------------------------------------


@pytest.fixture(scope="module")
def gone() -> str:
    """Return the mark of a process that has ended."""
    made = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    return owner_mark().replace(f"-{os.getpid()}-", f"-{made.stdout.strip()}-")


def lie_about(folder: Path, name: str, seconds: float, inside: str = "") -> Path:
    """Make a file, or a folder with a file, that has not changed for some time."""
    path = folder / name
    then = time.time() - seconds
    if inside:
        path.mkdir()
        (path / inside).touch()
        os.utime(path / inside, (then, then))
    else:
        path.touch()
    os.utime(path, (then, then))
    return path


HOUR, WEEK = 3600, 7 * 86_400


def test_what_a_process_left_that_is_gone_is_removed(tmp_path: Path, gone: str) -> None:
    lie_about(tmp_path, f"run-{gone}abc", HOUR, "push.xml")
    lie_about(tmp_path, f"sync-{gone}abc.xml", HOUR)
    lie_about(tmp_path, f".{gone}{'0' * 32}.part", HOUR)
    assert remove_left_behind(tmp_path.iterdir(), SystemClock().now()) == 3
    assert list(tmp_path.iterdir()) == []


def test_what_somebody_may_still_need_stays(tmp_path: Path, gone: str) -> None:
    elsewhere = f"00000000-{gone.split('-')[1]}-"
    kept = {
        lie_about(tmp_path, f"run-{owner_mark()}abc", WEEK, "push.xml"),  # of this process, however old
        lie_about(tmp_path, f"sync-{gone}abc.xml", 1),
        lie_about(tmp_path, f"run-{elsewhere}abc", HOUR, "push.xml"),  # of another host
        lie_about(tmp_path, "run-abc", HOUR, "push.xml"),  # of an earlier version
    }
    busy = lie_about(tmp_path, f"run-{gone}busy", HOUR, "push.xml")
    (busy / "push.xml").touch()
    assert remove_left_behind(tmp_path.iterdir(), SystemClock().now()) == 0
    assert set(tmp_path.iterdir()) == {*kept, busy}


def test_what_has_no_known_owner_is_removed_when_it_is_old(tmp_path: Path) -> None:
    lie_about(tmp_path, "run-abc", WEEK, "push.xml")
    lie_about(tmp_path, "sync-abc.xml.gz", WEEK)
    assert remove_left_behind([*tmp_path.iterdir(), tmp_path / "gone meanwhile"], SystemClock().now()) == 2


def test_what_cannot_be_removed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, gone: str
) -> None:
    path = lie_about(tmp_path, f"sync-{gone}abc.xml", HOUR)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    assert remove_left_behind([path], SystemClock().now()) == 0
    assert path.name in caplog.text
