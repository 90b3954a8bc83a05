"""Up to which position a repository has got our changes: the one meaning that all pages and decisions share."""

from __future__ import annotations

import json

import pytest

from s3sync.core.cursor import Checkpoint, Handed
from s3sync.site.exchange_state import delivered


def served(acknowledged: int, handed: int) -> str:
    return Checkpoint(acknowledged, (Handed(handed, "token"),)).to_json()


def pushed(position: int, own: str = "ours") -> str:
    return json.dumps({"position": position, "own": own})


@pytest.mark.parametrize(
    ("states", "position"),
    [
        ({}, 0),
        ({"serve": None, "push": None}, 0),
        ({"serve": served(0, 5)}, 0),
        ({"serve": served(3, 5)}, 3),
        ({"push": pushed(7)}, 7),
        ({"push": pushed(7, "before a backup was restored")}, 0),
        ({"serve": served(3, 9), "push": pushed(7)}, 7),
        ({"serve": served(9, 9), "push": pushed(7)}, 9),
        ({"pull": pushed(7), "receive": served(9, 9)}, 0),
    ],
)
def test_only_what_the_repository_has_acknowledged_is_delivered(
    states: dict[str, str | None], position: int
) -> None:
    assert delivered(states, "ours") == position
