"""The hints in the module's menu: what needs attention."""

from __future__ import annotations

from typing import NamedTuple

from ...conflicts import kept_list as kept_list
from ...monitoring.notices import outbox as outbox
from ...monitoring.status import failing
from ...site import Site


class Hints(NamedTuple):
    """What needs attention.

    Attributes:
        failing: number of repositories whose last run failed.
        undecided: number of conflicts and rejected records that need a decision.
        undelivered: number of notices to people that could not be delivered.
    """

    failing: int
    undecided: int
    undelivered: int


def hints(site: Site) -> Hints:
    """Return what needs attention: three counts by indices, as every page of the module shows them."""
    return Hints(failing(site), kept_list.undecided(site), outbox.undelivered(site))
