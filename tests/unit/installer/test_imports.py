"""The installer runs alone: it imports the standard library, itself, and the list of what is laid."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.places import CHECKOUT
from tests.support.standard_library import STDLIB

INSTALLER = CHECKOUT / "installer"
#: Each may import those before it.
ORDER = (
    ("problems",),
    ("disk",),
    ("eden",),
    ("manifest", "payload", "pythons", "asking", "backup"),
    ("laying", "looking"),
    ("installing", "deriving"),
    ("removing", "checking"),
    ("printing",),
    ("command",),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(ORDER) for name in names}
MODULES = sorted(INSTALLER.glob("[!_]*.py"))


def imported(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the first part of what a module imports, and whether that is one of the installer's."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((each.name.partition(".")[0], False) for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level and node.module is None:
            yield from ((each.name, True) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0], bool(node.level)


def test_every_module_has_its_place() -> None:
    assert {path.stem for path in MODULES} | {"__main__"} == set(LEVEL)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_point_downwards_and_need_nothing_that_is_installed(path: Path) -> None:
    for name, own in imported(path):
        if own:
            assert LEVEL[name] < LEVEL[path.stem], name
        else:
            assert name in STDLIB | ({"over_eden"} if path.stem == "payload" else set()), name


@pytest.mark.parametrize("path", sorted((INSTALLER / "scripts").glob("*.py")), ids=lambda path: path.stem)
def test_a_script_needs_only_what_an_eden_has(path: Path) -> None:
    assert {name for name, own in imported(path)} <= STDLIB | {"gluon"}
