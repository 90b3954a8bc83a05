"""Folders are the layers: who may import whom, read from the imports of every file of the package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import s3sync
from s3sync.adapters import SHARED
from tests.support.places import MODULES
from tests.support.standard_library import STDLIB

PACKAGE = MODULES / "s3sync"
LEVEL = {folder: level for level, layer in enumerate(s3sync.LAYERS, 1) for folder in layer}

#: What the folders may know of the outside, beside the standard library.
OUTSIDE = {
    "core": set[str](),
    "ui": {"gluon", "pydal"},
    "wire": {"lxml", "isal", "cryptography", "openpyxl"},
    "exchange": set(),
    "host": {"gluon", "pydal"},
    "database": {"gluon", "pydal", "psycopg2", "pymysql"},
    "transport": {"requests", "urllib3", "paramiko", "requests_aws4auth"},
    "adapters": {"lxml"},
    "site": {"gluon", "cryptography"},
    "scheduler": {"gluon", "pydal"},
    "active": set(),
    "passive": set(),
    "conflicts": {"gluon"},
    "bin": {"gluon"},
    "monitoring": {"gluon"},
    "administration": {"gluon", "tomli", "tomllib"},
    "worker": {"gluon"},
    "web": {"gluon", "segno"},
    "command_line": {"gluon"},
}
#: The standard library's ways to other machines and programs; the pure layers take none of them.
LINE = {"socket", "http", "ssl", "subprocess"}
#: Installed only where the site needs them.
DRIVERS = {"psycopg2", "pymysql", "MySQLdb", "isal", "openpyxl", "pytest", "segno", "tomli", "tomllib"}
DRIVERS |= {"paramiko", "requests_aws4auth"}
LONGEST_FILE = 450
FULLEST_FOLDER = 20


class Import(NamedTuple):
    """One name that a file imports: absolute dotted path, whether a function does it, or only the type checker."""

    target: str
    inside_function: bool
    for_types: bool
    line: int


def module_of(path: Path) -> tuple[str, ...]:
    parts = ("s3sync", *path.relative_to(PACKAGE).with_suffix("").parts)
    return parts[:-1] if parts[-1] == "__init__" else parts


def package_of(path: Path) -> tuple[str, ...]:
    return ("s3sync", *path.relative_to(PACKAGE).parts[:-1])


MODULE_FILES = {".".join(module_of(path)): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports_of(path: Path) -> list[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.Lambda))]
    inside = {id(node) for function in functions for node in ast.walk(function)}
    checked = [node for node in ast.walk(tree) if isinstance(node, ast.If) and is_for_types(node)]
    for_types = {id(node) for block in checked for node in ast.walk(block)}
    return [
        Import(target, id(node) in inside, id(node) in for_types, getattr(node, "lineno", 0))
        for node in ast.walk(tree)
        for target in targets_of(node, package_of(path))
    ]


def is_for_types(node: ast.If) -> bool:
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def targets_of(node: ast.AST, package: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package[: len(package) - node.level + 1] if node.level else ()
        base = (*above, *(node.module.split(".") if node.module else ()))
        yield from (".".join((*base, each.name)) for each in node.names)


IMPORTS = {name: imports_of(path) for name, path in MODULE_FILES.items()}


def folder_of(module: str) -> str:
    """Return the layer's folder, "" for the package's own __init__."""
    return module.split(".")[1] if module.count(".") else ""


def imported_module(target: str) -> str | None:
    """Return the module of the package that an imported name belongs to."""
    while target:
        if target in MODULE_FILES:
            return target
        target = target.rpartition(".")[0]
    return None


def names(module: str) -> list[str]:
    """Return the names that a folder shows the others, its ``__all__``."""
    for node in ast.parse(MODULE_FILES[module].read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return [str(each) for each in ast.literal_eval(node.value)]
    return []


FOLDERS = sorted(name for name, path in MODULE_FILES.items() if path.name == "__init__.py" and "." in name)


def test_the_reader_of_imports_sees_them() -> None:
    found = {each.target for each in IMPORTS["s3sync.wire.s3xml.reader"]}
    assert "lxml.etree" in found
    assert "s3sync.core.errors.HostileDocument" in found


def test_every_folder_is_a_layer_and_every_layer_a_folder() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(LEVEL) == set(OUTSIDE)
    assert [path.name for path in PACKAGE.glob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("module", sorted(MODULE_FILES))
def test_imports_point_downwards(module: str) -> None:
    here = folder_of(module)
    for each in IMPORTS[module]:
        other = imported_module(each.target)
        if other is None or other == "s3sync" or folder_of(other) == here:
            continue
        assert here and LEVEL[folder_of(other)] < LEVEL[here], f"line {each.line} imports {each.target}"


@pytest.mark.parametrize("module", sorted(MODULE_FILES))
def test_a_layer_knows_only_its_part_of_the_outside(module: str) -> None:
    here = folder_of(module)
    allowed = STDLIB | {"s3sync"} | OUTSIDE.get(here, set())
    if here == "adapters" and module.endswith(".testing"):
        allowed |= {"pytest"}
    if here in ("core", "wire", "exchange"):
        allowed -= LINE
    for each in IMPORTS[module]:
        assert each.target.partition(".")[0] in allowed, f"line {each.line} imports {each.target}"


@pytest.mark.parametrize("module", sorted(MODULE_FILES))
def test_the_host_is_reached_through_its_port_alone(module: str) -> None:
    # web2py and the tests import the package under different names, so its own imports are relative.
    for each in IMPORTS[module]:
        assert each.target.partition(".")[0] not in ("s3", "s3db", "applications"), each.target
    source = ast.parse(MODULE_FILES[module].read_text(encoding="utf-8"))
    absolute = [node for node in ast.walk(source) if isinstance(node, ast.ImportFrom) and not node.level]
    assert [node.module for node in absolute if (node.module or "").partition(".")[0] == "s3sync"] == []


@pytest.mark.parametrize("module", sorted(MODULE_FILES))
def test_functions_import_nothing_but_what_may_be_missing(module: str) -> None:
    for each in IMPORTS[module]:
        if each.inside_function:
            other = imported_module(each.target)
            # the stores import their drivers, so they themselves are imported when they are needed
            assert each.target.partition(".")[0] in DRIVERS or (other or "").startswith(
                "s3sync.database.store."
            ), f"line {each.line} imports {each.target}"


def test_no_module_reaches_itself() -> None:
    graph = {
        module: {
            other
            for each in IMPORTS[module]
            if not (each.inside_function or each.for_types) and (other := imported_module(each.target))
        }
        - {module}
        for module in MODULE_FILES
    }
    assert circle(graph) == []


def test_no_folder_reaches_itself() -> None:
    """Folders inside a layer have an order, too; what a folder's __init__ says counts for the folder."""
    graph: dict[str, set[str]] = {}
    for module in MODULE_FILES:
        here = ".".join(package_of(MODULE_FILES[module]))
        for each in IMPORTS[module]:
            other = imported_module(each.target)
            if other is None:
                continue
            there = ".".join(package_of(MODULE_FILES[other]))
            inner = there.startswith(here + ".") or here.startswith(there + ".")
            if there != here and not inner:
                graph.setdefault(here, set()).add(there)
    assert circle(graph) == []


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return the first circle of a graph, none as an empty list."""
    done: set[str] = set()

    def walk(node: str, way: list[str]) -> list[str]:
        if node in way:
            return [*way[way.index(node) :], node]
        if node in done:
            return []
        for other in sorted(graph.get(node, ())):
            found = walk(other, [*way, node])
            if found:
                return found
        done.add(node)
        return []

    return next((found for node in sorted(graph) if (found := walk(node, []))), [])


def test_the_finder_of_circles_finds_one() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}}) == []


def test_adapters_do_not_know_each_other() -> None:
    shared = {f"s3sync.adapters.{name}" for name in SHARED}
    for module, found in IMPORTS.items():
        if folder_of(module) == "adapters" and module.count(".") > 1:
            for each in found:
                other = imported_module(each.target)
                if other and folder_of(other) == "adapters" and other != "s3sync.adapters":
                    assert other in shared or "._" in other, each.target


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_says_which_layer_it_is_and_shows_its_face(folder: str) -> None:
    text = ast.get_docstring(ast.parse(MODULE_FILES[folder].read_text(encoding="utf-8"))) or ""
    assert text
    if folder.count(".") == 1:
        first, second = text.splitlines()[:2]
        assert first.startswith(f"Layer {LEVEL[folder_of(folder)]}, ")
        assert second.startswith("Knows ")
    assert names(folder), f"{folder} has no __all__"


@pytest.mark.parametrize("module", sorted(MODULE_FILES))
def test_others_use_only_the_face_of_a_folder(module: str) -> None:
    for each in IMPORTS[module]:
        other = imported_module(each.target)
        if other is None or folder_of(other) in ("", folder_of(module)):
            continue
        parts = each.target.split(".")
        for depth in range(2, len(parts)):
            folder = ".".join(parts[:depth])
            if folder in FOLDERS:
                assert parts[depth] in names(folder), f"{parts[depth]} is no public name of {folder}"
            else:
                assert not parts[depth].startswith("_"), f"{each.target} is private"


@pytest.mark.parametrize("module", sorted(MODULE_FILES))
def test_no_file_is_too_long(module: str) -> None:
    assert len(MODULE_FILES[module].read_text(encoding="utf-8").splitlines()) < LONGEST_FILE


def test_no_folder_is_too_full() -> None:
    fullest = max(len(list(MODULE_FILES[folder].parent.glob("*.py"))) for folder in FOLDERS)
    assert fullest <= FULLEST_FOLDER
