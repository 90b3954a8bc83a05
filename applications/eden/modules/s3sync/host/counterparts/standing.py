"""Whether a counterpart takes the place of a callback in an Eden, and if not, why."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

from .counterpart import Counterpart


class Reason(Enum):
    """Why an Eden's callback is called for each record."""

    NONE = ""
    ABSENT = "absent"
    SEVERAL = "several"
    CODE = "code"
    SETTINGS = "settings"


class AtOnce(NamedTuple):
    """What is known of the callback of one table.

    Attributes:
        table: name of the table.
        reason: why its counterpart is not used, Reason.NONE where it is.
        functions: the names of those that have another code, or of the callbacks where there are several.
    """

    table: str
    reason: Reason
    functions: tuple[str, ...] = ()


def at_once(table: str, callbacks: Sequence[Sequence[Any]], counterpart: Counterpart | None) -> AtOnce:
    """Return whether the counterpart of a table is used.

    Args:
        table: name of the table.
        callbacks: what an Eden calls for a new record, and for one that was there.
        counterpart: that of the callback, None where there is not just one.
    """
    if counterpart is None:
        every = [each for listed in callbacks for each in listed]
        names = dict.fromkeys(str(getattr(each, "__name__", each)) for each in every)
        return AtOnce(table, Reason.SEVERAL if names else Reason.ABSENT, tuple(names))
    unknown = counterpart.unknown()
    if unknown:
        return AtOnce(table, Reason.CODE, tuple(unknown))
    return AtOnce(table, Reason.NONE if counterpart.fits() else Reason.SETTINGS)
