"""The folders of tests are those of the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync import LAYERS
from tests.support.places import CHECKOUT, MODULES

UNIT = CHECKOUT / "tests" / "unit"
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
