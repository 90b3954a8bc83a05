"""Errors at the start, for the person who starts the site: what happened, and what to do."""

from __future__ import annotations


class Problem(Exception):
    """The start cannot continue, for a reason that the person who starts the site can remove.

    Args:
        message: what happened, with the file, port or URL concerned.
        remedy: what to do, as a command where there is one.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}"


def file_problem(error: OSError) -> Problem:
    """Return the problem that a file or folder cannot be read or written, wherever that was met.

    Args:
        error: names the file.
    """
    return Problem(
        f"{error.filename} cannot be used: {error.strerror or error}.",
        "Let it be readable and writable for this user, with room on its disk, or choose another folder: "
        "./run --instance /path/to/folder",
    )
