"""The answer to a pull, and tokens of cursors."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

#: Characters of a cursor's random token: enough that none occurs twice in the life of a site.
TOKEN_LENGTH = 16


@dataclass(frozen=True)
class Served:
    """The answer to a pull.

    Attributes:
        count: number of main records.
        more: whether there are more pages.
        cursor: where the next page begins, "" if there is none, the asking site has no cursors, or one of the two was
            restored from a backup.
    """

    count: int
    more: bool = False
    cursor: str = ""


def new_token() -> str:
    return uuid4().hex[:TOKEN_LENGTH]
