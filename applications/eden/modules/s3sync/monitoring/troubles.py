"""Figures of trouble that the states of repositories do not have: runs that failed in a row, and room on the disk."""

from __future__ import annotations

import shutil

from ..core.task import RunState
from ..site import Site
from .flows import present


def failed_in_a_row(site: Site) -> dict[int, int]:
    """Return repository -> number of its runs that failed since the last complete one, for all repositories."""
    name = site.store.columns.name
    runs = name("sync_run")
    sql = (
        f"SELECT r.id, (SELECT COUNT(*) FROM {runs} n WHERE n.repository_id = r.id "
        f"AND n.state = '{RunState.FAILED.value}' AND n.id > COALESCE((SELECT MAX(c.id) FROM {runs} c "
        f"WHERE c.repository_id = r.id AND c.state = '{RunState.COMPLETED.value}'), 0)) "
        f"FROM {name('sync_repository')} r WHERE {present(site, 'r.')}"
    )
    return {int(row[0]): int(row[1]) for row in site.store.rows(sql)}


def free_bytes(site: Site) -> int | None:
    """Return the bytes that are free where this site writes, on the fullest disk; None if that cannot be asked.

    That of a database on a server is not seen from here.
    """
    free = []
    for name in ("uploads", "private", "databases"):
        try:
            free.append(shutil.disk_usage(site.folder / name).free)
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return min(free, default=None)
