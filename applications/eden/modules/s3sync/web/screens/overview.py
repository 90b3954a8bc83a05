"""Overview: every repository, whether it is in sync, since when, what waits, what is wrong and what to do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable, NamedTuple

from ...conflicts import kept_list as kept_list
from ...core.repository_state import State
from ...core.task import Mode
from ...core.text import asked_text
from ...database import traffic as traffic
from ...database.paging import ListPage, containing, order_of, page_of
from ...database.runs import Run
from ...monitoring import summary as summary
from ...monitoring.flows import Flow, incoming_of
from ...monitoring.status import RepositoryStatus, recent_runs, statuses
from ...monitoring.summary import last_success as last_success
from ...passive import begun as begun
from ...scheduler import queue as queue
from ...site import Repository, Site
from ...site.labels import Translate, resource_title
from ...site.tasks import TaskRow
from . import charts as charts
from .context import ScreenContext
from .repository.begun import as_runs, newest
from .runs import run_lines
from .widgets import clear_words
from .words import states_and_units as states_and_units
from .words.explanation import Explanation
from .words.state_reasons import clock_beside, explain

#: Repositories per page, runs in the small history of each, days in the chart.
PAGE, RUNS, DAYS = 25, 14, 30
#: For the page of one repository: runs per page, runs in its history, last changes to read.
RUNS_A_PAGE, LONG_HISTORY, LOOKED_AT = 20, 60, 10_000
COLUMNS = ("state", "name", "success", "next")
_URGENCY = {condition: place for place, condition in enumerate(State)}
_LATEST = datetime.max


class Card(NamedTuple):
    """A repository on the overview.

    Attributes:
        status: the repository with its state.
        kind, words: its state, for ``look.state``.
        why: the reason, and what to do.
        history: its last runs as a chart.
        warnings: what else a person has to know: that the clocks differ, that passwords travel in clear to its address.
    """

    status: RepositoryStatus
    kind: str
    words: Any
    why: Explanation
    history: Any
    warnings: list[Any]


class FlowLine(NamedTuple):
    """A resource exchanged with a repository; ``task`` is None if there is none."""

    flow: Flow
    task: TaskRow | None
    title: str
    mode: Any
    outgoing: Any
    incoming: Any
    undecided: int


def page(screen: ScreenContext) -> Any:
    """Show all repositories.

    The states depend on many tables and on the clock. Of few repositories all states are derived before sorting (with
    the same few statements for any number); of many, stored ones are sorted and counted (``monitoring.summary``).
    """
    site, T, variables = screen.site, screen.T, screen.request.get_vars
    table = screen.db.sync_repository
    text = asked_text(variables, "q", 64)
    only = containing(text, table.name, table.url) if text else None
    chosen = _chosen_condition(variables.state)
    order = order_of(variables, COLUMNS, "state")
    if summary.has_many(site):
        counts, page, stored_on = summary.summary(site, only, chosen, order, variables, PAGE)
        rows = page.rows
    else:
        found, stored_on = statuses(site, only), None
        counts = Counter(each.state.condition for each in found)
        shown = sorted(
            (each for each in found if chosen in (None, each.state.condition)),
            key=_KEYS[order.column],
            reverse=order.descending,
        )
        page = ListPage.asked(variables, len(shown), PAGE)
        rows = shown[slice(*page.bounds(PAGE))]
    ours = [each.id for each in rows if each.facts.is_active]
    runs = recent_runs(site, ours, RUNS)
    theirs = begun.recent(site, [each.id for each in rows if not each.facts.is_active], RUNS)
    runs.update({key: as_runs(site, found) for key, found in theirs.items()})
    cards = [_card(screen, each, runs.get(each.id, [])) for each in rows]
    days = traffic.days(screen.db, screen.now.date(), DAYS)
    moved = any(day.received or day.sent for day in days)
    return {
        "title": T("Synchronization"),
        "accounts_page": site.host.accounts_page(),
        "cards": cards,
        "page": page._replace(rows=cards),
        "order": order,
        "counts": counts,
        "conditions": states_and_units.conditions(T),
        "kinds": states_and_units.KINDS,
        "chosen": chosen,
        "text": text,
        "is_empty": not counts and not text,
        "stored_on": stored_on,
        "workers": queue.workers_alive(screen.site),
        "command": screen.worker_command,
        "days": days,
        "chart": charts.by_day(T, days) if moved else None,
    }


def _chosen_condition(name: Any) -> State | None:
    return next((each for each in State if each.value == name), None)


@dataclass(frozen=True)
class StateView:
    """The number of repositories in a state, with its name in addresses, its kind (``look.state``) and its words."""

    name: str
    kind: str
    words: Any
    count: int


def states_of(site: Site, T: Translate) -> list[StateView]:
    """Return the states of all repositories, most urgent first, without empty ones."""
    found = summary.counts(site)
    words = states_and_units.conditions(T)
    return [
        StateView(each.value, states_and_units.KINDS[each], words[each], found[each])
        for each in State
        if found[each]
    ]


#: Of more sites only their number in each state is told to those who do not administer.
FEW_SITES = 5


class SiteView(NamedTuple):
    """The state of one other site in words, with when the exchange last worked (UTC), None for never."""

    name: str
    kind: str
    words: Any
    worked_on: datetime | None


def sites_of(site: Site, T: Translate) -> list[SiteView]:
    """Return the states of the repositories, most urgent first; none where there are many."""
    if summary.has_many(site):
        return []
    found = sorted(statuses(site, None, looked_at=1), key=_KEYS["state"])
    words = states_and_units.conditions(T)
    return [
        SiteView(
            each.name,
            states_and_units.KINDS[each.state.condition],
            words[each.state.condition],
            last_success(each),
        )
        for each in found
        if len(found) <= FEW_SITES
    ]


def _name(status: RepositoryStatus) -> str:
    return str(status.name).casefold()


_KEYS: dict[str, Callable[[RepositoryStatus], Any]] = {
    "state": lambda each: (_URGENCY[each.state.condition], _name(each)),
    "name": _name,
    "success": lambda each: (last_success(each) or datetime.min, _name(each)),
    "next": lambda each: (each.facts.next_run or _LATEST, _name(each)),
}


def _card(screen: ScreenContext, status: RepositoryStatus, runs: list[Run]) -> Card:
    T = screen.T
    live = status.live_run
    condition = status.state.condition
    return Card(
        status,
        states_and_units.KINDS[condition],
        states_and_units.conditions(T)[condition],
        explain(T, status),
        charts.history(T, runs, live),
        [each for each in (clock_beside(T, status), clear_words(T, status.where)) if each is not None],
    )


# --- one repository ------------------------------------------------------------------------------------------


def tab(screen: ScreenContext, record: Repository) -> Any:
    """Show one repository: its state, its resources, its runs."""
    site, db = screen.site, screen.db
    (status,) = statuses(site, db.sync_repository.id == record.id, LOOKED_AT)
    if status.facts.is_active:
        recent = recent_runs(site, [record.id], LONG_HISTORY)[record.id]
    else:
        recent = as_runs(site, begun.recent(site, [record.id], LONG_HISTORY)[record.id])
    live = status.live_run
    runs = page_of(
        db, db.sync_run.repository_id == record.id, ~db.sync_run.id, screen.request.get_vars, RUNS_A_PAGE
    )
    screen.response.view = "sync/overview.html"
    return {
        "card": _card(screen, status, recent),
        "flows": _flow_lines(screen, record, status),
        "page": runs,
        "lines": run_lines(screen, [Run.read(row) for row in runs.rows], live),
        "begun": newest(screen, record),
        "workers": status.facts.workers,
        "command": screen.worker_command,
    }


def _flow_lines(screen: ScreenContext, record: Repository, status: RepositoryStatus) -> list[FlowLine]:
    T = screen.T
    modes = {Mode.PULL: T("Only fetch"), Mode.PUSH: T("Only send"), Mode.BOTH: T("Fetch and send")}
    names = [flow.table for flow in status.flows]
    kept = kept_list.undecided_by_table(screen.site, record.id, names)
    tasks = {row.id: row for row in record.task_rows}
    lines = []
    for flow in status.flows:
        if flow.task is None:
            mode = T("fetched by the other site")
        else:
            mode = modes.get(flow.task.mode, T("not exchanged at present"))
        lines.append(
            FlowLine(
                flow,
                tasks.get(flow.task.id) if flow.task is not None else None,
                resource_title(screen.site, flow.table),
                mode,
                states_and_units.waiting(T, flow.outgoing),
                states_and_units.incoming(T, incoming_of([flow])),
                kept[flow.table],
            )
        )
    return lines
