"""The states of the repositories, as the overview of the screens derives and words them."""

from __future__ import annotations

from typing import Any

from .. import VERSION
from ..core.repository_state import Reason, State
from ..database.paging import whole_number
from ..monitoring.status import RepositoryStatus, statuses
from ..scheduler import queue as queue
from ..site import Site
from ..site.labels import Translate
from ..web.screens import overview as overview
from ..web.screens.words import state_reasons as state_reasons
from ..web.screens.words import states_and_units as states_and_units
from .words import Refusal, moment, plain


def status(site: Site, T: Translate) -> dict[str, Any]:
    """Return the state of this site: its workers, and the state of each repository with the reason."""
    found = _sorted(statuses(site))
    counts = {state.value: sum(1 for each in found if each.state.condition is state) for state in State}
    workers = queue.workers_alive(site)
    return {
        "site": {
            "name": site.host.settings.get_system_name(),
            "address": site.base_url,
            "identifier": str(site.config().uuid),
            "version": VERSION,
        },
        "time": moment(site.clock.now()),
        "workers": workers,
        "states": counts,
        "labels": {state.value: plain(words) for state, words in states_and_units.conditions(T).items()},
        "repositories": [_short(site, T, each) for each in found],
        "needs_attention": bool(counts[State.ATTENTION.value]) or not workers,
    }


def repositories(site: Site, T: Translate) -> dict[str, Any]:
    """Return all that the overview knows of each repository."""
    found = _sorted(statuses(site))
    return {
        "repositories": [_long(site, T, each) for each in found],
        "needs_attention": any(each.state.condition is State.ATTENTION for each in found),
    }


def repository_named(site: Site, name: str | None) -> int | None:
    """Return the key of the repository with a name or a number, None if no name is given.

    Raises:
        Refusal: there is none, or there are several of that name.
    """
    if not name:
        return None
    table = site.db.sync_repository
    is_live = (table.deleted == False) | (table.deleted == None)  # noqa: E711, E712 - SQL expressions
    keys = [row.id for row in site.db(is_live & (table.name == name)).select(table.id)]
    number = whole_number(name)
    if not keys and number:
        keys = [row.id for row in site.db(is_live & (table.id == number)).select(table.id)]
    if len(keys) > 1:
        numbers = ", ".join(str(key) for key in keys)
        raise Refusal(
            f"Several repositories are called {name}.", f"Name one of them by its number: {numbers}."
        )
    if not keys:
        raise Refusal(f"There is no repository {name}.", "See which there are: ./eden repositories")
    return int(keys[0])


def _sorted(found: list[RepositoryStatus]) -> list[RepositoryStatus]:
    """Return the most urgent first, as the overview does."""
    urgency = {condition: place for place, condition in enumerate(State)}
    return sorted(found, key=lambda each: (urgency[each.state.condition], str(each.name).casefold()))


def _short(site: Site, T: Translate, each: RepositoryStatus) -> dict[str, Any]:
    why = state_reasons.explain(T, each)
    remedy = plain(why.remedy)
    if each.state.reason is Reason.NO_WORKER:
        remedy = f"Start the site, or a worker alone: python web2py.py -K {site.application} -Q"
    return {
        "id": each.id,
        "name": each.name,
        "state": each.state.condition.value,
        "label": plain(states_and_units.conditions(T)[each.state.condition]),
        "reason": each.state.reason.value,
        "why": plain(why.sentence),
        "remedy": remedy,
        "warning": plain(state_reasons.clock_beside(T, each)),
    }


def _long(site: Site, T: Translate, each: RepositoryStatus) -> dict[str, Any]:
    facts, run = each.facts, each.run
    return {
        **_short(site, T, each),
        "address": each.where,
        "begins": "this site" if facts.is_active else "the other site",
        "resources": len(each.flows),
        "last_success": moment(overview.last_success(each)),
        "last_contact": moment(facts.last_contact),
        "next_run": moment(facts.next_run),
        "next_try": moment(facts.next_try),
        "outgoing": {"records": each.outgoing.count, "is_more": each.outgoing.is_more},
        "incoming": {"records": each.incoming.records, "unknown_resources": each.incoming.unknown},
        "waiting": {
            "outgoing": plain(states_and_units.waiting(T, each.outgoing)),
            "incoming": plain(states_and_units.incoming(T, each.incoming)),
        },
        "conflicts": facts.here.conflicts,
        "rejected": facts.here.rejected,
        "clock_ahead_seconds": facts.skew,
        "last_run": None
        if run is None
        else {
            "id": run.id,
            "state": run.state.value,
            "started": moment(run.started_on),
            "finished": moment(run.finished_on),
        },
    }
