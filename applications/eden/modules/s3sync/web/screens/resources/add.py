"""Adds resources to a repository: choose from a list, add suggested ones, set the rules."""

from __future__ import annotations

from typing import Any, NamedTuple

from gluon import FORM, URL, redirect

from ....active.registration import ask_for_offer
from ....core.errors import SyncError
from ....core.plurals import counted
from ....core.text import asked_text
from ....exchange.peer import Capability
from ....site import Repository
from ....site.labels import resource_title
from ....site.tasks import TaskRules
from ....site.wanted import tasks as wanted_tasks
from ....site.wanted.tasks import WantedTask
from ....ui import look as look
from ..context import ScreenContext
from ..widgets import pressed
from .catalogue import Catalogue, CatalogueGroup, CatalogueItem, Offered, in_order, suggestions
from .rules import entered_rules, problems_of, rule_choices, title_of

ACTIONS = ("search", "refresh", "next", "change", "save")
SHOWN = ("all", Offered.BOTH, Offered.HERE, Offered.THERE)


class Suggestion(NamedTuple):
    """A suggested resource.

    Attributes:
        item: its item in the catalogue.
        because: titles of the chosen resources whose records refer to its records.
    """

    item: CatalogueItem
    because: list[str]


def page(screen: ScreenContext, repository: Repository) -> Any:
    """Show the resources to add, then suggestions and rules; store the tasks."""
    T, site = screen.T, screen.site
    variables = screen.request.post_vars
    form = FORM()
    accepted = pressed(screen, form, "task")
    sent = variables._formname == "task"
    action = next((each for each in ACTIONS if each in variables), "save") if sent else ""
    if accepted and action == "refresh":
        _refresh(screen, repository)
        repository = site.repository(repository.id)
    catalogue = Catalogue(repository)
    ticked = _ticked(variables if sent else screen.request.get_vars)
    ticked = {name for name in ticked if catalogue.can_add(name)}
    rules = entered_rules(variables, repository, new=variables.step != "2")
    problems = problems_of(T, rules) if sent else {}
    if sent and not ticked and action in ("next", "save"):
        problems["resource_name"] = T("Choose at least one.")
    if accepted and action == "save" and not problems:
        add(screen, repository, ticked, rules)
    second = "resource_name" not in problems and (
        action == "next" or (action in ("save", "refresh") and variables.step == "2")
    )
    output: dict[str, Any] = {
        "title": title_of(T("Add resources"), repository),
        "form": form,
        "rules": rules,
        "problems": problems,
        "asked_on": catalogue.asked_on,
        "may_ask": Capability.OFFER in repository.type_capabilities and repository.can_ask,
        "ticked": ticked,
        "back": URL("sync", "repository", args=[repository.id, "task"]),
    }
    if second:
        chosen = [catalogue.item(name) for name in in_order(site.schema, sorted(ticked))]
        screen.response.view = "sync/tasks_how.html"
        return {
            **output,
            "chosen": chosen,
            "suggested": [] if variables.step == "2" else _suggested(screen, catalogue, ticked),
            "choices": rule_choices(T, repository),
        }
    searched = asked_text(variables, "q")
    shown = variables.shown if variables.shown in SHOWN else "all"
    screen.response.view = "sync/tasks_add.html"
    return {
        **output,
        "shelves": _found(catalogue.shelves(), searched, shown, ticked),
        "searched": searched,
        "shown": shown,
        "knows": catalogue.asked_on is not None,
        "sets": catalogue.sets(),
    }


def _ticked(variables: Any) -> set[str]:
    given = variables.resource_name or []
    return {str(each) for each in (given if isinstance(given, list) else [given])}


def _refresh(screen: ScreenContext, repository: Repository) -> None:
    T = screen.T
    try:
        found = ask_for_offer(repository)
    except SyncError as error:
        screen.response.flash = look.Problem(T("The other site could not be asked: %s") % error.explain())
        return
    screen.response.flash = (
        T("The other site was asked.")
        if found is not None
        else T("The other site does not say what it offers: a Sahana Eden cannot.")
    )


def _found(
    shelves: list[CatalogueGroup], searched: str, shown: str, ticked: set[str]
) -> list[CatalogueGroup]:
    """Return the items that match the search; ticked ones stay visible, so that they are not lost."""

    def matches(item: CatalogueItem) -> bool:
        if item.name in ticked:
            return True
        words = f"{item.title} {item.name}".lower()
        return searched.lower() in words and shown in ("all", item.offered)

    found = [
        CatalogueGroup(shelf.title, [item for item in shelf.items if matches(item)]) for shelf in shelves
    ]
    return [shelf for shelf in found if shelf.items]


def _suggested(screen: ScreenContext, catalogue: Catalogue, ticked: set[str]) -> list[Suggestion]:
    schema = screen.site.schema
    because = suggestions(schema, sorted(ticked))
    found = []
    for name in in_order(schema, sorted(because)):
        item = catalogue.item(name)
        if item.task_id is None:
            found.append(Suggestion(item, [resource_title(screen.site, each) for each in because[name]]))
    return found


def add(screen: ScreenContext, repository: Repository, names: set[str], rules: TaskRules) -> None:
    """Store new tasks, referenced resources first, and go back to the list."""
    T = screen.T
    for name in in_order(screen.site.schema, sorted(names)):
        wanted_tasks.add(screen.site, repository.id, WantedTask(name, rules))
    screen.session.flash = counted(
        T, len(names), "%(count)s resource was added.", "%(count)s resources were added."
    )
    redirect(URL("sync", "repository", args=[repository.id, "task"]))
