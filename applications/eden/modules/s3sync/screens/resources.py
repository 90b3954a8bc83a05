"""The resources that are exchanged with a repository: which, which way, by which policies, which records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gluon import FORM, URL, redirect

from .. import local
from ..administration.tasks import Rules, delete_task
from ..deciding.decisions import travelling, undecided_by_table
from ..errors import AlreadyRunning, SyncError
from ..filters import parse_filter_string
from ..lists import Page, containing, order_of, page_of
from ..model import MODE_BOTH, MODE_NONE, MODE_PULL, MODE_PUSH
from ..plurals import counted
from ..site import Site
from ..titles import Translate, resource_names, resource_title
from . import filter_form, resources_add, wording
from .catalogue import Catalogue, Item
from .choices import (
    Choice,
    chosen,
    modes,
    policy_sentences,
)
from .costs import estimate, past_runs
from .desk import Desk
from .filter_fields import FilterFields
from .rules import entered_rules, problems_of, rule_choices, title_of
from .widgets import confirm, heading, pressed

PAGE = 50
#: How lists can be sorted: name in the URL -> column of sync_task. The usual order is that of the exchange.
SORTED_BY = {"order": "id", "name": "resource_name", "pull": "last_pull", "push": "last_push"}


class Line(NamedTuple):
    """A resource in the list.

    Attributes:
        task: row of sync_task.
        item: what is known of the table.
        mode: which way it travels.
        rules: its policies in sentences.
        filters: in words.
        pull, push: the newest entries of the log about it, None where there are none.
        kept: conflicts and rejected records on which nobody has decided.
    """

    task: Any
    item: Item
    mode: Choice
    rules: list[Any]
    filters: list[str]
    pull: Any
    push: Any
    kept: int

    @property
    def is_paused(self) -> bool:
        """Whether it does not travel for the time being."""
        return bool(self.task.mode == MODE_NONE)


def tab(desk: Desk, record: Any) -> Any:
    """Show the resources of a repository, one of them, or the form to add some."""
    asked, part = desk.request.args(2), desk.request.args(3)
    if asked is None:
        return _all(desk, record)
    if asked == "create":
        return resources_add.page(desk, record)
    task = desk.record_of(record, desk.db.sync_task, asked)
    if part == "filters" and desk.site.schema.get(task.resource_name) is not None:
        return filter_form.page(desk, record, task)
    return _one(desk, record, task)


# --- the list -----------------------------------------------------------------------------------------------


def _all(desk: Desk, record: Any) -> Any:
    variables = desk.request.get_vars
    page = _page(desk, record, variables)
    names = [task.resource_name for task in page.rows]
    catalogue = Catalogue(desk.site, record, names)
    told = outcomes(desk.db, record.id, names)
    kept = undecided_by_table(desk.site, record.id, names)
    filters = filters_in_words(desk.site, desk.T, page.rows)
    rows = [_line(desk, task, catalogue, filters.get(task.id, []), told, kept) for task in page.rows]
    order = order_of(variables, list(SORTED_BY), "order")
    desk.response.view = "sync/tasks.html"
    return {
        "title": title_of(desk.T("Resources"), record),
        "page": page._replace(rows=rows),
        "searched": str(variables.q or ""),
        "headings": {
            name: heading(desk.request, order, name, label)
            for name, label in (
                ("name", desk.T("Resource")),
                ("pull", desk.T("Last fetched")),
                ("push", desk.T("Last sent")),
            )
        },
        "asked_on": catalogue.asked_on,
        "has_tasks": bool(page.rows) or bool(variables.q),
    }


def _page(desk: Desk, record: Any, variables: Any) -> Page:
    table = desk.db.sync_task
    query = (table.repository_id == record.id) & (table.deleted == False)  # noqa: E712
    searched = str(variables.q or "").strip().lower()
    if searched:
        titles = resource_names(desk.site)
        names = [name for name, title in titles.items() if searched in str(title).lower()]
        query &= table.resource_name.belongs(names) | containing(searched, table.resource_name)
    order = order_of(variables, list(SORTED_BY), "order")
    column = table[SORTED_BY[order.column]]
    # the same order on every page also where many are equal
    columns = [column] if order.column == "order" else [column, table.id]
    return page_of(
        desk.db, query, [~each for each in columns] if order.descending else columns, variables, PAGE
    )


def _line(
    desk: Desk,
    task: Any,
    catalogue: Catalogue,
    filters: list[str],
    told: dict[Any, Any],
    kept: dict[str, int],
) -> Line:
    T = desk.T
    return Line(
        task=task,
        item=catalogue.item(task.resource_name),
        mode=chosen(modes(T), task.mode),
        rules=policy_sentences(T, task.update_policy, task.conflict_policy),
        filters=filters,
        pull=told.get((task.resource_name, "pull")),
        push=told.get((task.resource_name, "push")),
        kept=kept.get(task.resource_name, 0),
    )


def filters_in_words(site: Site, T: Translate, tasks: Sequence[Any]) -> dict[int, list[str]]:
    """Return the filters of tasks in words, as they stand where they cannot be read: task -> sentences."""
    resources = {task.id: task.resource_name for task in tasks}
    told = {}
    for task_id, lines in filter_form.stored_lines(site, tasks).items():
        table = site.schema.get(resources[task_id])
        try:
            filters = [each for line in lines for each in parse_filter_string(line)]
        except SyncError:
            filters = []
        told[task_id] = FilterFields(site, T, table).sentences(filters) if filters and table else lines
    return told


def outcomes(db: Any, repository_id: int, names: Sequence[str]) -> dict[Any, Any]:
    """Return the newest entries of the log about resources, as far as this site began: (resource, mode) -> row.

    Args:
        db: the DAL.
        repository_id: the repository.
        names: of the resources.
    """
    table = db.sync_log
    newest = table.id.max()
    query = (
        (table.repository_id == repository_id)
        & table.resource_name.belongs(list(names))
        & table.mode.belongs(["pull/outgoing", "push/outgoing"])
    )
    grouped = [table.resource_name, table.mode]
    ids = [row[newest] for row in db(query).select(newest, groupby=grouped)]
    rows = db(table.id.belongs(ids)).select(
        table.id, table.timestmp, table.resource_name, table.mode, table.result
    )
    return {(row.resource_name, row.mode.partition("/")[0]): row for row in rows}


# --- one resource -------------------------------------------------------------------------------------------


def _one(desk: Desk, record: Any, task: Any) -> Any:
    site, T = desk.site, desk.T
    catalogue = Catalogue(site, record, [task.resource_name])
    item = catalogue.item(task.resource_name)
    here = URL("sync", "repository", args=[record.id, "task", task.id])
    back = URL("sync", "repository", args=[record.id, "task"])
    delete = confirm(
        desk,
        "delete",
        T("Stop exchanging %s?") % item.title,
        [
            T("Changes of these records do not travel any longer, in either direction."),
            T("The records stay at both sites. Open conflicts stay in the list."),
            T("If you add the resource again later, all its records are compared once."),
            T("To stop for a while only, choose Pause instead."),
        ],
        T("Exchange it no more"),
        back=here,
    )
    reset = confirm(
        desk,
        "reset",
        T("Compare all %s again?") % item.title,
        _what_it_costs(desk, record, task, item),
        T("Compare everything again"),
        danger=False,
        back=here,
    )
    if delete.page or reset.page:
        return delete.page or reset.page
    if delete.agreed or reset.agreed:
        desk.session.flash, done = _delete(desk, task) if delete.agreed else _start_over(desk, record, task)
        redirect(back if delete.agreed and done else here)
    rules, problems = Rules(*(task[name] for name in Rules._fields)), {}
    form = FORM()
    accepted = pressed(desk, form, "task")
    if desk.request.post_vars._formname == "task":
        rules = entered_rules(desk.request.post_vars, record)
        problems = problems_of(T, rules)
        if accepted and not problems and _save(desk, record, task, rules):
            redirect(back)
    told = outcomes(desk.db, record.id, [task.resource_name])
    desk.response.view = "sync/task.html"
    return {
        "title": title_of(item.title, record),
        "task": task,
        "item": item,
        "known": site.schema.get(task.resource_name) is not None,
        "form": form,
        "choices": rule_choices(T, record),
        "rules": rules,
        "problems": problems,
        "parts": [resource_title(site, name) for name in travelling(site, task.resource_name)],
        "filters": filters_in_words(site, T, [task]).get(task.id, []),
        "pull": told.get((task.resource_name, "pull")),
        "push": told.get((task.resource_name, "push")),
        "kept": undecided_by_table(site, record.id, [task.resource_name])[task.resource_name],
        "asked_on": catalogue.asked_on,
        "delete": delete.link,
        "reset": reset.link,
        "back": back,
    }


def _delete(desk: Desk, task: Any) -> tuple[Any, bool]:
    """Return what to say, and whether it was deleted."""
    try:
        delete_task(desk.site, task)
    except AlreadyRunning:
        return filter_form.still_running(desk.T), False
    return desk.T("The resource is not exchanged any more. Its records stay."), True


def _start_over(desk: Desk, record: Any, task: Any) -> tuple[Any, bool]:
    """Return what to say, and whether everything is going to be compared again."""
    if filter_form.running(desk, record):
        return filter_form.still_running(desk.T), False
    local.reset(desk.site, record.id, task.resource_name)
    return desk.T("The next synchronization compares all records."), True


def _what_it_costs(desk: Desk, record: Any, task: Any, item: Item) -> list[Any]:
    """Return what comparing everything again will cause, in sentences."""
    T = desk.T
    pulls, pushes = task.mode in (MODE_PULL, MODE_BOTH), task.mode in (MODE_PUSH, MODE_BOTH)
    lines = [
        T(
            "The next synchronization compares all records of this resource, not only those that changed since."
        ),
        T("Only what differs between the sites is changed, by the policies of this resource."),
    ]
    if task.mode == MODE_NONE:
        return [*lines, T("The resource is paused: nothing happens before it is switched on again.")]
    cost = estimate(past_runs(desk.db, record.id), item.here if pushes else 0, item.there if pulls else 0)
    if cost.records is None:
        lines.append(
            T("How many records the other site has is not known, so nobody can say how long it takes.")
        )
    elif cost.octets is None or cost.seconds is None:
        lines.append(
            counted(
                T,
                cost.records,
                "About %(count)s record travels. How long that takes is not known before the first synchronization.",
                "About %(count)s records travel. How long that takes is not known before the first synchronization.",
            )
        )
    else:
        lines.append(
            counted(
                T,
                cost.records,
                "About %(count)s record travels. By past synchronizations that takes %(size)s and %(time)s.",
                "About %(count)s records travel. By past synchronizations that takes %(size)s and %(time)s.",
                size=wording.size(T, cost.octets),
                time=wording.span(T, cost.seconds),
            )
        )
    return lines


def _save(desk: Desk, record: Any, task: Any, rules: Rules) -> bool:
    """Store rules; tell whether that was done. With other components the task starts over."""
    T = desk.T
    other_parts = bool(task.components) != rules.components
    if other_parts and filter_form.running(desk, record):
        desk.response.flash = filter_form.still_running(T)
        return False
    task.update_record(**rules._replace(strategy=list(rules.strategy))._asdict())
    desk.session.flash = T("Saved")
    if other_parts:
        local.reset(desk.site, record.id, task.resource_name)
        desk.session.flash = T("Saved. The next synchronization compares all records of this resource.")
    return True
