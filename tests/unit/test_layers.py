"""Who may know whom: edges -> use cases -> core, read from the imports of the source."""

from __future__ import annotations

import ast
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.support.places import MODULES

PACKAGE = MODULES / "s3sync"

# The one list of layers. Whatever is not named here is an edge.
CORE = frozenset(
    (
        "codec",
        "cursor",
        "errors",
        "filters",
        "garbage",
        "health",
        "jsonrefs",
        "limits",
        "moments",
        "ordering",
        "pace",
        "patience",
        "peer",
        "plurals",
        "policy",
        "ports",
        "protocol",
        "records",
        "rhythm",
        "schema",
        "uploads",
        "values",
        "xmltext",
    )
)
USE_CASES = frozenset(("document", "engine", "exporter", "importer", "versions"))
SPEAKS_HTTP = frozenset(("adapters", "transport"))
#: Of the adapters, what the types are made of.
SHARED = frozenset(("base", "findings", "lines", "settings", "testing"))
WEB2PY = frozenset(("gluon", "pydal", "yatl"))


def standard_library() -> frozenset[str]:
    """Return the modules that come with Python; 3.9 has no list of them but its folder."""
    names = getattr(sys, "stdlib_module_names", None)
    if names is None:
        folder = Path(sysconfig.get_paths()["stdlib"])
        found = [*folder.iterdir(), *(folder / "lib-dynload").glob("*")]
        names = {path.name.partition(".")[0] for path in found} | {*sys.builtin_module_names}
    return frozenset(names) | {"__future__"}


STDLIB = standard_library()


def modules() -> list[str]:
    """Return the modules and packages right below s3sync."""
    names = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    return sorted(names - {"__init__"})


def files(module: str) -> list[Path]:
    folder = PACKAGE / module
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{module}.py"]


def imports(path: Path) -> set[str]:
    """Return what a file imports: ``.name`` for a module of s3sync, else the top-level name."""
    inside = path.relative_to(PACKAGE).parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            above = inside[: len(inside) - node.level + 1]
            for name in [node.module] if node.module else [each.name for each in node.names]:
                whole = ".".join((*above, *name.split(".")))
                found.add("." + whole.partition(".")[0])
    return found


def of_module(module: str) -> set[str]:
    found = set().union(*map(imports, files(module)))
    return found - {f".{module}"}


def test_the_reader_of_imports_sees_them() -> None:
    assert {".values", ".records", "lxml", "json"} <= of_module("codec")
    assert of_module("xmltext") == {"__future__", "collections", "re"}


def test_every_named_module_is_there() -> None:
    assert set(modules()) >= CORE | USE_CASES | SPEAKS_HTTP


@pytest.mark.parametrize("module", sorted(CORE))
def test_the_core_stands_on_the_standard_library_alone(module: str) -> None:
    allowed = STDLIB | {f".{name}" for name in CORE} | ({"lxml"} if module == "codec" else set())
    assert of_module(module) <= allowed


@pytest.mark.parametrize("module", sorted(USE_CASES))
def test_use_cases_stand_on_the_core(module: str) -> None:
    assert of_module(module) <= STDLIB | {f".{name}" for name in CORE | USE_CASES}


@pytest.mark.parametrize("module", sorted(CORE | USE_CASES))
def test_core_and_use_cases_do_not_know_the_line(module: str) -> None:
    assert not of_module(module) & {"socket", "http", "ssl", "subprocess", "requests", "urllib3"}


@pytest.mark.parametrize("module", sorted(SPEAKS_HTTP))
def test_who_speaks_http_does_not_know_the_database(module: str) -> None:
    assert not of_module(module) & (WEB2PY | {".store", ".journal", ".ledger", ".model", ".host"})


def test_adapters_do_not_know_each_other() -> None:
    types = {path for path in (PACKAGE / "adapters").glob("[!_]*.py") if path.stem not in SHARED}
    assert PACKAGE / "adapters" / "eden.py" in types
    for path in types:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 1:
                for name in [node.module] if node.module else [each.name for each in node.names]:
                    assert name in SHARED or str(name).startswith("_"), f"{path.name} imports {name}"


@pytest.mark.parametrize("module", modules())
def test_modules_of_the_package_are_imported_relatively(module: str) -> None:
    # web2py and the tests import the package under different names.
    assert not of_module(module) & {"s3sync", "applications"}


def test_nobody_knows_the_screens() -> None:
    # What they show is told by rooms that can be used without them.
    assert [module for module in modules() if ".screens" in of_module(module)] == []
