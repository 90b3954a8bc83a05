"""Histories as plain data: made from a seed, and made smaller when one fails.

Every operation carries what it needs to choose, so that the others still do the same when one is left out.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Callable, NamedTuple

from .features import FEATURES

TOPOLOGIES = ("chain", "star", "ring", "mesh")

#: What may happen to a request: nothing, the answer of a pull or of a push is lost after the other site has
#: done its part, the document is cut, the run is broken off between two pages.
FAULTS = ("none", "lost pull", "lost push", "cut", "broken off")


class Operation(NamedTuple):
    """Something that happens.

    Attributes:
        what: "tick", "edit", "sync", "backup", "restore", or the name of a feature.
        who: number of the site, or of the edge for "sync".
        choice: seed of everything the operation has to choose.
        amount: seconds for "tick", records a page for "sync".
        fault: what goes wrong, for "sync".
        number: makes what is new tell apart, also where others were left out.
    """

    what: str
    who: int = 0
    choice: int = 0
    amount: float = 0
    fault: str = "none"
    number: int = 0


@dataclass(frozen=True)
class History:
    """A world and what happens in it.

    Attributes:
        seed: what it was made from.
        sites: how many.
        topology: how they are connected.
        skews: seconds by which each site's clock is off.
        operations: in their order.
        features: names of what may happen besides.
    """

    seed: int
    sites: int
    topology: str
    skews: tuple[int, ...]
    operations: tuple[Operation, ...]
    features: tuple[str, ...] = ()

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Pairs of (site that asks, site that answers)."""
        last = self.sites - 1
        if self.topology == "star":
            return tuple((site, 0) for site in range(1, self.sites))
        if self.topology == "mesh":
            return tuple((a, b) for a in range(self.sites) for b in range(a + 1, self.sites))
        chain = tuple((site, site + 1) for site in range(last))
        return (*chain, (last, 0)) if self.topology == "ring" and self.sites > 2 else chain


def make_history(seed: int, features: Sequence[str] = (), together: bool = False) -> History:
    """Return the history of a seed.

    Args:
        seed: makes the history.
        features: names of what may happen besides. Of several a history has some; half of its edits become their
            operations.
        together: whether it has all of them.
    """
    rnd = random.Random(seed)
    if len(features) > 1 and not together:
        features = [name for name in features if rnd.random() < 0.5 and not FEATURES[name].alone]
    sites = rnd.choice((2, 2, 3, 3, 4))
    history = History(
        seed,
        sites,
        rnd.choice(TOPOLOGIES),
        tuple(rnd.choice((0, 0, 0, 30, 3600, -7200)) for _ in range(sites)),
        (),
        tuple(features),
    )
    acting = [name for name in features if FEATURES[name].acts]
    operations = []
    stormy = rnd.random() < 0.5
    for number in range(rnd.randint(6, 30)):
        operations.append(Operation("tick", amount=rnd.choice((0, 0.3, 1, 7, 60))))
        chance = rnd.random()
        choice = rnd.getrandbits(32)
        if chance < 0.60:
            what = acting[choice // 2 % len(acting)] if acting and choice % 2 else "edit"
            operations.append(Operation(what, rnd.randrange(sites), choice, number=number))
        elif chance < 0.94 or not stormy:
            fault = rnd.choice(FAULTS) if stormy and rnd.random() < 0.5 else "none"
            edge = rnd.randrange(len(history.edges))
            operations.append(Operation("sync", edge, choice, rnd.choice((1, 2, 3, 7, 1000)), fault))
        elif chance < 0.97:
            operations.append(Operation("backup", rnd.randrange(sites)))
        else:
            operations.append(Operation("restore", rnd.randrange(sites), choice))
    return replace(history, operations=tuple(operations))


def shrink(history: History, fails: Callable[[History], bool], tries: int = 400) -> History:
    """Leave out operations as long as the history still fails, then make simpler what is left.

    Args:
        history: one that fails.
        fails: runs a history.
        tries: how many runs leaving out may take.

    Returns:
        the smallest one found.
    """
    size = max(1, len(history.operations) // 2)
    while size:
        start: int | None = 0
        while start is not None and start < len(history.operations) and tries > 0:
            tries -= 1
            operations = history.operations[:start] + history.operations[start + size :]
            smaller = replace(history, operations=operations)
            if fails(smaller):
                history = smaller
            else:
                start += size
        size = size // 2 if size > 1 else 0
    for name in history.features:
        if all(operation.what != name for operation in history.operations):
            left = tuple(each for each in history.features if each != name)
            history = _simpler(history, fails, replace(history, features=left))
    for site in range(history.sites):
        skews = tuple(0 if each == site else skew for each, skew in enumerate(history.skews))
        history = _simpler(history, fails, replace(history, skews=skews))
    for number, operation in enumerate(history.operations):
        if operation.what == "sync":
            for change in ({"fault": "none"}, {"amount": 1000}):
                history = _simpler(history, fails, _with_operation(history, number, change))
    return history


def _simpler(history: History, fails: Callable[[History], bool], simpler: History) -> History:
    return simpler if simpler != history and fails(simpler) else history


def _with_operation(history: History, number: int, change: dict[str, Any]) -> History:
    operations = list(history.operations)
    operations[number] = operations[number]._replace(**change)
    return replace(history, operations=tuple(operations))


def described(history: History) -> list[str]:
    """Return what a person needs to follow a history."""
    return [
        f"{history.sites} sites, {history.topology}, clocks {history.skews}, {', '.join(history.features)}",
        *map(str, history.operations),
    ]
