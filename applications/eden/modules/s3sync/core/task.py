"""Which way the records of a task travel, and the results in the log."""

from __future__ import annotations

import enum


class Mode(enum.IntEnum):
    """Which way the records of a task travel; the values are Eden's, as they are stored."""

    PULL = 1
    PUSH = 2
    BOTH = 3
    NONE = 4

    @classmethod
    def read(cls, stored: int | None) -> Mode:
        """Return a mode from what is stored: BOTH where nothing is, NONE for what this site does not know."""
        if not stored:
            return cls.BOTH
        return next((each for each in cls if each.value == stored), cls.NONE)

    @property
    def pulls(self) -> bool:
        """Whether records are fetched from the other site."""
        return self in (Mode.PULL, Mode.BOTH)

    @property
    def pushes(self) -> bool:
        """Whether records are sent to the other site."""
        return self in (Mode.PUSH, Mode.BOTH)


RESULTS = ("success", "warning", "error", "fatal")
