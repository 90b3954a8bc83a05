"""Compares two sites before and after synchronisation, resource by resource, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Knowledge:
    """What a site knows of one table.

    Attributes:
        contents: uuid -> digest of the record's content; equal records have equal digests at every site.
        conflicts: number of versions that lost a conflict and are kept at the site.
    """

    contents: Mapping[str, str]
    conflicts: int = 0


SiteState = Mapping[str, Knowledge]


def state_from(answer: Mapping[str, Any]) -> SiteState:
    """Return the state that the script site_state reports."""
    return {name: Knowledge(known["contents"], known["conflicts"]) for name, known in answer.items()}


@dataclass(frozen=True)
class Change:
    """What happened to one table at one site."""

    before: int
    now: int
    created: int
    updated: int
    unchanged: int
    conflicts: int


def change_between(before: Knowledge, now: Knowledge) -> Change:
    both = before.contents.keys() & now.contents.keys()
    unchanged = sum(before.contents[uuid] == now.contents[uuid] for uuid in both)
    return Change(
        before=len(before.contents),
        now=len(now.contents),
        created=len(now.contents.keys() - before.contents.keys()),
        updated=len(both) - unchanged,
        unchanged=unchanged,
        conflicts=now.conflicts - before.conflicts,
    )


def differences(one: SiteState, other: SiteState) -> dict[str, list[str]]:
    """Return table -> uuids of records that differ or that only one site has. Empty if the sites are equal."""
    found = {}
    for name in one:
        ours, theirs = one[name].contents, other[name].contents
        different = sorted(uuid for uuid in {*ours, *theirs} if ours.get(uuid) != theirs.get(uuid))
        if different:
            found[name] = different
    return found


COLUMNS = ("before", "now", "created", "updated", "same", "conflict")


def table(
    labels: Mapping[str, str],
    names: Sequence[str],
    before: Sequence[SiteState],
    now: Sequence[SiteState],
) -> str:
    """Return the comparison as text.

    Args:
        labels: table -> its label; the tables are listed in this order.
        names: the sites' names.
        before: the sites' states before, in the same order.
        now: their states afterwards.
    """
    different = differences(now[0], now[1])
    width = max(len(label) for label in labels.values())
    columns = "".join(f" {name}" for name in COLUMNS)
    lines = [
        " " * width + "".join(f" |{name:^{len(columns)}}" for name in names) + " |",
        " " * width + f" |{columns}" * len(names) + " | equal",
    ]
    lines.append("-" * len(lines[1]))
    for tablename, label in labels.items():
        cells = ""
        for site_before, site_now in zip(before, now):
            change = change_between(site_before[tablename], site_now[tablename])
            figures = (
                change.before,
                change.now,
                change.created,
                change.updated,
                change.unchanged,
                change.conflicts,
            )
            cells += " |" + "".join(f" {figure:>{len(name)}}" for name, figure in zip(COLUMNS, figures))
        verdict = f"{len(different[tablename])} differ" if tablename in different else "yes"
        lines.append(f"{label:<{width}}{cells} | {verdict}")
    return "\n".join(lines)
