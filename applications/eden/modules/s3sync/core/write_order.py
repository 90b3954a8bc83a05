"""In which order records have to be written so that each finds what it refers to.

Rows of one table can be written with one statement, so records are grouped into levels: a level refers only to
levels before it. A circle of references is opened at references that may be empty for a moment; those links are
written in a second step.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Node = TypeVar("Node", bound=Hashable)


@dataclass(frozen=True)
class Edge(Generic[Node]):
    """A reference between two records that are both still to be written.

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
        deferred: links to be written when all levels are.
        impossible: records that refer to each other in a circle of mandatory references.
    """

    levels: list[list[Node]]
    deferred: list[Edge[Node]]
    impossible: list[Node]


def arrange(nodes: Sequence[Node], edges: Sequence[Edge[Node]]) -> Order[Node]:
    """Arrange records in levels.

    Args:
        nodes: records to be written, each once, in a stable order (it decides which link of a circle is opened).
        edges: references among them; a reference of a record to itself is always deferred.

    Returns:
        levels, links to be written afterwards, and records that cannot be written at all.
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
    """Add the records that cannot do without an impossible one."""
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
    """Return records that can be written now if their optional links wait, those links, or who is stuck for good."""
    for node in candidates:
        pending = [edge for edge in waiting.get(node, ()) if edge.target in left]
        if all(edge.optional for edge in pending):
            return [node], pending, []
    return [], [], list(candidates)
