"""What callbacks of an Eden make of records, as lines for its profile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from .looking import ATTENTION, GOOD, Check

#: Where a site says what its Eden works out by itself, below the application's folder.
PROFILE = "private/eden-sync/profile.ini"


def derived(told: Mapping[str, Any]) -> list[Check]:
    """Return a check for each table whose callback changes what was written, or makes records.

    Args:
        told: by ``scripts/derived.py``.
    """
    fields: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for table, name, number in told["fields"]:
        fields[table].append((name, number))
    found = [_changed(table, names) for table, names in fields.items()]
    found += [_made(*each) for each in told["rows"]]
    found += [
        Check(f"Callback of {table}", ATTENTION, f"fails: {reason}", "Correct it; an import warns of it.")
        for table, reason in told["failed"]
    ]
    if found:
        return found
    if not told["records"]:
        return [
            Check("Derived values", GOOD, "no exchanged table with a callback has records to try it with")
        ]
    tried = f"{told['records']} records of {told['tables']} tables"
    return [Check("Derived values", GOOD, f"callbacks leave what was written ({tried} were tried)")]


def _changed(table: str, names: list[tuple[str, int]]) -> Check:
    told = ", ".join(f"{name} ({number})" for name, number in names)
    line = f"{table} = {', '.join(name for name, _ in names)}"
    return Check(
        f"Derived in {table}",
        ATTENTION,
        f"its callback changes these fields, in so many records: {told}",
        f"If each site works that out by itself, say so in {PROFILE}, section [computed]: {line}",
    )


def _made(table: str, made: str, number: int) -> Check:
    return Check(
        f"Made by {table}",
        ATTENTION,
        f"its callback makes records in {made} ({number})",
        f"If each site makes them for itself, say so in {PROFILE}, section [never travels]: "
        f"{made} = made by {table}",
    )
