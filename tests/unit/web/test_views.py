"""Views: what is a member of an enumeration there is compared as one, not as the word that is stored of it."""

from __future__ import annotations

import ast
import enum
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from gluon.template import parse_template

import s3sync
from tests.support.places import APPLICATION

VIEWS = APPLICATION / "views"


@pytest.fixture(scope="module")
def stored() -> set[str]:
    """The texts of all members of the package's enumerations of texts."""
    for module in pkgutil.walk_packages(s3sync.__path__, "s3sync."):
        importlib.import_module(module.name)
    return {member.value for kind in below(str) if issubclass(kind, enum.Enum) for member in kind}


def below(kind: type) -> Iterator[type]:
    """Return the classes of the package that are derived from one."""
    for each in kind.__subclasses__():
        if each.__module__.startswith("s3sync."):
            yield each
        yield from below(each)


def compared(source: str) -> Iterator[str]:
    """Return the quoted words that a source compares something with."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                listed = side.elts if isinstance(side, (ast.Tuple, ast.List, ast.Set)) else [side]
                yield from (
                    each.value
                    for each in listed
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                )


def test_the_enumerations_of_every_layer_are_found(stored: set[str]) -> None:
    assert {"open", "theirs", "success", "absent", "finished", "both"} <= stored


@pytest.mark.parametrize("view", sorted(VIEWS.rglob("*.html")), ids=lambda path: str(path.relative_to(VIEWS)))
def test_a_view_compares_with_members_of_enumerations_and_not_with_stored_words(
    view: Path, stored: set[str]
) -> None:
    source = parse_template(str(view.relative_to(VIEWS)), str(VIEWS))
    assert sorted(stored.intersection(compared(source))) == []


def lists_of_facts(source: str) -> list[str]:
    """Return the inside of each list of facts of a view."""
    return re.findall(r'<dl class="record[^>]*>(.*?)</dl>', source, re.DOTALL)


def test_each_fact_of_a_list_is_a_box_of_its_own_or_name_and_value_fall_into_different_columns() -> None:
    found = {path: lists_of_facts(path.read_text("utf-8")) for path in VIEWS.rglob("*.html")}
    assert sum(map(len, found.values())) > 5
    loose = [
        (path.name, term)
        for path, lists in found.items()
        for each in lists
        for term in re.findall(r"(?<!<div>)<dt>.*", each)
    ]
    assert loose == []
