"""The order in which to write records, so that each one finds the records that it refers to.

Rows of one table can be written with one statement, so records are grouped into levels: a level refers only to
earlier levels. A cycle of references is broken at references that may be empty at first; these are written in a
second step.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Node = TypeVar("Node", bound=Hashable)


@dataclass(frozen=True)
class Edge(Generic[Node]):
    """A reference between two records that are both not written yet.

    Attributes:
        source: the record that refers.
        field: its field.
        target: the record referred to.
        optional: whether the field may be empty at first.
    """

    source: Node
    field: str
    target: Node
    optional: bool


@dataclass(frozen=True)
class Order(Generic[Node]):
    """The result.

    Attributes:
        levels: the records, each level referring only to earlier ones.
        deferred: references to write after all levels.
        impossible: records in a cycle of mandatory references.
    """

    levels: list[list[Node]]
    deferred: list[Edge[Node]]
    impossible: list[Node]


def arrange(nodes: Sequence[Node], edges: Sequence[Edge[Node]]) -> Order[Node]:
    """Arrange records in levels.

    Args:
        nodes: the records, each once, in a stable order (it decides where a cycle is broken).
        edges: references among them; a reference of a record to itself is always deferred.

    Returns:
        levels, references to write afterwards, and records that cannot be written at all.
    """
    deferred: list[Edge[Node]] = []
    if not edges:
        return Order([list(nodes)] if nodes else [], deferred, [])
    waiting: dict[Node, list[Edge[Node]]] = {}
    followers: dict[Node, list[Node]] = {}
    impossible: set[Node] = set()
    for edge in edges:
        if edge.source == edge.target:
            if edge.optional:
                deferred.append(edge)
            else:
                impossible.add(edge.source)
            continue
        waiting.setdefault(edge.source, []).append(edge)
        followers.setdefault(edge.target, []).append(edge.source)

    _spread(impossible, waiting)
    remaining = [node for node in nodes if node not in impossible]
    levels: list[list[Node]] = []
    open_count = {
        node: sum(edge.target not in impossible for edge in waiting.get(node, ())) for node in remaining
    }
    level = [node for node in remaining if not open_count[node]]
    left = set(remaining)
    while left:
        if not level:
            level, opened, stuck = _open_circle([node for node in remaining if node in left], left, waiting)
            deferred.extend(opened)
            if stuck:
                impossible.update(stuck)
                left.difference_update(stuck)
                continue
        levels.append(level)
        left.difference_update(level)
        following: list[Node] = []
        for node in level:
            open_count[node] = -1
            for follower in followers.get(node, ()):
                if open_count.get(follower, -1) > 0:
                    open_count[follower] -= 1
                    if not open_count[follower]:
                        following.append(follower)
        level = following
    return Order(levels, deferred, [node for node in nodes if node in impossible])


def _spread(impossible: set[Node], waiting: dict[Node, list[Edge[Node]]]) -> None:
    """Add the records that require an impossible one."""
    grown = bool(impossible)
    while grown:
        more = {
            node
            for node, edges in waiting.items()
            if node not in impossible and any(not e.optional and e.target in impossible for e in edges)
        }
        impossible |= more
        grown = bool(more)


def _open_circle(
    candidates: Sequence[Node], left: set[Node], waiting: dict[Node, list[Edge[Node]]]
) -> tuple[list[Node], list[Edge[Node]], list[Node]]:
    """Return records to write now with their optional references deferred, those references, or impossible records."""
    for node in candidates:
        pending = [edge for edge in waiting.get(node, ()) if edge.target in left]
        if all(edge.optional for edge in pending):
            return [node], pending, []
    return [], [], list(candidates)
