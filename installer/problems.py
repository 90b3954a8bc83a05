"""Why a command cannot be carried out, for the administrator: what is wrong, and what to do."""

from __future__ import annotations


class Problem(Exception):
    """A command cannot be carried out; nothing was done, or what was done so far can go on or back.

    Args:
        message: what is wrong, with the file or program concerned.
        remedy: what to do, as a command where there is one.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}"


def file_problem(error: OSError) -> Problem:
    """Return the problem that a file or folder cannot be read or written.

    Args:
        error: names the file.
    """
    return Problem(
        f"{error.filename} cannot be used: {error.strerror or error}.",
        "Let this user read and write it, with room on its disk, and give the same command again: it goes on where it "
        "stopped.",
    )
