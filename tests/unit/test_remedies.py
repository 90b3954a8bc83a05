"""Remedies and reasons in the reader's language: none that the code itself says is forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from s3sync.core import policy
from s3sync.core.errors import SyncError
from s3sync.core.policy import Method
from s3sync.web.screens.words import errors, remedies
from s3sync.wire.protocol import replies


def kinds_of(base: type[SyncError]) -> Iterator[type[SyncError]]:
    yield base
    for each in base.__subclasses__():
        yield from kinds_of(each)


def said_by_policy() -> set[str]:
    """Every sentence that a decision of ``policy`` can give as its reason."""
    tree = ast.parse(Path(str(policy.__file__)).read_text("utf-8"))
    wanted = {"decide", "_decide_unknown", "_verdict"}
    places = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in wanted]
    assert len(places) == len(wanted)
    found = set()
    for node in (each for place in [*places, *tree.body] for each in ast.walk(place)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Decision":
            given = node.args[2:]
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            given = node.value.elts[1:]
        else:
            continue
        for each in given:
            if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value:
                found.add(each.value)
            elif isinstance(each, ast.JoinedStr):
                start = each.values[0]
                assert isinstance(start, ast.Constant) and isinstance(start.value, str)
                found |= {f"{start.value}{method.value}." for method in Method}
    found.discard("theirs")
    return found


def test_every_remedy_of_an_error_is_in_the_readers_language() -> None:
    assert issubclass(replies.AnsweredWith200, SyncError)
    ours = [each for each in kinds_of(SyncError) if each.__module__.startswith("s3sync.")]
    assert {each.default_hint for each in ours} == set(remedies.remedies(str))
    assert {each.code for each in ours} == set(errors.errors(str))


def test_every_reason_of_the_policy_is_in_the_readers_language() -> None:
    assert said_by_policy() == set(remedies.reasons(str))
