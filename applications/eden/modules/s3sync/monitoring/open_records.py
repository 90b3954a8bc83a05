"""What one site has not taken of the other, by repository, with a statement for each table that tells of it."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.kept import OpenKind
from ..core.repository_state import OpenRecords
from ..database import open_there as open_there
from ..database import open_versions as open_versions
from ..database.own_rows import Repositories
from ..site import Site
from ..site import awaited as awaited
from ..site.awaited import Awaited

_NAMES = {
    OpenKind.REJECTED: "rejected",
    OpenKind.CONFLICT: "conflicts",
    OpenKind.REFUSED: "refused",
    OpenKind.WAITING: "deletions",
    OpenKind.REFERENCE: "references",
    OpenKind.FILE: "files",
    OpenKind.LEFT: "left",
}
_AWAITED = {
    Awaited.REFERENCES: "references",
    Awaited.FILES: "files",
    Awaited.GIVEN_UP: "given_up",
    Awaited.ELSEWHERE: "elsewhere",
}


def open_records(counts: Mapping[OpenKind, int]) -> OpenRecords:
    """Return numbers by kind as ``OpenRecords``."""
    return OpenRecords(**{_NAMES[kind]: count for kind, count in counts.items()})


def here(site: Site, only: Repositories = None) -> dict[int, OpenRecords]:
    """Return what of each repository is open here, in a few statements.

    Args:
        site: this site.
        only: only these repositories, None for all.
    """
    found: dict[int, OpenRecords] = {}
    for key, kind, number in open_versions.numbers(site.db, only):
        found[key] = found.get(key, OpenRecords())._replace(**{_NAMES[kind]: number})
    for key, numbers in awaited.counts(site, only).items():
        waiting = {_AWAITED[kind]: number for kind, number in numbers.items()}
        found[key] = found.get(key, OpenRecords())._replace(**waiting)
    return {key: each for key, each in found.items() if key}


def there(site: Site, only: Repositories = None) -> dict[int, OpenRecords]:
    """Return what each repository has told that it has not taken of ours, in one statement."""
    return {key: open_records(each) for key, each in open_there.counts(site.db, only).items()}
