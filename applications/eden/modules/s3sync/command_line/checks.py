"""What ``./eden doctor`` finds inside a site: its database, its workers, the sites it exchanges with."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..core.repository_state import State
from ..monitoring.status import RepositoryStatus, statuses
from ..scheduler import queue as queue
from ..site import Site
from ..site.labels import Translate
from ..web.screens import overview as overview
from ..web.screens.words import state_reasons as state_reasons
from ..web.screens.words import states_and_units as states_and_units
from .words import moment, plain

GOOD, ATTENTION, UNKNOWN = "good", "attention", "unknown"


class Check(NamedTuple):
    """The result of one check.

    Attributes:
        check: what was looked at.
        result: "good", "attention" or "unknown".
        told: what was found.
        remedy: what to do, "" for nothing.
    """

    check: str
    result: str
    told: str
    remedy: str = ""


def doctor(site: Site, T: Translate) -> dict[str, Any]:
    """Return what is right and wrong at this site."""
    found = statuses(site)
    checks = [_integrity(site), _workers(site), *_clocks(site, T, found), *_contacts(T, found)]
    return {"checks": [each._asdict() for each in checks]}


def _integrity(site: Site) -> Check:
    engine = str(site.db._adapter.dbengine)
    told = {"sqlite": _of_sqlite, "postgres": _of_postgresql, "mysql": _of_mariadb}[engine](site)
    if told:
        return Check(
            "database integrity",
            ATTENTION,
            told,
            "Stop the site, keep a copy of the database as it is, and restore the last backup.",
        )
    said = {
        "sqlite": "SQLite finds nothing wrong (quick_check).",
        "postgres": "PostgreSQL has met no page with a wrong checksum.",
        "mysql": "MariaDB finds nothing wrong (CHECK TABLE ... QUICK).",
    }
    return Check("database integrity", GOOD, said[engine])


def _of_sqlite(site: Site) -> str:
    lines = [str(row[0]) for row in site.store.rows("PRAGMA quick_check(5)")]
    return "" if lines == ["ok"] else "; ".join(lines)


def _of_postgresql(site: Site) -> str:
    rows = site.store.rows(
        "SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()"
    )
    failures = int(rows[0][0] or 0) if rows else 0
    return f"PostgreSQL has met {failures} pages with a wrong checksum." if failures else ""


def _of_mariadb(site: Site) -> str:
    name = site.store.columns.name
    tables = ", ".join(
        name(each) for each in ("sync_journal", "sync_checkpoint", "sync_repository", "sync_kept")
    )
    rows = site.store.rows(f"CHECK TABLE {tables} QUICK")
    return "; ".join(f"{row[0]}: {row[3]}" for row in rows if str(row[2]).lower() == "error")


def _workers(site: Site) -> Check:
    alive = queue.workers_alive(site)
    if alive:
        return Check("worker", GOOD, f"{alive} alive")
    return Check(
        "worker",
        ATTENTION,
        "No worker has given a sign of life within a minute: nothing is exchanged by itself.",
        f"Start the site, or a worker alone: python web2py.py -K {site.application} -Q",
    )


def _clocks(site: Site, T: Translate, found: list[RepositoryStatus]) -> list[Check]:
    known = [each for each in found if each.facts.skew is not None]
    if not known:
        return [Check("clock", UNKNOWN, "No other site has told its time yet.")]
    off = [each for each in known if each.facts.is_clock_off]
    if not off:
        limit = plain(states_and_units.span(T, site.host.settings.get_sync_clock_warning()))
        return [Check("clock", GOOD, f"Within {limit} of the other sites that told theirs: {len(known)}.")]
    return [
        Check(
            f"clock against {each.name}",
            ATTENTION,
            f"The clock there is {plain(states_and_units.span(T, abs(each.facts.skew or 0.0)))} "
            + ("ahead." if (each.facts.skew or 0.0) > 0 else "behind."),
            "Let both computers set their clocks by the network (NTP).",
        )
        for each in off
    ]


def _contacts(T: Translate, found: list[RepositoryStatus]) -> list[Check]:
    if not found:
        return [Check("other sites", UNKNOWN, "There is no repository yet.")]
    checks = []
    for each in found:
        why = state_reasons.explain(T, each)
        last = moment(overview.last_success(each)) or "never"
        bad = each.state.condition is State.ATTENTION
        checks.append(
            Check(
                f"exchange with {each.name}",
                ATTENTION if bad else GOOD,
                f"{plain(states_and_units.conditions(T)[each.state.condition])}; last success {last}. "
                + plain(why.sentence),
                plain(why.remedy) if bad else "",
            )
        )
    return checks
