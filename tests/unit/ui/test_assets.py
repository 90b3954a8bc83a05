"""Where the style sheets of the framework come from: an installed package, or files that were laid into an Eden."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from s3sync.ui import assets


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "_found", {})


def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(assets.metadata, "distribution", missing)


def lay(application: Path, version: str, *names: str) -> None:
    folder = application / "static" / "bootstrap" / version
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("a { }", encoding="utf-8")


def test_what_was_laid_is_served_where_the_package_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_package(monkeypatch)
    lay(tmp_path, "5.3.2", assets.LEFT_TO_RIGHT, assets.RIGHT_TO_LEFT)
    lay(tmp_path, "5.3.3", assets.LEFT_TO_RIGHT, assets.RIGHT_TO_LEFT)
    lay(tmp_path, "5.3.4", assets.LEFT_TO_RIGHT)
    found = assets.framework(str(tmp_path))
    assert found is not None and found.address(rtl=True) == "_5.3.3/bootstrap/5.3.3/bootstrap.rtl.min.css"


def test_with_neither_the_pages_are_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_package(monkeypatch)
    assert assets.framework(str(tmp_path)) is None


def test_an_installed_package_is_copied(tmp_path: Path) -> None:
    found = assets.framework(str(tmp_path))
    assert found is not None and (tmp_path / "static" / found.sheet(rtl=False)).is_file()
