"""Turns at what only so many processes of a machine may do at the same time."""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ..core.errors import SyncError

_LOOKS_EACH = 0.1  # seconds


class SiteBusy(SyncError):
    """This site does already as much of this at once as its machine bears."""

    code = "site_busy"
    default_hint = "Try again in some seconds; a run tries again by itself."
    transient = True
    http_status = 503


@contextlib.contextmanager
def turn(folder: Path, most: int, wait: float) -> Iterator[None]:
    """Hold one of some turns; the operating system ends it with the process, however that ends.

    Args:
        folder: where the turns are files; it is made.
        most: how many there are.
        wait: seconds after which somebody gives up.

    Raises:
        SiteBusy: others had all of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + wait
    while (held := _free(folder, most)) is None:
        if time.monotonic() >= until:
            raise SiteBusy(f"{most} other documents of such a format are worked on here at the moment.")
        time.sleep(_LOOKS_EACH)
    with held:
        yield


def _free(folder: Path, most: int) -> BinaryIO | None:
    """Return the file of a turn that nobody has, locked."""
    for number in range(most):
        file = (folder / str(number)).open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
        else:
            return file
    return None
