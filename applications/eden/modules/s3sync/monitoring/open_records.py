"""What one site has not taken of the other, by repository, with a statement for each table that tells of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ..core.kept import KeptKind, KeptState, OpenKind
from ..core.repository_state import OpenRecords
from ..database import open_there as open_there
from ..site import Site

_NAMES = {
    OpenKind.REJECTED: "rejected",
    OpenKind.CONFLICT: "conflicts",
    OpenKind.REFUSED: "refused",
    OpenKind.WAITING: "deletions",
    OpenKind.REFERENCE: "references",
    OpenKind.FILE: "files",
}


def open_records(counts: Mapping[OpenKind, int]) -> OpenRecords:
    """Return numbers by kind as ``OpenRecords``."""
    return OpenRecords(**{_NAMES[kind]: count for kind, count in counts.items()})


def here(site: Site, one: int | None = None) -> dict[int, OpenRecords]:
    """Return what of each repository is open here, in two statements.

    Args:
        site: this site.
        one: only this repository, None for all.
    """
    db = site.db
    found: dict[int, Counter[OpenKind]] = {}
    kept, waiting = db.sync_kept, db.sync_deferred
    count = kept.id.count()
    query = (kept.state == KeptState.OPEN) & kept.kind.belongs(tuple(KeptKind))
    for row in db(query if one is None else query & (kept.repository_id == one)).select(
        kept.repository_id, kept.kind, count, groupby=(kept.repository_id, kept.kind)
    ):
        found.setdefault(row[kept.repository_id], Counter())[OpenKind(row[kept.kind])] = row[count]
    for repository_id, is_file, number in _waiting(db, waiting, one):
        kind = OpenKind.FILE if is_file else OpenKind.REFERENCE
        found.setdefault(repository_id, Counter())[kind] += number
    return {key: open_records(each) for key, each in found.items() if key}


def _waiting(db: Any, waiting: Any, one: int | None) -> list[tuple[int, bool, int]]:
    """Return the numbers of references and files that have not arrived: repository, whether files, number."""
    count = waiting.id.count()
    query = waiting.id > 0 if one is None else waiting.repository_id == one
    rows = db(query).select(
        waiting.repository_id, waiting.target, count, groupby=(waiting.repository_id, waiting.target)
    )
    return [(row[waiting.repository_id], not row[waiting.target], row[count]) for row in rows]


def there(site: Site, one: int | None = None) -> dict[int, OpenRecords]:
    """Return what each repository has told that it has not taken of ours, in one statement."""
    return {key: open_records(each) for key, each in open_there.counts(site.db, one).items()}
