"""What an import has written, for the journal, while the data model's callbacks finish it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple


class Came(NamedTuple):
    """Records that came.

    Attributes:
        keys: table -> keys of the records of the batch. They keep their times; what is written into others counts.
        origin: the repository that sent them; None where a person or a program here imports.
        made_on: the time of records that callbacks make for them, UTC; None for now. The sender's callbacks made such
            records as well, and somebody may have edited those: they are the newer ones.
    """

    keys: Mapping[str, Collection[int]] = {}
    origin: int | None = None
    made_on: datetime | None = None


NOTHING_CAME = Came()
