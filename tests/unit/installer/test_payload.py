"""What is laid: of this checkout, and of an archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from installer.payload import Payload, from_archive, from_checkout
from installer.problems import Problem
from s3sync import VERSION
from tests.support.places import CHECKOUT
from tests.support.small_eden import sample_payload
from tools.archive import build


def test_the_checkout_has_the_package_with_its_screens_and_no_compiled_files() -> None:
    found = from_checkout()
    assert found.version == VERSION
    for path in ("modules/s3sync/wire/s3xml/reader.py", "controllers/sync.py", "views/sync/frame.html"):
        assert path in found.files
    assert not [path for path in found.files if "__pycache__" in path or path.endswith(".pyc")]


@pytest.mark.skipif(not (CHECKOUT / ".venv").is_dir(), reason="the checkout has no environment of its own")
def test_the_style_sheets_of_the_framework_come_ready_made() -> None:
    sheets = [path for path in from_checkout().files if path.startswith("static/bootstrap/")]
    assert sorted(Path(path).name for path in sheets) == ["bootstrap.min.css", "bootstrap.rtl.min.css"]


def test_nothing_of_the_list_may_be_missing(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="is missing"):
        from_checkout(tmp_path)


def test_an_archive_has_the_same_files(tmp_path: Path) -> None:
    payload = Payload(sample_payload("7.1").files, {"some-1.0-py3-none-any.whl": b"a wheel"})
    build(tmp_path / "eden-sync.pyz", payload)
    found = from_archive(tmp_path / "eden-sync.pyz")
    assert found.packages == payload.packages
    assert found.files == payload.files and found.build == payload.build and found.version == "7.1"


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    damaged = tmp_path / "eden-sync.pyz"
    build(damaged, sample_payload())
    damaged.write_bytes(damaged.read_bytes()[:900])
    with pytest.raises(Problem, match="is damaged"):
        from_archive(damaged)


def test_two_states_of_a_version_are_told_apart() -> None:
    assert sample_payload().build == sample_payload().build != sample_payload(core="# other\n").build
