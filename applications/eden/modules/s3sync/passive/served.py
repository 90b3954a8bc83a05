"""What a request is answered with, and the token of a cursor that is handed out."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

#: Characters of the random name of a cursor: none is made twice in the life of a site.
TOKEN_LENGTH = 16


@dataclass(frozen=True)
class Served:
    """What was written for a pull.

    Attributes:
        count: main records.
        more: whether the asking site will come back for more.
    """

    count: int
    more: bool = False


def new_token() -> str:
    return uuid4().hex[:TOKEN_LENGTH]
