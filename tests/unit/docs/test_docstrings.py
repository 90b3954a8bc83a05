"""Docstrings have one style, and the parameters and attributes that they explain exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple, Union

from tests.support.places import APPLICATION, CHECKOUT

FOLDERS = (
    *(APPLICATION / name for name in ("models", "controllers", "modules")),
    *(CHECKOUT / name for name in ("launcher", "benchmarks", "tools", "deploy", "tests")),
)
FILES = (CHECKOUT / "web2py.py", *sorted(path for folder in FOLDERS for path in folder.rglob("*.py")))
Documented = Union[ast.Module, ast.ClassDef, ast.FunctionDef]

_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Yields):$")
#: The fields of reStructuredText, which Google's style replaces by sections.
_FIELD = re.compile(r"^\s*:(param|returns?|raises|r?type)\b", re.MULTILINE)
_SINGLE_BACKTICK = re.compile(r"(?<!`)`(?!`)")
#: A function does something: its docstring begins with a verb ("Return the ..."), not with what it returns.
_NOUN_PHRASE = re.compile(r"(The|An?|What|Whether|Who|Which|How|Why|Every|All|Each|If|When|After|Before)\b")
_ENTRY = re.compile(r"^ {4}((?:\*{0,2}\w+)(?:, \*{0,2}\w+)*):(?: |$)")


class Documentation(NamedTuple):
    """A docstring with what it belongs to."""

    where: str
    node: Documented
    text: str


@cache
def documentation() -> tuple[Documentation, ...]:
    """Return all docstrings of the checkout."""
    return tuple(each for path in FILES for each in docstrings_in(path))


def docstrings_in(path: Path) -> Iterator[Documentation]:
    """Yield the docstrings of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            text = ast.get_docstring(node)
            if text:
                line = getattr(node, "lineno", 1)
                where = f"{path.relative_to(CHECKOUT)}:{line}"
                yield Documentation(where, node, text)


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


def is_property(node: Documented) -> bool:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any(isinstance(each, ast.Name) and each.id.endswith("property") for each in decorators)


def of_tests(documentation: Documentation) -> bool:
    """Return whether a docstring is of a test or its helpers, whose names are sentences already."""
    name = getattr(documentation.node, "name", "")
    return documentation.where.startswith("tests/") or name.startswith("test_")


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


def test_docstrings_have_sections_instead_of_fields() -> None:
    assert [each.where for each in documentation() if _FIELD.search(each.text)] == []


def test_sections_begin_after_an_empty_line() -> None:
    wrong = []
    for each in documentation():
        lines = each.text.splitlines()
        for above, line in zip(lines, lines[1:]):
            if above and _SECTION.match(line):
                wrong.append(f"{each.where}: {line}")
    assert wrong == []


def test_code_in_docstrings_stands_between_double_backticks() -> None:
    assert [each.where for each in documentation() if _SINGLE_BACKTICK.search(each.text)] == []


def test_docstrings_of_functions_begin_with_a_verb() -> None:
    wrong = []
    for each in documentation():
        node = each.node
        public = isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if public and _NOUN_PHRASE.match(each.text) and not is_property(node) and not of_tests(each):
            wrong.append(f"{each.where}: {each.text.splitlines()[0]}")
    assert wrong == []


def test_ports_that_docstrings_refer_to_exist() -> None:
    ports = {
        node.name
        for path in (APPLICATION / "modules" / "s3sync").rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)
    }
    named = [
        (each.where, name)
        for each in documentation()
        for name in re.findall(r"See (?:port )?``([\w.]+)``", each.text)
        if "See port" in each.text or "." in name
    ]
    assert named
    assert [(where, name) for where, name in named if name not in ports] == []
