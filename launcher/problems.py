"""What can go wrong at the start, told to a person: what happened, and what to do about it."""

from __future__ import annotations


class Problem(Exception):
    """A start that cannot go on, for a reason that the person in front of the screen can remove.

    :param message: what happened, with the file, port or URL it happened to.
    :param remedy: what to do, as a command where there is one.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}"
