"""Decides on versions that only their time makes older than ours, which their sender knew when it made them."""

from __future__ import annotations

from typing import Callable

from ....core.kept import Side
from ....core.policy import Decision, Policy, preferred
from ....core.records import Action
from ..context import Context
from ..items import Item
from .merger import reason_of, tells_edits


def decide_older(
    item: Item, decision: Decision, policy: Policy, context: Context, is_former: Callable[[Item], bool]
) -> Decision:
    """Return the decision on a version that is older than ours, and whose sender knew ours.

    Of a sender that tells no edits it was made by a clock that was behind: what is new in it is kept and listed. A
    deletion is in conflict with ours there, which goes back to it, so it counts where the sender has the last word.

    Args:
        item: the record, which is here.
        decision: by their times: ours stays.
        policy: who wins a conflict.
        context: where it comes from.
        is_former: returns whether a version has nothing but former values.
    """
    told = context.exchanged is None or tells_edits(item, context)
    if told or item.ours("deleted"):
        return decision
    if not item.record.deleted:
        lost = decision._replace(action=Action.CONFLICT, winner=Side.OURS)
        return decision if is_former(item) else lost
    if preferred(policy, item.ours("mci"), item.record.mci) is not Side.THEIRS:
        return decision
    return Decision(Action.CONFLICT, True, reason_of(policy, Side.THEIRS, item), Side.THEIRS)
