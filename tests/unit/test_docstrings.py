"""What docstrings say of parameters and attributes is there, and lists in them are lists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple, Union

from tests.support.places import MODULES

FILES = sorted(path for folder in ("s3sync", "s3", "s3db") for path in (MODULES / folder).rglob("*.py"))
Documented = Union[ast.Module, ast.ClassDef, ast.FunctionDef]

_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Yields):$")
_ENTRY = re.compile(r"^ {4}((?:\*{0,2}\w+)(?:, \*{0,2}\w+)*):(?: |$)")


class Documentation(NamedTuple):
    """A docstring with what it belongs to."""

    where: str
    node: Documented
    text: str
    owner: ast.ClassDef | None


def documentation() -> Iterator[Documentation]:
    """Yield all docstrings of the modules."""
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        owners = {
            id(member): node
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for member in node.body
        }
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                text = ast.get_docstring(node)
                if text:
                    line = getattr(node, "lineno", 1)
                    where = f"{path.relative_to(MODULES)}:{line}"
                    yield Documentation(where, node, text, owners.get(id(node)))


def entries(text: str, wanted: str) -> list[str]:
    """Return the names that a section of a docstring explains."""
    found: list[str] = []
    section = ""
    for line in text.splitlines():
        begins = _SECTION.match(line)
        if begins:
            section = begins[1]
        elif line and not line.startswith(" "):
            section = ""
        entry = _ENTRY.match(line)
        if section == wanted and entry:
            found += [name.strip(" *") for name in entry[1].split(",")]
    return found


def parameters(function: ast.FunctionDef) -> set[str]:
    given = function.args
    several = [each for each in (given.vararg, given.kwarg) if each is not None]
    return {each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs, *several)}


def constructor(node: ast.ClassDef) -> ast.FunctionDef | None:
    return next(
        (each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"), None
    )


def attributes(node: ast.ClassDef) -> set[str]:
    """Return what a class declares, and what its methods assign to ``self``."""
    found: set[str] = set()
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            found.add(each.target.id)
        elif isinstance(each, ast.Assign):
            found.update(target.id for target in each.targets if isinstance(target, ast.Name))
        elif isinstance(each, ast.FunctionDef):
            found.add(each.name)
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "self":
            found.add(each.attr)
    return found


def test_documented_parameters_are_there() -> None:
    wrong = []
    for each in documentation():
        function = constructor(each.node) if isinstance(each.node, ast.ClassDef) else each.node
        if isinstance(function, ast.FunctionDef):
            extra = set(entries(each.text, "Args")) - parameters(function)
            wrong += [f"{each.where} {name}" for name in sorted(extra)]
    assert wrong == []


def test_documented_attributes_are_there() -> None:
    wrong = []
    for each in documentation():
        if isinstance(each.node, ast.ClassDef):
            extra = set(entries(each.text, "Attributes")) - attributes(each.node)
            wrong += [f"{each.where} {name}" for name in sorted(extra)]
    assert wrong == []


def test_every_field_of_a_documented_class_is_explained() -> None:
    wrong = []
    for each in documentation():
        explained = entries(each.text, "Attributes") if isinstance(each.node, ast.ClassDef) else []
        if isinstance(each.node, ast.ClassDef) and explained:
            fields = {
                one.target.id
                for one in each.node.body
                if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
            }
            missing = {name for name in fields if not name.startswith("_")} - set(explained)
            wrong += [f"{each.where} {name}" for name in sorted(missing)]
    assert wrong == []


def test_the_points_of_a_list_are_indented_on() -> None:
    wrong = []
    for each in documentation():
        in_list = False
        for line in each.text.splitlines():
            is_point = line.startswith(("* ", "- "))
            if in_list and line and not is_point and not line.startswith(" "):
                wrong.append(f"{each.where}: {line}")
            in_list = bool(line) and (in_list or is_point)
    assert wrong == []
