"""What the menu of the module tells beside its entries: where somebody has to look."""

from __future__ import annotations

from typing import NamedTuple

from ...conflicts import kept_list
from ...monitoring.status import failing
from ...site import Site


class Hints(NamedTuple):
    """What needs a look.

    Attributes:
        failing: repositories of which the last run failed.
        undecided: conflicts and rejected records that wait for a decision.
    """

    failing: int
    undecided: int


def hints(site: Site) -> Hints:
    """Return what needs a look; two counts by indices, as every page of the module asks for them."""
    return Hints(failing(site), kept_list.undecided(site))
