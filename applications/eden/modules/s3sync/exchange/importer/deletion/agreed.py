"""Deletions that were decided on before they could be carried out."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ....core.kept import Side
from ....core.policy import Decision
from ....core.records import Action


class Agreed(NamedTuple):
    """A deletion that was decided on before, and waited since.

    Attributes:
        modified_on: of the version here that it was decided against (UTC).
        winner: THEIRS where that was a conflict.
    """

    modified_on: datetime | None
    winner: Side | None


def carry_out(agreed: Agreed) -> Decision:
    """Return the decision that was made before."""
    # Whoever sent it may have been restored meanwhile from a backup in which the record lives.
    action = Action.CONFLICT if agreed.winner else Action.DELETED
    return Decision(action, True, None, agreed.winner, assert_ours=True)
