"""What a person is told whose form the database did not take."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from s3sync.core.errors import ConfigurationError, RowRefused, StoreBusy, StoreFull, SyncError
from s3sync.ui.passing import RETRY_AFTER

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_NO_RIGHT = (errno.EROFS, errno.EACCES, errno.EPERM)


class Problem(NamedTuple):
    """Why nothing was saved.

    Attributes:
        status: HTTP status.
        text: what happened and what to do, for a person.
        retry_after: seconds after which to try again, None if that alone does not help.
    """

    status: int
    text: Any
    retry_after: int | None = None


@contextmanager
def unwritable_files() -> Iterator[None]:
    """Say of a file that cannot be written, such as that of an upload field, what a person can do.

    Raises:
        StoreFull: it finds no room.
        ConfigurationError: this site may not write there.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NO_RIGHT:
            raise ConfigurationError(
                f"A file cannot be stored: {error}",
                hint="Give the account that runs the site the right to write the folder uploads.",
            ) from error
        if error.errno not in _NO_ROOM:
            raise
        raise StoreFull(f"A file cannot be stored: {error}") from error


def problem(error: SyncError, T: Any) -> Problem:
    """Return what to tell of an error of the store.

    Args:
        error: the error.
        T: web2py's translator.
    """
    if isinstance(error, StoreFull):
        return Problem(
            error.http_status,
            T(
                "The disk of this site is full: nothing was saved. What you typed is still here. Ask whoever runs this "
                "site to make room, then save again."
            ),
        )
    if isinstance(error, ConfigurationError):
        return Problem(
            500,
            T(
                "This site may not write its files: nothing was saved. What you typed is still here. Ask whoever runs "
                "this site to give it the right to write its folder for uploads, then save again."
            ),
        )
    if isinstance(error, StoreBusy) and error.uncertain:
        return Problem(
            error.http_status,
            T(
                "The database did not answer while this was saved: whether it was saved is not known. What you typed "
                "is still here. Look at the record before you save again."
            ),
            RETRY_AFTER,
        )
    if isinstance(error, StoreBusy):
        return Problem(
            error.http_status,
            T(
                "This site is busy just now: nothing was saved. What you typed is still here. Save again in a moment."
            ),
            RETRY_AFTER,
        )
    if isinstance(error, RowRefused):
        return Problem(
            error.http_status,
            T("The database does not take this, and nothing was saved: %s Change it, and save again.")
            % error.message,
        )
    return Problem(
        500,
        T(
            "The database reported a problem: nothing was saved. What you typed is still here. Save again; if that "
            "does not help, tell an administrator of this site."
        ),
    )
