"""What is compared when the storm is over: contents field by field, promises, words, and what is left lying about."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

from .editing import Ledger
from .sites import RESOURCES, ChaosSite

TABLES = (*RESOURCES, "pr_contact")
#: What one site has that the other one cannot know of before the next run.
UNHEARD = ("outgoing", "behind")
#: Of many differences so many are told.
MOST = 20


def states(sites: Sequence[ChaosSite]) -> list[dict[str, Any]]:
    """Return what each site holds, and what is left of its work."""
    return [site.ask("tell", *TABLES) for site in sites]


def differences(sites: Sequence[ChaosSite], told: Sequence[dict[str, Any]]) -> list[str]:
    """Return in what sites differ from the first one: fields, times and files; deletions count where both know them."""
    found = []
    for site, state in zip(sites[1:], told[1:]):
        for table in TABLES:
            here, there = told[0]["contents"][table], state["contents"][table]
            for uuid in sorted({*here, *there}):
                told_apart = _apart(here.get(uuid), there.get(uuid))
                if told_apart:
                    found.append(f"{sites[0].name} and {site.name}: {table} {uuid}: {told_apart}")
    return found


def waiting(sites: Sequence[ChaosSite], told: Sequence[dict[str, Any]]) -> list[str]:
    """Return at which sites references or files wait."""
    return [f"{site.name} waits: {each}" for site, state in zip(sites, told) for each in state["waiting"]]


def untrue_words(
    sites: Sequence[ChaosSite], earlier: Sequence[dict[str, Any]], told: Sequence[dict[str, Any]]
) -> list[str]:
    """Return what a spoke or the hub says of the other one, and is not true: "in step" where they differ.

    Sites are asked one after the other, the hub first. What lies between two equal answers of a site was so all the
    time, so only pairs are compared that have not changed.

    Args:
        sites: the hub and the spokes.
        earlier: what they told before.
        told: what they tell now.
    """
    found = []
    hub, before, now = sites[0], earlier[0], told[0]
    for site, then, state in zip(sites[1:], earlier[1:], told[1:]):
        if (before["contents"], then["contents"]) != (now["contents"], state["contents"]):
            continue
        words = {site.name: then["says"].get(hub.title), hub.name: now["says"].get(site.title)}
        conditions, reasons = zip(*(said or ("", "") for said in words.values()))
        apart = differences((hub, site), (now, state))
        if "in_step" in conditions and not set(reasons) & set(UNHEARD) and apart:
            found.append(f"{site.name} and {hub.name} say {words}, but {'; '.join(apart[:3])}")
    return found


def _apart(one: "dict[str, Any] | None", other: "dict[str, Any] | None") -> str:
    if one is None or other is None:
        known = one or other
        # Of what was deleted before it arrived nobody need know.
        return "" if known is None or known["deleted"] else "is at one of them only"
    fields = [name for name in one if one[name] != other.get(name)]
    if set(fields) - {"deleted"} and one["deleted"] and other["deleted"]:
        return ""
    return ", ".join(f"{name} is {one[name]!r} and {other.get(name)!r}" for name in fields)


def broken_promises(ledger: Ledger, state: dict[str, Any]) -> list[str]:
    """Return which acknowledged edits of a record with one editor did not stand."""
    found = []
    for uuid, promised in sorted(ledger.promised.items()):
        record = state["contents"][promised.table].get(uuid)
        value = None if record is None or record["deleted"] else record["comments"]
        if value not in promised.possible:
            found.append(f"{promised.table} {uuid} says {value!r}, promised was {promised.possible!r}")
    return found


def leftovers(site: ChaosSite, state: dict[str, Any]) -> list[str]:
    """Return what a site that is quiet and has been stopped should not have any more."""
    found = [f"{kind}: {each}" for kind in ("leases", "stuck", "given up") for each in state[kind]]
    if state["waiting"]:
        found.append(f"{len(state['waiting'])} references or files still wait")
    if state["rejected"]:
        found.append(f"{state['rejected']} records are rejected")
    spool = site.application / "private" / "spool"
    found += [f"spool: {path.name}" for path in spool.glob("*")]
    found += [f"part of a file: {path.name}" for path in (site.application / "uploads").rglob(".*")]
    found += [f"ticket: {each}" for each in tickets(site) if not is_ended_connection(each)]
    return [f"{site.name}: {each}" for each in found]


def tickets(site: ChaosSite) -> list[str]:
    """Return what each error ticket of a site tells: the error it ended with, with all lines of its message."""
    found = []
    for path in (site.application / "errors").glob("*"):
        if path.is_file():
            # web2py writes its own tickets by pickle; these are of a site that this program made.
            found.append(error_of(pickle.loads(path.read_bytes())["traceback"]))
    return found


def error_of(traceback: str) -> str:
    """Return the last error of a traceback in one line: a driver's message may have several lines."""
    lines = traceback.strip().splitlines()
    start = (
        max((number for number, line in enumerate(lines) if line.startswith("Traceback ")), default=-1) + 1
    )
    while start < len(lines) - 1 and lines[start].startswith(" "):
        start += 1
    return " ".join(line.strip() for line in lines[start:])


def is_ended_connection(error: str) -> bool:
    """Return whether an error tells of a database connection that was ended on purpose: a page may end with it."""
    # All other errors of this driver are of classes of their own, below ``psycopg2.errors``.
    ended = ("psycopg2.OperationalError", "psycopg2.InterfaceError", "psycopg2.errors.AdminShutdown")
    return error.partition(":")[0] in ended
