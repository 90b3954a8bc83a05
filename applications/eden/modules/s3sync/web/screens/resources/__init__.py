"""The tab Resources of a repository."""

from __future__ import annotations

from typing import Any

from gluon import URL, redirect

from ....conflicts.kept_list import undecided_by_table
from ....core.task import Activity
from ....core.text import asked_text
from ....database.paging import ListPage, containing, order_of, page_of
from ....database.tables.fields import live
from ....exchange.peer import Capability
from ....site import Repository
from ....site.labels import resource_names
from ....site.tasks import TaskRow
from ..context import ScreenContext
from ..widgets import heading
from ..words.policies import chosen, modes, policy_sentences
from . import add as add
from . import filter_form as filter_form
from . import prescribed as prescribed
from .catalogue import Catalogue
from .edit import edit, show_prescribed
from .listed import PAGE, SORTED_BY, TaskLine
from .rules import title_of
from .summary import filters_in_words, outcomes

__all__ = [
    "add",
    "catalogue",
    "cost_estimate",
    "edit",
    "filter_fields",
    "filter_form",
    "filter_rows",
    "listed",
    "prescribed",
    "rules",
    "summary",
    "tab",
]


def tab(screen: ScreenContext, record: Repository) -> Any:
    """Show the resources of a repository, one of them, or the form to add resources."""
    asked, part = screen.request.args(2), screen.request.args(3)
    if asked is None:
        return _all(screen, record)
    if asked == "create":
        if Capability.DATASETS in record.type_capabilities:
            redirect(URL("sync", "repository", args=[record.id, "sets"]))
        return add.page(screen, record)
    task = screen.task(record, asked)
    if task.resource in prescribed.resources_of(record):
        return show_prescribed(screen, record, task)
    if part == "filters" and screen.site.schema.get(task.resource) is not None:
        return filter_form.page(screen, record, task)
    return edit(screen, record, task)


# --- the list -----------------------------------------------------------------------------------------------


def _all(screen: ScreenContext, record: Repository) -> Any:
    prescription = prescribed.shown(screen, record)
    if prescription.page:
        return prescription.page
    variables = screen.request.get_vars
    page = _page(screen, record, variables)
    names = [task.resource for task in page.rows]
    catalogue = Catalogue(record, names)
    told = outcomes(screen.db, record.id, names)
    kept = undecided_by_table(screen.site, record.id, names)
    filters = filters_in_words(screen.site, screen.T, page.rows)
    rows = [_line(screen, task, catalogue, filters.get(task.id, []), told, kept) for task in page.rows]
    order = order_of(variables, list(SORTED_BY), "order")
    screen.response.view = "sync/tasks.html"
    return {
        "title": title_of(screen.T("Resources"), record),
        "page": page._replace(rows=rows),
        "searched": str(variables.q or ""),
        "headings": {
            name: heading(screen.request, order, name, label)
            for name, label in (
                ("name", screen.T("Resource")),
                ("pull", screen.T("Last fetched")),
                ("push", screen.T("Last sent")),
            )
        },
        "asked_on": catalogue.asked_on,
        "prescription": prescription,
        "prescribed": prescribed.resources_of(record),
        "has_tasks": bool(page.rows) or bool(variables.q),
    }


def _page(screen: ScreenContext, record: Repository, variables: Any) -> ListPage:
    table = screen.db.sync_task
    query = (table.repository_id == record.id) & live(table)
    searched = asked_text(variables, "q").lower()
    if searched:
        titles = resource_names(screen.site)
        names = [name for name, title in titles.items() if searched in str(title).lower()]
        query &= table.resource_name.belongs(names) | containing(searched, table.resource_name)
    order = order_of(variables, list(SORTED_BY), "order")
    column = table[SORTED_BY[order.column]]
    # The same order on every page, also among equal ones.
    columns = [column] if order.column == "order" else [column, table.id]
    if order.descending:
        columns = [~each for each in columns]
    page = page_of(screen.db, query, columns, variables, PAGE)
    return page._replace(rows=[TaskRow.read(row) for row in page.rows])


def _line(
    screen: ScreenContext,
    task: TaskRow,
    catalogue: Catalogue,
    filters: list[str],
    told: dict[Any, Any],
    kept: dict[str, int],
) -> TaskLine:
    T, rules = screen.T, task.rules
    return TaskLine(
        task=task,
        item=catalogue.item(task.resource),
        mode=chosen(modes(T), rules.mode),
        rules=policy_sentences(T, rules.update_policy, rules.conflict_policy),
        filters=filters,
        pull=told.get((task.resource, Activity.PULL)),
        push=told.get((task.resource, Activity.PUSH)),
        kept=kept.get(task.resource, 0),
    )
