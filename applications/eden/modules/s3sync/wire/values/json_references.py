"""References inside JSON values.

An object may name a record of another table as ``"$k_<name>": {"@resource": <table>, "@uuid": <uuid>}`` (short:
``{"r": ..., "u": ...}``, with ``@tuid`` or ``t`` for identifiers of the document). A site adds ``"<name>": <key>``
beside it for its own code, and leaves that out when the value travels.

The form is that of Sahana Eden's object references (table configuration ``json_references``). Eden replaces the
reference by the key; we keep both, so that the value means the same at the next site.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable

from ...core.records import Reference

PREFIX = "$k_"


def references(value: Any) -> Iterator[Reference]:
    """Yield the references in a JSON value, at any depth."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            found = _reference(name, each)
            if found is not None:
                yield found
            else:
                yield from references(each)


def portable(value: Any) -> Any:
    """Return a JSON value as it travels: without the keys, which are valid only here."""
    if isinstance(value, list):
        return [portable(each) for each in value]
    if isinstance(value, dict):
        return {name: portable(each) for name, each in value.items() if PREFIX + name not in value}
    return value


def resolved(value: Any, key_of: Callable[[Reference], int | None]) -> Any:
    """Return a JSON value with the keys of the records it names.

    Args:
        value: the value as it travels.
        key_of: returns the key of a record, None if it is not here.
    """
    if isinstance(value, list):
        return [resolved(each, key_of) for each in value]
    if not isinstance(value, dict):
        return value
    result = {}
    for name, each in value.items():
        found = _reference(name, each)
        result[name] = each if found is not None else resolved(each, key_of)
        key = key_of(found) if found is not None else None
        if key is not None:
            result[name[len(PREFIX) :]] = key
    return result


def _reference(name: str, value: Any) -> Reference | None:
    if not name.startswith(PREFIX) or not isinstance(value, dict):
        return None
    table = value.get("@resource") or value.get("r")
    uuid = value.get("@uuid") or value.get("u")
    tuid = value.get("@tuid") or value.get("t")
    if isinstance(table, str) and (isinstance(uuid, str) or isinstance(tuid, str)):
        return Reference(table, uuid if isinstance(uuid, str) else None, tuid if not uuid else None)
    return None
