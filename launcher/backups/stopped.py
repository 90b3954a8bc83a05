"""Whether a site is stopped: no process has its files open."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from ..configuration import SiteConfiguration
from ..problems import Problem
from ..supervisor import site_lock

_PROCESSES = Path("/proc")


@contextlib.contextmanager
def kept_stopped(home: Path, configuration: SiteConfiguration) -> Iterator[None]:
    """Keep ./run from starting a site that is stopped.

    Args:
        home: the site's folder.
        configuration: of the site.

    Raises:
        Problem: it runs, or another program has its database or files open.
    """
    with site_lock(home, configuration):
        found = using(home)
        if found:
            raise Problem(
                f"Other processes use the site in {home}: {', '.join(map(str, found[:10]))}",
                "Stop its web server and its workers first.",
            )
        yield


def using(home: Path) -> list[int]:
    """Return the processes of this user that have a file of a site open; only Linux can tell."""
    inside = f"{home.resolve()}{os.sep}"
    found = []
    for each in _PROCESSES.glob("[0-9]*"):
        if int(each.name) != os.getpid() and any(path.startswith(inside) for path in _open_files(each)):
            found.append(int(each.name))
    return sorted(found)


def _open_files(process: Path) -> Iterator[str]:
    # Processes of others cannot be looked at, and any may end meanwhile.
    with contextlib.suppress(OSError):
        for handle in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                yield os.readlink(handle)
