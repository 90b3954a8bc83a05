"""References and files that records here wait for, as seen from each repository.

One row tells from which repository a record came that waits. With every other repository that exchanges the record, the
two sites may differ in it too: that one may have the file, or what the record refers to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.cursor import CheckpointKind
from ..core.task import Mode
from ..core.text import TextEnum
from ..database.own_rows import Repositories
from ..database.pending_references import NEVER
from ..database.tables.fields import live
from .exchange_state import standing

if TYPE_CHECKING:
    from . import Site


class Awaited(TextEnum):
    """What a record waits for.

    FILES, GIVEN_UP, REFERENCES: what the repository itself has not brought; a person gave up on some files.
    ELSEWHERE: what another one has not brought. THERE: files that the repository has told that it has not got.
    """

    FILES = "files"
    GIVEN_UP = "given_up"
    REFERENCES = "references"
    ELSEWHERE = "elsewhere"
    THERE = "there"


def counts(site: Site, only: Repositories = None) -> dict[int, Counter[Awaited]]:
    """Return how much records here wait for, in a few statements: repository -> kind -> number.

    Args:
        site: this site.
        only: only these repositories, None for all.
    """
    found: dict[int, Counter[Awaited]] = {}
    wanted = None if only is None else {only} if isinstance(only, int) else set(only)
    rows = site.pending_references.numbers()
    for repository_id, _, kind, number in rows:
        if repository_id is not None and (wanted is None or repository_id in wanted):
            found.setdefault(repository_id, Counter())[Awaited(kind)] += number
    for key, tables in exchanged_tables(site, only).items() if rows else ():
        foreign = sum(number for origin, table, _, number in rows if origin != key and table in tables)
        if foreign:
            found.setdefault(key, Counter())[Awaited.ELSEWHERE] = foreign
    return found


def query(site: Site, repository_id: int, kind: Awaited) -> Any:
    """Return the pydal query for the rows of sync_deferred that count as a kind; not for files that wait there.

    Args:
        site: this site.
        repository_id: the repository.
        kind: what is asked for.
    """
    if kind is Awaited.ELSEWHERE:
        return not_brought_by(
            site, repository_id, exchanged_tables(site, repository_id).get(repository_id, ())
        )
    waiting = site.db.sync_deferred
    own = waiting.repository_id == repository_id
    if kind is Awaited.REFERENCES:
        return own & (waiting.target != "")
    given_up = waiting.retry_on >= NEVER
    is_asked = (waiting.retry_on == None) | (waiting.retry_on < NEVER)  # noqa: E711 - an SQL expression
    return own & (waiting.target == "") & (given_up if kind is Awaited.GIVEN_UP else is_asked)


def not_brought_by(site: Site, repository_id: int, tables: Iterable[str]) -> Any:
    """Return the pydal query for what records of tables wait for that did not come from a repository."""
    waiting = site.db.sync_deferred
    foreign = (waiting.repository_id == None) | (waiting.repository_id != repository_id)  # noqa: E711 - as above
    return foreign & waiting.tablename.belongs(sorted(tables))


def uuids_of(site: Site, records: Iterable[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Return the identifiers of records, with a statement a table: (table, key) -> uuid; of those that are there.

    Args:
        site: this site.
        records: their tables and keys.
    """
    keys: dict[str, set[int]] = {}
    for name, key in records:
        keys.setdefault(name, set()).add(key)
    found: dict[tuple[str, int], str] = {}
    for name, wanted in keys.items():
        table = site.schema.get(name)
        for key, uuid in site.store.fetch(table, (table.key, "uuid"), table.key, wanted) if table else ():
            found[name, key] = uuid
    return found


def exchanged_tables(site: Site, only: Repositories = None) -> dict[int, set[str]]:
    """Return the tables whose records are exchanged with repositories, as main records or with them, in two statements.

    Args:
        site: this site.
        only: only these repositories, None for all.
    """
    main: dict[int, set[str]] = {}
    task = site.db.sync_task
    own = live(task) & (task.repository_id != None)  # noqa: E711 - an SQL expression
    if only is not None:
        own &= task.repository_id.belongs((only,) if isinstance(only, int) else tuple(only))
    for row in site.db(own).select(task.repository_id, task.resource_name, task.mode):
        if Mode.read(row.mode) is not Mode.NONE:
            main.setdefault(row.repository_id, set()).add(row.resource_name)
    for (key, table), states in site.checkpoints.states(only).items():
        if CheckpointKind.STANDING in states:
            fetched = standing(states, site.journal.identity()).fetches
            main.setdefault(key, set()).update(fetched)
        elif CheckpointKind.SERVE in states or CheckpointKind.RECEIVE in states:
            main.setdefault(key, set()).add(table)
    return {key: with_components(site, tables) for key, tables in main.items()}


def with_components(site: Site, names: Iterable[str]) -> set[str]:
    """Return tables and those of their components that travel with them."""
    tables = [table for table in map(site.schema.get, names) if table is not None]
    parts = {each.table for table in tables for each in table.components.values() if each.travels}
    return parts.union(table.name for table in tables)
