"""Files that are there whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.core.atomic_write import beside, replace_text


def test_the_former_text_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "ü.json"
    path.write_text("a longer text", "utf-8")
    replace_text(path, "ä")
    assert path.read_text("utf-8") == "ä"
    assert list(tmp_path.iterdir()) == [path]


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
