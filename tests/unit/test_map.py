"""The map of the modules: everything says in its first sentences what it is for, and is found there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.places import MODULES
from tools import map as module_map
from tools.map import INSTALLER, files, folders, lines, main, name_of, purpose

EVERYTHING = sorted(
    [
        *(path for name in ("s3sync", "s3", "s3db") for path in (MODULES / name).rglob("*.py")),
        *INSTALLER.glob("*.py"),
    ]
)
#: Letters in what is read at a glance.
LONGEST = 220


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_file_says_shortly_what_it_is_for(path: Path) -> None:
    told = purpose(path)
    assert told.endswith((".", ")", ":")), told
    assert 10 < len(told) <= LONGEST


def test_every_file_is_on_the_map() -> None:
    shown = {folder / "__init__.py" for folder in folders()}
    shown |= {path for folder in folders() for path in files(folder)}
    assert sorted(shown) == EVERYTHING


def test_folders_come_in_the_order_of_the_layers() -> None:
    names = [name_of(folder) for folder in folders()]
    assert names[:2] == ["s3sync", "core"]
    assert names.index("wire/s3xml") < names.index("exchange") < names.index("web") < names.index("s3db")


def test_a_folder_is_told_with_its_files() -> None:
    told = list(lines(MODULES / "s3sync" / "worker"))
    assert told[0] == "worker/"
    assert any(line.split()[0] == "cleanup" for line in told)


def test_what_is_asked_for_comes_with_what_is_below(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exchange/"]) == 0
    told = capsys.readouterr().out
    assert "exchange/importer/" in told and "core/" not in told.replace("exchange/", "")


def test_a_folder_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rest"]) == 1
    assert "no folder rest" in capsys.readouterr().err


def test_names_of_several_parts_do_not_begin_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_map, "folders", lambda: iter([MODULES / "s3", MODULES / "s3db"]))
    assert main(["s3d"]) == 1
