"""The folders of tests are those of the source, and no file of either is too long."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync import LAYERS
from tests.support.places import CHECKOUT, MODULES

UNIT = CHECKOUT / "tests" / "unit"
#: Lines; the package has the same limit (test_layers.py).
LONGEST_FILE = 450
DATA = MODULES / "s3db" / "demo.py"
FOLDERS = (MODULES, *(CHECKOUT / name for name in ("installer", "launcher", "tools", "benchmarks", "tests")))
PLACES = (MODULES / "s3sync", MODULES, CHECKOUT)


@pytest.mark.parametrize(
    "folder",
    sorted({path.parent for path in UNIT.rglob("test_*.py")} - {UNIT}),
    ids=lambda path: str(path.relative_to(UNIT)),
)
def test_a_folder_of_tests_is_about_a_folder_of_the_source(folder: Path) -> None:
    assert any((place / folder.relative_to(UNIT)).is_dir() for place in PLACES)


@pytest.mark.parametrize("layer", [layer for floor in LAYERS for layer in floor])
def test_each_layer_has_a_folder_of_tests(layer: str) -> None:
    kinds = ("unit", "contracts")
    assert any([*(CHECKOUT / "tests" / kind / layer).rglob("*.py")] for kind in kinds)


def test_no_file_is_too_long_to_be_read_in_one_go() -> None:
    files = {path for folder in FOLDERS for path in folder.rglob("*.py")} - {DATA}
    assert len(files) > 500
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert [str(path) for path, lines in lengths.items() if lines >= LONGEST_FILE] == []
