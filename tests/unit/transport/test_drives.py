"""Sticks and shared folders are found below the allowed folders, and named as people know them."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.transport import drives as drives_module
from s3sync.transport.drives import drives, mount_points, mounted

MARKER = "site.json"
TABLE = """\
22 27 0:21 / /sys rw,nosuid shared:7 - sysfs sysfs rw
612 27 8:17 / /media/ann/RED\\040CROSS rw,nosuid shared:5 - vfat /dev/sdb1 rw
613 27 8:33 / /media/ann/B\\134C rw - vfat /dev/sdc1 rw
broken
"""


def test_mount_points_are_read_with_the_blanks_in_their_names() -> None:
    assert mount_points(TABLE) == [Path("/media/ann/B\\C"), Path("/media/ann/RED CROSS"), Path("/sys")]


def test_a_system_that_tells_nothing_of_mounts_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(drives_module, "MOUNTS", tmp_path / "none")
    assert mounted() == []


def test_each_drive_below_a_root_is_found_by_its_name_and_no_other(tmp_path: Path) -> None:
    stick, elsewhere = tmp_path / "media" / "KINGSTON", tmp_path / "secret"
    for each in (stick, elsewhere):
        each.mkdir(parents=True)
    found = drives([tmp_path / "media"], [stick, elsewhere], [elsewhere], MARKER)
    assert [(each.name, each.is_mounted) for each in found] == [("KINGSTON", True), ("media", False)]
    assert found[0].free and found[0].is_writable


def test_folders_with_an_exchange_and_folders_of_repositories_are_found_once(tmp_path: Path) -> None:
    for name in ("a/one", "b", "c"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "a" / "one" / MARKER).write_text("{}")
    found = drives([tmp_path], [], [tmp_path / "b", tmp_path / "a", tmp_path / "gone"], MARKER)
    assert [each.path.name for each in found] == ["b", "a", tmp_path.name]


@pytest.mark.parametrize("root", ["/media", "/mnt", "/run/media", "/media/ann", "/run/media/ann"])
def test_where_the_system_gathers_drives_is_no_drive_itself(
    root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda self: True)
    assert drives([Path(root)], [], [], MARKER) == []


def test_a_root_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    assert drives([tmp_path / "none"], [], [], MARKER) == []


def test_a_link_in_a_root_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside" / "one"
    outside.mkdir(parents=True)
    (outside / MARKER).write_text("{}")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "outside")
    assert [each.path for each in drives([root], [], [], MARKER)] == [root]
