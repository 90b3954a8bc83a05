"""What is compared when the storm is over: contents field by field, promises, words, and what is left lying about."""

from __future__ import annotations

import pickle
import re
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
    return [f"{state['waiting']} wait at {site.name}" for site, state in zip(sites, told) if state["waiting"]]


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
        found.append(f"{state['waiting']} references or files still wait")
    if state["rejected"]:
        found.append(f"{state['rejected']} records are rejected")
    spool = site.application / "private" / "spool"
    found += [f"spool: {path.name}" for path in spool.glob("*")]
    found += [f"part of a file: {path.name}" for path in (site.application / "uploads").rglob(".*")]
    found += [f"ticket: {each}" for each in tickets(site) if not is_ended_connection(each)]
    return [f"{site.name}: {each}" for each in found]


def tickets(site: ChaosSite) -> list[str]:
    """Return the last line of each error ticket of a site."""
    found = []
    for path in (site.application / "errors").glob("*"):
        if path.is_file():
            # web2py writes its own tickets by pickle; these are of a site that this program made.
            told = pickle.loads(path.read_bytes())
            found.append(told["traceback"].strip().splitlines()[-1])
    return found


def is_ended_connection(ticket: str) -> bool:
    """Return whether a ticket tells of a database connection that was ended on purpose: a page may end with it."""
    return re.search(r"terminating connection|connection already closed|server closed", ticket) is not None
