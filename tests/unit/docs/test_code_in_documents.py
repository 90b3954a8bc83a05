"""Code in documents: what it imports from this checkout exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.places import CHECKOUT
from tests.support.markdown import DOCUMENTS

MODULES = CHECKOUT / "applications" / "eden" / "modules"

#: Modules that a document asks its reader to write.
WRITTEN_BY_THE_READER = {"s3sync.adapters.feed"}


def python_in(text: str) -> list[str]:
    """Return the blocks of Python in a document, and the imports that stand as code within a line."""
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return blocks + re.findall(r"`(from [\w.]+ import [\w, ]+|import [\w.]+)`", text)


def imports_in(code: str) -> Iterator[tuple[str, str]]:
    """Yield modules and names that code imports; what is relative stands in a file of ``adapters``."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from ((each.name, "") for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ["s3sync", "adapters"][: 3 - node.level] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            yield from ((module, each.name) for each in node.names)


def source_of(module: str) -> Path | None:
    """Return the file of a module of this checkout."""
    below = module.replace(".", "/")
    places = [root / f"{below}{end}" for root in (MODULES, CHECKOUT) for end in (".py", "/__init__.py")]
    return next((path for path in places if path.is_file()), None)


def names_of(path: Path) -> set[str]:
    """Return the names that a module binds at its top."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
            continue
        for each in ast.walk(node):
            if isinstance(each, ast.alias):
                found.add(each.asname or each.name)
            elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                found.add(each.id)
    return found


def imports_of_ours() -> list[tuple[str, str, str]]:
    """Return documents with what they import from this checkout."""
    found = set()
    for path in DOCUMENTS:
        for code in python_in(path.read_text(encoding="utf-8")):
            for module, name in imports_in(code):
                if source_of(module.partition(".")[0]) and module not in WRITTEN_BY_THE_READER:
                    found.add((str(path.relative_to(CHECKOUT)), module, name))
    return sorted(found)


@pytest.mark.parametrize("source, module, name", imports_of_ours())
def test_what_code_in_documents_imports_exists(source: str, module: str, name: str) -> None:
    path = source_of(module)
    assert path is not None
    assert not name or name in names_of(path) or source_of(f"{module}.{name}")
