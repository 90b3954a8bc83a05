"""One resource of a repository."""

from __future__ import annotations

from typing import Any

from gluon import FORM, URL, redirect

from ....administration.tasks import delete_task
from ....conflicts.kept_list import travelling, undecided_by_table
from ....core.errors import AlreadyRunning
from ....core.plurals import counted
from ....core.task import Activity, Mode
from ....site import Repository
from ....site.labels import resource_title
from ....site.tasks import TaskRow, TaskRules
from ..context import ScreenContext
from ..widgets import action_button, confirm, pressed
from ..words import states_and_units as states_and_units
from ..words.policies import chosen, modes, policy_sentences
from . import filter_form as filter_form
from . import prescribed as prescribed
from .catalogue import Catalogue, CatalogueItem
from .cost_estimate import estimate, past_runs
from .rules import entered_rules, problems_of, rule_choices, title_of
from .summary import filters_in_words, outcomes

# --- one resource -------------------------------------------------------------------------------------------


def edit(screen: ScreenContext, record: Repository, task: TaskRow) -> Any:
    site, T = screen.site, screen.T
    catalogue = Catalogue(record, [task.resource])
    item = catalogue.item(task.resource)
    here = URL("sync", "repository", args=[record.id, "task", task.id])
    back = URL("sync", "repository", args=[record.id, "task"])
    delete = confirm(
        screen,
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
        screen,
        "reset",
        T("Compare all %s again?") % item.title,
        lambda: _what_it_costs(screen, record, task, item),
        T("Compare everything again"),
        danger=False,
        back=here,
    )
    if delete.page or reset.page:
        return delete.page or reset.page
    if delete.agreed or reset.agreed:
        screen.session.flash, done = (
            _delete(screen, record, task) if delete.agreed else _start_over(screen, record, task)
        )
        redirect(back if delete.agreed and done else here)
    rules, problems = task.rules, {}
    form = FORM()
    accepted = pressed(screen, form, "task")
    if screen.request.post_vars._formname == "task":
        rules = entered_rules(screen.request.post_vars, record)
        problems = problems_of(T, rules)
        if accepted and not problems and _save(screen, record, task, rules):
            redirect(back)
    told = outcomes(screen.db, record.id, [task.resource])
    screen.response.view = "sync/task.html"
    return {
        "title": title_of(item.title, record),
        "task": task,
        "item": item,
        "known": site.schema.get(task.resource) is not None,
        "form": form,
        "choices": rule_choices(T, record),
        "rules": rules,
        "problems": problems,
        "parts": [resource_title(site, name) for name in travelling(site, task.resource)],
        "filters": filters_in_words(site, T, [task]).get(task.id, []),
        "pull": told.get((task.resource, Activity.PULL)),
        "push": told.get((task.resource, Activity.PUSH)),
        "kept": undecided_by_table(site, record.id, [task.resource])[task.resource],
        "asked_on": catalogue.asked_on,
        "delete": delete.link,
        "reset": reset.link,
        "back": back,
    }


def show_prescribed(screen: ScreenContext, record: Repository, task: TaskRow) -> Any:
    """Show a resource that the other site prescribes: people here can pause it, and let it go on."""
    site, T = screen.site, screen.T
    is_paused = task.mode is Mode.NONE
    pause = action_button("pause", T("Let it go on") if is_paused else T("Pause"))
    if pressed(screen, pause, "pause"):
        mode = prescribed.mode_of(record, task.resource) if is_paused else Mode.NONE
        _save(screen, record, task, task.rules._replace(mode=mode))
        redirect(URL("sync", "repository", args=[record.id, "task", task.id]))
    item = Catalogue(record, [task.resource]).item(task.resource)
    screen.response.view = "sync/task_prescribed.html"
    return {
        "title": title_of(item.title, record),
        "item": item,
        "task": task,
        "mode": chosen(modes(T), task.mode),
        "rules": policy_sentences(T, task.rules.update_policy, task.rules.conflict_policy),
        "components": task.rules.components,
        "filters": filters_in_words(site, T, [task]).get(task.id, []),
        "is_paused": is_paused,
        "pause": pause,
        "back": URL("sync", "repository", args=[record.id, "task"]),
    }


def _delete(screen: ScreenContext, record: Repository, task: TaskRow) -> tuple[Any, bool]:
    """Delete a task; return a message, and whether it was deleted."""
    try:
        delete_task(record, task)
    except AlreadyRunning:
        return filter_form.still_running(screen.T), False
    return screen.T("The resource is not exchanged any more. Its records stay."), True


def _start_over(screen: ScreenContext, record: Repository, task: TaskRow) -> tuple[Any, bool]:
    """Reset a task; return a message, and whether everything will be compared again."""
    if filter_form.running(screen, record):
        return filter_form.still_running(screen.T), False
    record.start_over(task.resource)
    return screen.T("The next synchronization compares all records."), True


def _what_it_costs(
    screen: ScreenContext, record: Repository, task: TaskRow, item: CatalogueItem
) -> list[Any]:
    """Return the effects of comparing everything again, in sentences."""
    T = screen.T
    mode = task.mode
    lines = [
        T(
            "The next synchronization compares all records of this resource, not only those that changed since."
        ),
        T("Only what differs between the sites is changed, by the policies of this resource."),
    ]
    if mode is Mode.NONE:
        return [*lines, T("The resource is paused: nothing happens before it is switched on again.")]
    cost = estimate(
        past_runs(screen.db, record.id), item.here if mode.pushes else 0, item.there if mode.pulls else 0
    )
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
                size=states_and_units.size(T, cost.octets),
                time=states_and_units.span(T, cost.seconds),
            )
        )
    return lines


def _save(screen: ScreenContext, record: Repository, task: TaskRow, rules: TaskRules) -> bool:
    """Store rules; return whether they were stored. A change of components resets the task."""
    T = screen.T
    other_parts = task.rules.components != rules.components
    if other_parts and filter_form.running(screen, record):
        screen.response.flash = filter_form.still_running(T)
        return False
    screen.db(screen.db.sync_task.id == task.id).update(**rules.columns)
    screen.session.flash = T("Saved")
    if other_parts:
        record.start_over(task.resource)
        screen.session.flash = T("Saved. The next synchronization compares all records of this resource.")
    return True
