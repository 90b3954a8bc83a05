"""The direction of a task, and the results in the log."""

from __future__ import annotations

import enum


class Mode(enum.IntEnum):
    """The direction of a task; the values are Eden's, as in the database."""

    PULL = 1
    PUSH = 2
    BOTH = 3
    NONE = 4

    @classmethod
    def read(cls, stored: int | None) -> Mode:
        """Return the mode of a stored value: BOTH if nothing is stored, NONE for an unknown one."""
        if not stored:
            return cls.BOTH
        return next((each for each in cls if each.value == stored), cls.NONE)

    @property
    def pulls(self) -> bool:
        """Whether records are pulled from the other site."""
        return self in (Mode.PULL, Mode.BOTH)

    @property
    def pushes(self) -> bool:
        """Whether records are pushed to the other site."""
        return self in (Mode.PUSH, Mode.BOTH)


RESULTS = ("success", "warning", "error", "fatal")
