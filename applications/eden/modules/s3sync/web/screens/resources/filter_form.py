"""The form for a resource's filters, by rows or as Eden's URL filters, with the number of matching records."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gluon import FORM, URL, redirect

from ....active.matching import can_tell, matching_there
from ....core.errors import SyncError
from ....core.plurals import counted
from ....core.schema import Table
from ....database.paging import whole_number
from ....database.tables.fields import live
from ....exchange.peer import Capability
from ....scheduler import run_record as run_record
from ....site import Repository, Site
from ....site.labels import resource_title
from ....site.tasks import TaskRow, filters_of
from ....site.wanted import tasks as wanted_tasks
from ....ui import look as look
from ....wire.filters import Filter, filter_text, parse_filter_string
from ..context import ScreenContext
from ..widgets import pressed
from .filter_fields import FilterFields, by_selector, comparison_words, is_valid, problem_of
from .filter_rows import COMPARISONS, NOTHING, OFFERED, FieldEntry, FilterRow, filter_of, rows_of

#: Tables of at most so many records are counted whenever the form is shown, larger ones on request.
COUNTED_AT_ONCE = 50_000
ACTIONS = ("check", "add", "remove", "as_text", "as_form", "save")
BY_HAND = "by-hand"


class ShownRow(NamedTuple):
    """A row for the view.

    Attributes:
        number: its number, for the names of its inputs.
        row: its content.
        entry: its field, None for a filter written by hand.
        comparisons: possible comparisons: name -> label.
        input: kind of input for its value.
        text: the row as URL filter, "" while it is none.
        problem: what is wrong with it, None for nothing.
    """

    number: int
    row: FilterRow
    entry: FieldEntry | None
    comparisons: dict[str, Any]
    input: str
    text: str
    problem: Any


class EnteredFilters(NamedTuple):
    """The entered filters, as far as they can be read.

    Attributes:
        rows: the rows of the form.
        text: the filters as text, one per line.
        filters: the filters that can be read.
        problems: number of the row -> what is wrong; -1 for the text.
    """

    rows: list[FilterRow]
    text: str
    filters: list[Filter]
    problems: dict[int, Any]


def page(screen: ScreenContext, repository: Repository, task: TaskRow) -> Any:
    """Show and store the filters of a task."""
    T, site, variables = screen.T, screen.site, screen.request.post_vars
    table = site.schema.table(task.resource)
    fields = FilterFields(site, T, table)
    groups = fields.groups()
    entries = by_selector(groups)
    form = FORM()
    accepted = pressed(screen, form, "filters")
    sent = variables._formname == "filters"
    action = next((each for each in ACTIONS if each in variables), "save") if sent else ""
    if sent:
        entered = _read(screen, table, entries, action)
    else:
        entered = _stored(screen, task, table, entries)
    as_text = -1 in entered.problems or (
        # A row that cannot be read would be lost.
        not entered.problems if action == "as_text" else variables.shown_as == "text" and action != "as_form"
    )
    if accepted and action == "save" and not entered.problems:
        save(screen, repository, task, entered.filters)
    total = site.record_counts.counts([table])[table.name]
    matches = None
    if not entered.problems and (sent or total <= COUNTED_AT_ONCE):
        matches = site.store.count(table, entered.filters)
    name = resource_title(site, table.name)
    screen.response.view = "sync/filters.html"
    return {
        "title": f"{T('Which records')} · {name} · {repository.name}",
        "task": task,
        "filters_hold": Capability.FILTERS in repository.type_capabilities,
        "form": form,
        "groups": groups,
        "rows": _shown(screen, entries, entered),
        "as_text": as_text,
        "text": entered.text,
        "problems": entered.problems,
        "matches": matches,
        "total": total,
        "there": _there(screen, repository, table, entered, is_asked=accepted and action == "check"),
        "looks_elsewhere": any(each.looks_elsewhere for each in entered.filters),
        "by_hand": BY_HAND,
        "name": name,
        "back": URL("sync", "repository", args=[repository.id, "task", task.id]),
    }


def _there(
    screen: ScreenContext, repository: Repository, table: Table, entered: EnteredFilters, *, is_asked: bool
) -> Any:
    """Return how many records match at the other site, in words; "" while the conditions cannot be understood."""
    T, named = screen.T, {"site": repository.name}
    if entered.problems:
        return ""
    if not can_tell(repository):
        return T("How many match at %(site)s is not known: this site cannot ask it.") % named
    if not is_asked:
        return T("To count at %(site)s too, press the button.") % named
    try:
        found = matching_there(repository, table.name, entered.filters)
    except SyncError as error:
        return T("%(site)s could not be asked how many match there: %(problem)s") % {
            **named,
            "problem": error.explain(),
        }
    if found is None:
        return T("%(site)s cannot tell how many match there: only a site of this version can.") % named
    return counted(
        T,
        found,
        "%(count)s record matches at %(site)s, of those that this site may read there.",
        "%(count)s records match at %(site)s, of those that this site may read there.",
        **named,
    )


def _stored(
    screen: ScreenContext, task: TaskRow, table: Table, entries: Mapping[str, FieldEntry]
) -> EnteredFilters:
    """Return the stored filters; those that can no longer be read as text, so that they can be corrected."""
    try:
        filters = filters_of(screen.db, task)
    except SyncError as error:
        return EnteredFilters([], stored_text(screen.site, task), [], {-1: error.explain()})
    rows = rows_of(filters, entries)
    problems: dict[int, str] = {}
    for number, (row, each) in enumerate(zip(rows, filters)):
        problem = is_valid(screen.site, table, each)
        if problem is not None:
            problems[number] = problem_of(
                screen.T, problem, entries[row.selector].kind if row.selector else ""
            )
    return EnteredFilters(rows, "\n".join(map(filter_text, filters)), filters, problems)


def stored_text(site: Site, task: TaskRow) -> str:
    """Return the filters of a task from the database, one per line."""
    return "\n".join(stored_lines(site, [task]).get(task.id, []))


def stored_lines(site: Site, stored: Sequence[TaskRow]) -> dict[int, list[str]]:
    """Return the filters of tasks from the database: task -> lines."""
    table = site.db.sync_resource_filter
    resources = {task.id: task.resource for task in stored}
    found: dict[int, list[str]] = {}
    query = table.task_id.belongs(list(resources)) & live(table)
    for row in site.db(query).select(orderby=table.id):
        own = row.tablename in ("~", "", resources[row.task_id])
        found.setdefault(row.task_id, []).append(
            row.filter_string if own else f"[{row.tablename}]{row.filter_string}"
        )
    return found


# --- what was entered ---------------------------------------------------------------------------------------


def _read(
    screen: ScreenContext, table: Table, entries: Mapping[str, FieldEntry], action: str
) -> EnteredFilters:
    variables = screen.request.post_vars
    if variables.shown_as == "text":
        return _from_text(screen, table, entries, str(variables.text or ""))
    rows = _entered_rows(variables, entries)
    if action == "remove":
        gone = whole_number(variables.remove)
        rows = [row for number, row in enumerate(rows) if number != gone]
    filters, problems = _understood(screen, table, entries, rows)
    if action == "add":
        # A row that is not complete yet is no error.
        new = str(variables.new or "")
        if new == BY_HAND:
            rows.append(FilterRow(""))
        elif new in entries:
            rows.append(FilterRow(new, OFFERED[entries[new].kind][0]))
        else:
            problems[-2] = screen.T("Choose a field.")
    return EnteredFilters(rows, "\n".join(map(filter_text, filters)), filters, problems)


def _from_text(
    screen: ScreenContext, table: Table, entries: Mapping[str, FieldEntry], text: str
) -> EnteredFilters:
    filters: list[Filter] = []
    for line in text.splitlines():
        try:
            found = parse_filter_string(line)
        except SyncError as error:
            return EnteredFilters([], text, [], {-1: error.explain()})
        for each in found:
            problem = is_valid(screen.site, table, each)
            if problem is not None:
                return EnteredFilters([], text, [], {-1: problem.explain()})
        filters += found
    filters = [wanted_tasks.at_home(each, table.name) for each in filters]
    return EnteredFilters(rows_of(filters, entries), text, filters, {})


def _entered_rows(variables: Any, entries: Mapping[str, FieldEntry]) -> list[FilterRow]:
    rows = []
    for number in itertools.takewhile(lambda each: f"row-{each}-field" in variables, itertools.count()):
        selector = str(variables[f"row-{number}-field"])
        entry = entries.get(selector)
        if entry is None:
            rows.append(FilterRow("", text=str(variables.get(f"row-{number}-text") or "").strip()))
            continue
        comparison = variables.get(f"row-{number}-comparison")
        given = variables.get(f"row-{number}-value") or []
        values = tuple(str(each).strip() for each in (given if isinstance(given, list) else [given]))
        rows.append(
            FilterRow(
                selector,
                comparison if comparison in OFFERED[entry.kind] else OFFERED[entry.kind][0],
                tuple(each for each in values if each),
            )
        )
    return rows


def _understood(
    screen: ScreenContext, table: Table, entries: Mapping[str, FieldEntry], rows: list[FilterRow]
) -> tuple[list[Filter], dict[int, Any]]:
    T = screen.T
    filters: list[Filter] = []
    problems: dict[int, Any] = {}
    for number, row in enumerate(rows):
        entry = entries.get(row.selector)
        if entry is None and not row.text:
            problems[number] = T("Write the filter, or remove the line.")
            continue
        if entry is not None and not row.values and COMPARISONS[row.comparison].takes != NOTHING:
            problems[number] = T("Choose at least one.") if entry.options else T("Enter a value.")
            continue
        try:
            found = wanted_tasks.at_home(filter_of(row, entry), table.name)
        except SyncError as error:
            problems[number] = problem_of(T, error, "")
            continue
        wrong = is_valid(screen.site, table, found)
        if wrong is not None:
            problems[number] = problem_of(T, wrong, entry.kind if entry is not None else "")
            continue
        filters.append(found)
    return filters, problems


# --- what is shown ------------------------------------------------------------------------------------------


def _shown(
    screen: ScreenContext, entries: Mapping[str, FieldEntry], entered: EnteredFilters
) -> list[ShownRow]:
    shown = []
    for number, row in enumerate(entered.rows):
        entry = entries.get(row.selector)
        problem = entered.problems.get(number)
        text, words, kind = "", {}, "text"
        if entry is not None:
            known = comparison_words(screen.T, entry.kind)
            words = {name: known[name] for name in OFFERED[entry.kind]}
            kind = "options" if entry.options else entry.kind
        if problem is None:
            text = _as_text(row, entry)
        shown.append(ShownRow(number, row, entry, words, kind, text, problem))
    return shown


def _as_text(row: FilterRow, entry: FieldEntry | None) -> str:
    """Return a row as URL filter, "" while it is incomplete."""
    if entry is not None and not row.values and COMPARISONS[row.comparison].takes != NOTHING:
        return ""
    return filter_text(filter_of(row, entry)) if entry is not None else row.text


# --- storing ------------------------------------------------------------------------------------------------


def save(screen: ScreenContext, repository: Repository, task: TaskRow, wanted: list[Filter]) -> None:
    """Store the filters of a task and go back to it; changed filters reset the task."""
    T, site = screen.T, screen.site
    back = URL("sync", "repository", args=[repository.id, "task", task.id])
    if wanted == _known(site, task):
        screen.session.flash = T("Nothing was changed.")
        redirect(back)
    if running(screen, repository):
        screen.response.flash = still_running(T)
        return
    wanted_tasks.write_filters(site, task.id, task.resource, wanted)
    repository.start_over(task.resource)
    screen.session.flash = T("Saved. The next synchronization compares all records of this resource.")
    redirect(back)


def _known(site: Site, task: TaskRow) -> list[Filter] | None:
    try:
        return filters_of(site.db, task)
    except SyncError:
        return None


def running(screen: ScreenContext, repository: Repository) -> bool:
    """Return whether a run is active: it would continue from its position, and so undo the reset of a task."""
    return bool(run_record.live_run(screen.site, repository.id))


def still_running(T: Any) -> Any:
    """Return the message for this case."""
    return look.Problem(
        T("A synchronization is under way. Wait until it has ended, or stop it, and then try again.")
    )
