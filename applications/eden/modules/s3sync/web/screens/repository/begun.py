"""Exchanges that other sites began here: when, with which records, and how they ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ....core.task import RunState
from ....database.paging import page_of, whole_number
from ....database.runs import COUNTED, Run
from ....database.traffic import CHANGES
from ....monitoring import log_view as log_view
from ....passive import begun as begun
from ....passive.begun import Begun
from ....site import Repository, Site
from ....site.labels import Translate, resource_title
from ....ui import look as look
from ..context import ScreenContext
from ..runs import told
from ..words import states_and_units as states_and_units
from ..words.messages import MessageWords

PAGE = 25
#: Exchanges on the page of one repository.
NEWEST = 5


class BegunLine(NamedTuple):
    """An exchange in a list.

    Attributes:
        row: the exchange.
        site: name of the site that began it.
        state: how it ended, as a badge.
        reason: what was refused, or what is not known, "" for neither.
        tables: resource -> outcomes here in words, and number of records sent.
    """

    row: Begun
    site: str
    state: Any
    reason: Any
    tables: list[tuple[Any, Any, int]]

    @property
    def changed(self) -> int:
        """Number of records changed here."""
        return self.row.received(*CHANGES)


def page(screen: ScreenContext) -> Any:
    """Show the exchanges of all sites, or of one; all of them, those with records, or those that were refused."""
    db, variables = screen.db, screen.request.get_vars
    table = db.sync_served
    kinds = {
        "moved": (screen.T("with records"), table.moved == True),  # noqa: E712
        "refused": (screen.T("refused"), table.state == RunState.FAILED.value),
    }
    repository, kind = whole_number(variables.repository), str(variables.kind or "")
    query = table.id > 0
    if repository:
        query &= table.repository_id == repository
    if kind in kinds:
        query &= kinds[kind][1]
    found = page_of(db, query, ~table.id, variables, PAGE)
    names = log_view.repository_names(db, [repository, *(row.repository_id for row in found.rows)])
    return {
        "title": screen.T("Exchanges that other sites began"),
        "page": found,
        "lines": lines(screen, begun.read(db, found.rows), names),
        "repositories": names,
        "only_some": log_view.only_some(db),
        "repository": repository,
        "kinds": {name: words for name, (words, _) in kinds.items()},
        "kind": kind,
    }


def newest(screen: ScreenContext, record: Repository) -> list[BegunLine]:
    """Return the last exchanges that one site began."""
    table = screen.db.sync_served
    rows = screen.db(table.repository_id == record.id).select(orderby=~table.id, limitby=(0, NEWEST))
    return lines(screen, begun.read(screen.db, rows), {record.id: record.name})


def lines(screen: ScreenContext, found: Sequence[Begun], names: Any) -> list[BegunLine]:
    """Return exchanges for a list.

    Args:
        screen: the context.
        found: the exchanges.
        names: id -> name of repositories.
    """
    words, T = MessageWords(screen.T), screen.T
    return [
        BegunLine(
            each,
            names.get(each.repository_id, ""),
            _state(screen, each),
            _reason(T, each, screen, words),
            [
                (_title(screen.site, T, name), told(T, _outcomes(of)), of["sent"])
                for name, of in each.tables.items()
            ],
        )
        for each in found
    ]


def as_runs(site: Site, found: Sequence[Begun]) -> list[Run]:
    """Return exchanges as runs, for the small history; those without records are left out, unless they were refused.

    Args:
        site: this site.
        found: the exchanges, oldest first.
    """
    now = site.clock.now()
    runs = []
    for each in found:
        if not each.moved and each.state is not RunState.FAILED:
            continue
        # Whether it came to its end is not known: some sites do not tell.
        state = RunState.COMPLETED if each.state is RunState.RUNNING and each.is_over(now) else each.state
        counts: dict[str, Any] = {name: each.received(name) for name in COUNTED}
        runs.append(
            Run(
                each.id,
                each.repository_id,
                state,
                each.started_on,
                each.finished_on,
                sent=each.sent,
                **counts,
            )
        )
    return runs


def _outcomes(counts: Any) -> dict[str, int]:
    return {**counts, "conflict": counts["conflicts"]}


def _title(site: Site, T: Translate, name: str) -> Any:
    return resource_title(site, name) if name else T("Records that had been put off")


def _state(screen: ScreenContext, row: Begun) -> Any:
    T = screen.T
    if row.state is RunState.FAILED:
        return look.state("bad", T("refused"))
    if not row.moved:
        return look.state("off", T("nothing new"))
    if row.state is RunState.COMPLETED:
        return look.state("good", T("completed"))
    return (
        look.state("off", T("end not told"))
        if row.is_over(screen.now)
        else look.state("working", T("working"))
    )


def _reason(T: Translate, row: Begun, screen: ScreenContext, words: MessageWords) -> Any:
    if row.message:
        return " ".join((words.message(row), words.remedy(row))).strip()
    if row.moved and row.state is RunState.RUNNING and row.is_over(screen.now):
        return T("A Sahana Eden never tells it; another site was cut off, or stopped.")
    return ""
