"""Saves only what a person changed in a form, and asks only where somebody else changed the same field meanwhile.

A form carries a short digest of each value that it showed. When it is sent, the record is read and locked, and each
field is judged by three values: what was shown, what was typed, what is stored now.

| stored now | typed | what is saved |
|---|---|---|
| as shown | anything | what was typed |
| changed | as shown | what is stored now |
| changed | the same | what is stored now |
| changed | something else | nothing: the form shows both and asks |
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Callable

from gluon import DIV, INPUT, LABEL, current

#: The hidden field with the digests of what the form showed.
SHOWN = "_shown"
#: The checkboxes by which a person takes the stored value instead of the typed one.
TAKEN = "_taken"


def digest(value: Any) -> str:
    """Return a short digest of a field's value, the same for what a browser sends back of it.

    Args:
        value: as the database or a validator gives it.
    """
    return hashlib.sha256(_canonical(value).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _canonical(value: Any) -> str:
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, (list, tuple)):
        return json.dumps([_canonical(one) for one in value])
    if isinstance(value, bool):
        return "True" if value else ""
    if isinstance(value, datetime.datetime):
        return str(value.replace(microsecond=0))
    if isinstance(value, (int, float)):
        return repr(float(value))
    # A browser sends every line end as CR LF.
    return str(value).replace("\r\n", "\n").replace("\r", "\n")


def digests(record: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    """Return the digest of each of these fields of a record."""
    return {name: digest(record[name]) for name in names}


def read_digests(text: str | None) -> dict[str, str]:
    """Return the digests that a form brought; none if it brought nothing that can be read."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)}


@dataclass(frozen=True)
class Merged:
    """How what was typed and what is stored now go together.

    Attributes:
        stored: fields whose stored value is to stay.
        disputed: fields that both changed, to different values.
        changed: whether anything is to be written.
    """

    stored: frozenset[str]
    disputed: frozenset[str]
    changed: bool


def merge(
    shown: Mapping[str, str], typed: Mapping[str, str], now: Mapping[str, str], taken: Iterable[str]
) -> Merged:
    """Judge each field of a form by the digests of three values.

    Args:
        shown: what the form showed; a field that it does not name is saved as typed.
        typed: what was sent.
        now: what is stored.
        taken: fields of which the person chose the stored value.
    """
    wanted = set(taken)
    stored, disputed = set(), set()
    for name, value in typed.items():
        if value == now[name] or name in wanted or value == shown.get(name):
            stored.add(name)
        elif name in shown and now[name] != shown[name]:
            disputed.add(name)
    return Merged(frozenset(stored), frozenset(disputed), len(stored) < len(typed))


def lock_record(table: Any, record_id: int) -> Any:
    """Read a record so that nobody else changes it before the end of the transaction.

    Args:
        table: the table.
        record_id: the record.

    Returns:
        the row as it is now, None if it is gone.
    """
    db = table._db
    query = (table.id == record_id) & (table.deleted == False)  # noqa: E712 - SQL
    if db._adapter.dbengine != "sqlite":
        return db(query).select(limitby=(0, 1), for_update=True).first()
    if not db._adapter.connection.in_transaction:
        db.executesql("BEGIN IMMEDIATE;")
    return db(query).select(limitby=(0, 1)).first()


class ConcurrentEdit:
    """The form of a record that others may change while it is open.

    Args:
        table: the table.
        record: the record, as the form shows it when it is opened.
        names: the fields of the form.
        sent: what a browser sent: request.post_vars.
    """

    def __init__(self, table: Any, record: Any, names: Iterable[str], sent: Mapping[str, Any]) -> None:
        self.table = table
        self.record_id = int(record.id)
        # An upload comes back only when another file was chosen; web2py leaves it as it is otherwise.
        self.names = [name for name in names if table[name].type != "upload"]
        text = sent.get(SHOWN)
        self.shown = read_digests(text) if text else digests(record, self.names)
        taken = sent.get(TAKEN) or ()
        self.taken = [taken] if isinstance(taken, str) else list(taken)

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden field with which the form is sent."""
        return {SHOWN: json.dumps(self.shown)}

    def settle(self, form: Any, question: Callable[[str, Any], Any]) -> Merged | None:
        """Put into the form's values what is to be stored, and into its errors what has to be asked.

        Args:
            form: the form, after the validation of its fields.
            question: returns what is said at a field, of its name and the record as it is now.

        Returns:
            how the values went together; None if the record is gone.
        """
        now = lock_record(self.table, self.record_id)
        if now is None:
            return None
        typed = {name: digest(form.vars[name]) for name in self.names if name in form.vars}
        stored = digests(now, typed)
        merged = merge(self.shown, typed, stored, self.taken)
        for name in merged.stored:
            form.vars[name] = now[name]
        for name in merged.disputed:
            form.errors[name] = question(name, now)
            self.shown[name] = stored[name]
        form.attributes["hidden"].update(self.hidden)
        return merged


def choice(name: str, said: Any) -> Any:
    """Return what a disputed field says, with a box to take the stored value.

    Args:
        name: the field.
        said: what is stored, and who stored it.
    """
    key = f"{TAKEN}_{name}"
    return DIV(
        DIV(said),
        DIV(current.T("Save again to store what you typed, or tick the box to leave it as it is now.")),
        DIV(
            INPUT(_type="checkbox", _name=TAKEN, _value=name, _id=key, _class="form-check-input"),
            LABEL(current.T("Take that instead of what I typed"), _for=key, _class="form-check-label"),
            _class="form-check",
        ),
    )
