"""The log for readers: its query, entries grouped by run, and its export as CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Callable, NamedTuple

from ..core.task import Activity, Result, log_mode
from ..core.text import asked_text
from ..database import runs as runs
from ..database.log import INCOMING, OUTGOING, LogEntry
from ..database.paging import ListPage, containing, day, whole_number
from ..database.runs import Run
from ..database.tables.fields import live
from ..site import Site

PAGE = 50
ROWS_AT_ONCE = 2_000
#: Repositories from which somebody chooses in a list; of more, each one is chosen on its own page.
OFFERED = 300
#: Direction in the query -> modes of its entries.
DIRECTIONS: Mapping[str, Sequence[str]] = {
    "in": (log_mode(Activity.PULL, OUTGOING), log_mode(Activity.PUSH, INCOMING)),
    "out": (log_mode(Activity.PUSH, OUTGOING), log_mode(Activity.PULL, INCOMING)),
    "register": (log_mode(Activity.REGISTER, OUTGOING), log_mode(Activity.REGISTER, INCOMING)),
    "decide": (log_mode(Activity.DECIDE, OUTGOING), log_mode(Activity.DECIDE, INCOMING)),
}
#: Results that need attention.
TROUBLE = (Result.ERROR, Result.FATAL)
#: Asked for as a result: one that needs attention.
ANY_TROUBLE = "trouble"
#: A spreadsheet takes a text that begins with one of these for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class LogQuery(NamedTuple):
    """The query for log entries.

    Attributes:
        repository: id of the repository, None for all.
        resource: name of a table, "" for all.
        direction: one of DIRECTIONS, "" for all.
        result: a text of ``Result``, ANY_TROUBLE for all of TROUBLE, "" for all.
        since, until: first and last day (year-month-day, UTC), "" for no bound.
        search: text in the message or the remedy, "" for any.
        run: id of a run, None for all.
        oldest_first: whether the oldest come first.
    """

    repository: int | None = None
    resource: str = ""
    direction: str = ""
    result: str = ""
    since: str = ""
    until: str = ""
    search: str = ""
    run: int | None = None
    oldest_first: bool = False

    @classmethod
    def from_vars(cls, variables: Any, repository_id: int | None = None) -> "LogQuery":
        """Return the query from URL variables; invalid ones are ignored.

        Args:
            variables: URL variables: repository, resource, direction, result, since, until, q, run, sort.
            repository_id: only this repository, whatever the variables say.
        """
        direction, result = str(variables.get("direction") or ""), str(variables.get("result") or "")
        since, until = str(variables.get("since") or ""), str(variables.get("until") or "")
        run = whole_number(variables.get("run"))
        sort = str(variables.get("sort") or "")
        return cls(
            repository_id or whole_number(variables.get("repository")),
            asked_text(variables, "resource", 64),
            direction if direction in DIRECTIONS else "",
            result if result in (*Result, ANY_TROUBLE) else "",
            since if day(since) else "",
            until if day(until) else "",
            asked_text(variables, "q"),
            run,
            sort == "time" or (run is not None and sort != "-time"),
        )

    def to_vars(self) -> dict[str, str]:
        """Return the URL variables that ask for the same."""
        given = {
            "repository": str(self.repository or ""),
            "resource": self.resource,
            "direction": self.direction,
            "result": self.result,
            "since": self.since,
            "until": self.until,
            "q": self.search,
            "run": str(self.run or ""),
            "sort": "time" if self.oldest_first else "",
        }
        return {name: value for name, value in given.items() if value}

    @property
    def is_narrowed(self) -> bool:
        """Whether the query selects less than all entries of the repository, or of all repositories."""
        return self._replace(repository=None, oldest_first=False) != LogQuery()

    def query(self, db: Any) -> Any:
        """Return the query for these entries."""
        table = db.sync_log
        query = table.id > 0
        if self.repository:
            query &= table.repository_id == self.repository
        if self.resource:
            query &= table.resource_name == self.resource
        if self.direction:
            query &= table.mode.belongs(DIRECTIONS[self.direction])
        if self.result == ANY_TROUBLE:
            query &= table.result.belongs(TROUBLE)
        elif self.result:
            query &= table.result == self.result
        if self.since:
            query &= table.timestmp >= day(self.since)
        if self.until:
            query &= table.timestmp < day(self.until, 1)
        if self.run:
            query &= table.run_id == self.run
        if self.search:
            query &= containing(self.search, table.message, table.remedy)
        return query

    def order(self, db: Any) -> Any:
        """Return the order of the entries; their ids are in the order of time."""
        return db.sync_log.id if self.oldest_first else ~db.sync_log.id


class LogGroup(NamedTuple):
    """The entries of one run, or a single entry without a run.

    Attributes:
        run: the run; None if the entry has no run, or the run was removed.
        run_id: id of the run, None if the entry has none.
        entries: the entries in the requested order.
    """

    run: Run | None
    run_id: int | None
    entries: list[LogEntry]


def log_page(site: Site, asked: LogQuery, variables: Any) -> ListPage:
    """Return a page of the log as Group; a run is at the place of its first entry on the page.

    Args:
        site: this site.
        asked: the query.
        variables: URL variables: page.
    """
    db = site.db
    query = asked.query(db)
    page = ListPage.asked(variables, db(query).count(), PAGE)
    if not page.total:
        return page
    # The keys first: sorting all the long messages of a large log takes far longer.
    found = db(query).select(db.sync_log.id, orderby=asked.order(db), limitby=page.bounds(PAGE))
    rows = db(db.sync_log.id.belongs([row.id for row in found])).select(orderby=asked.order(db))
    return page._replace(rows=_groups(db, [LogEntry.read(row) for row in rows]))


def _groups(db: Any, entries: Sequence[LogEntry]) -> list[LogGroup]:
    wanted = {each.run_id for each in entries if each.run_id}
    known = {run.id: run for run in runs.find(db, db.sync_run.id.belongs(wanted))}
    groups: dict[Any, LogGroup] = {}
    for each in entries:
        key = ("run", each.run_id) if each.run_id else ("entry", each.id)
        group = LogGroup(known.get(each.run_id or 0), each.run_id, [])
        groups.setdefault(key, group).entries.append(each)
    return list(groups.values())


def repository_names(db: Any, needed: Iterable[int | None] | None = None) -> dict[int, str]:
    """Return id -> name of repositories, sorted by name.

    Args:
        db: the DAL.
        needed: those that a page names; of others only as many as somebody may choose from. None for all.
    """
    table = db.sync_repository
    query = live(table)
    if needed is not None and only_some(db):
        query &= table.id.belongs([key for key in needed if key])
    rows = db(query).select(table.id, table.name, orderby=table.name)
    return {row.id: row.name for row in rows}


def only_some(db: Any) -> bool:
    """Return whether there are too many repositories to choose from a list."""
    return bool(db(live(db.sync_repository)).count() > OFFERED)


def logged_resources(db: Any) -> list[str]:
    """Return the tables with log entries."""
    logged = db(db.sync_log.resource_name != None).select(db.sync_log.resource_name, distinct=True)  # noqa: E711
    return sorted({row.resource_name for row in logged if row.resource_name})


# --- as a table ----------------------------------------------------------------------------------------------


class CsvWords(NamedTuple):
    """The texts of a table.

    Attributes:
        headings: headings of the columns: time (UTC), repository, resource, mode, action, result, who reported it,
            message, remedy, run.
        message: returns the message of an entry, of which only what they need is known.
        remedy: returns its remedy.
    """

    headings: Sequence[str]
    message: Callable[[LogEntry], str]
    remedy: Callable[[LogEntry], str]


def write_csv(site: Site, asked: LogQuery, words: CsvWords, out: BinaryIO) -> int:
    """Write the entries as comma-separated values (RFC 4180) in UTF-8.

    It begins with a byte order mark: without it Excel assumes another encoding. A text that a spreadsheet would take
    for a formula gets an apostrophe.

    Args:
        site: this site.
        asked: the query.
        words: the headings, and the translation of messages.
        out: binary file to write to.

    Returns:
        number of entries.
    """
    out.write(b"\xef\xbb\xbf")
    names = repository_names(site.db)
    count = 0
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(map(harmless, words.headings))
    for (moment, repository_id, *about, remote, run), entry in _all(site, asked):
        count += 1
        reporter = "remote" if remote in (True, "T") else "local"
        who = names.get(repository_id, "")
        told = words.message(entry), words.remedy(entry)
        cells = (str(moment or "")[:19], who, *about, reporter, *told, run)
        table.writerow(map(harmless, cells))
        if not count % ROWS_AT_ONCE:
            _flush(text, out)
    _flush(text, out)
    return count


def _flush(text: io.StringIO, out: BinaryIO) -> None:
    out.write(text.getvalue().encode("utf-8", "replace"))
    text.seek(0)
    text.truncate()


def harmless(value: Any) -> str:
    """Return the text of a cell so that no spreadsheet takes it for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _all(site: Site, asked: LogQuery) -> Iterator[tuple[Sequence[Any], LogEntry]]:
    """Yield all entries from the database in parts, as a log may not fit into memory."""
    db, table = site.db, site.db.sync_log
    query, last = asked.query(db), None
    about = (
        table.timestmp,
        table.repository_id,
        table.resource_name,
        table.mode,
        table.action,
        table.result,
        table.remote,
        table.run_id,
    )
    columns = (table.id, *about, table.code, table.message, table.remedy, table.params)
    while True:
        part = query
        if last is not None:
            part &= table.id > last if asked.oldest_first else table.id < last
        rows = db.executesql(db(part)._select(*columns, orderby=asked.order(db), limitby=(0, ROWS_AT_ONCE)))
        if not rows:
            return
        for key, *found in rows:
            code, message, remedy, params = found[len(about) :]
            # Some databases return JSON as values, others as text.
            params = json.loads(params) if isinstance(params, str) else params
            entry = LogEntry(key, code=code, message=message or "", remedy=remedy or "", params=params)
            yield found[: len(about)], entry
        last = rows[-1][0]
