"""Imports rejected records again when the cause of their rejection may be gone.

A reference that was missing has arrived, a unique value is free, or a time that was in the future is not any more: time
has passed, or the clock of this site was set right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from types import MappingProxyType

from ..core.kept import Kept
from ..core.policy import Terms
from ..exchange.importer import Context, Report
from ..wire.s3xml import Decoder, parse_fragment
from .repositories import Repository

RETRIES_A_PAGE = 500

#: Records whose time has come, of all tables, that are tried again at once.
DUE_AT_ONCE = 2000


def retry_rejected(repository: Repository, table: str, terms: Terms, context: Context) -> Report:
    """Import rejected records of a table again, and of any table where they waited for their time.

    All of it happens within the current transaction.

    Args:
        repository: the repository that sent them.
        table: the table.
        terms, context: those of the table's exchange.
    """
    report = Report()
    waiting = repository.site.kept_versions.tables_to_retry(repository.id)
    if table in waiting:
        report.add(_retry_ready(repository, table, terms, context))
    components = repository.site.schema.table(table).components.values() if terms.components else ()
    for name in sorted(waiting & {each.table for each in components if each.travels} - {table}):
        report.add_others(_retry_ready(repository, name, terms, context))
    report.add_others(retry_due(repository, context, {table: terms}))
    return report


def _retry_ready(repository: Repository, table: str, terms: Terms, context: Context) -> Report:
    """Import records of a table again until none is taken any more: one may have stood in the way of another.

    Where there are many, those come first that were not among the last ones.
    """
    report, states = Report(), repository.states
    while True:
        after = states.tried_again(table)
        found = repository.site.kept_versions.retriable(repository.id, table, RETRIES_A_PAGE, after)
        if len(found) == RETRIES_A_PAGE:
            states.save_tried_again(table, found[-1].row or 0)
        last = _retry(repository, table, found, terms, context)
        if not last.has_taken:
            report.add(last)
            return report
        report.add(last.without_rejected())


def retry_due(
    repository: Repository, context: Context, terms: Mapping[str, Terms] = MappingProxyType({})
) -> Report:
    """Import records of any table again that waited for their time, within the current transaction.

    Args:
        repository: the repository that sent them.
        context: that of one of its tables.
        terms: rules by table; where they are not here, those of our task.
    """
    report = Report()
    for table, found in groupby(repository.site.kept_versions.due(repository.id, DUE_AT_ONCE), key=_table):
        rules = terms.get(table) or repository.usual_terms(table)
        report.add_others(_retry(repository, table, list(found), rules, _known(repository, table, context)))
    # Others may have waited for one of them, of whatever table, and perhaps nobody sends anything any more.
    has_taken = report.has_taken
    while has_taken:
        more = Report()
        for table in sorted(repository.site.kept_versions.tables_to_retry(repository.id)):
            rules = terms.get(table) or repository.usual_terms(table)
            more.add_others(_retry_ready(repository, table, rules, _known(repository, table, context)))
        report.add(more.without_rejected())
        has_taken = more.has_taken
    return report


def _table(kept: Kept) -> str:
    return kept.table


def _known(repository: Repository, table: str, context: Context) -> Context:
    """Return the context of the records of a table: what the repository knows of ours differs from table to table."""
    return replace(context, exchanged=repository.states.exchanged(table))


def _retry(
    repository: Repository, table: str, found: Sequence[Kept], terms: Terms, context: Context
) -> Report:
    site = repository.site
    kept = [each for each in found if each.theirs]
    if not kept:
        return Report()
    decoder = Decoder(site.schema)
    records = [decoder.decode(parse_fragment((each.theirs or "").encode("utf-8"))) for each in kept]
    since = {each.row: each.position for each in kept if each.row is not None and each.position is not None}
    rows = [each.row for each in kept if each.row is not None]
    return site.importer.retry(records, table, terms, replace(context, kept_since=since), rows)
