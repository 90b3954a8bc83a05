"""Saves only what a person changed in a form, and asks only where somebody else changed the same field meanwhile.

A form carries a short digest of each value that it showed. When it is sent, the record is read and locked, and each
field, or fields that belong together, are judged by three values: what was shown, what was typed, what is stored now.

| stored now | typed | what is saved |
|---|---|---|
| as shown | anything | what was typed |
| changed | as shown | what is stored now |
| changed | the same | what is stored now |
| changed | something else | nothing: the form shows both and asks |

A file that was chosen, or removed, is asked about where another one is stored now; the browser does not send it again.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from gluon import DIV, INPUT, LABEL, SPAN, TAG, current

#: The hidden field with the digests of what the form showed.
SHOWN = "_shown"
#: With the name of a field: the choice of a person between what was typed and what is stored now.
CHOICE = "_choice_"
TYPED, NOW = "typed", "now"


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
        disputed: fields that both changed, to different values; those that belong together in one group.
        changed: whether anything is to be written.
        meanwhile: fields that only others changed.
    """

    stored: frozenset[str]
    disputed: tuple[tuple[str, ...], ...]
    changed: bool
    meanwhile: tuple[str, ...] = ()


def merge(
    shown: Mapping[str, str],
    typed: Mapping[str, str],
    now: Mapping[str, str],
    taken: Iterable[str],
    together: Iterable[Iterable[str]] = (),
) -> Merged:
    """Judge each field of a form by the digests of three values.

    Args:
        shown: what the form showed; a field that it does not name is saved as typed.
        typed: what was sent.
        now: what is stored.
        taken: fields of which the person chose the stored value.
        together: groups of fields that make one value, such as a latitude and its longitude.
    """
    wanted = set(taken)
    stored: set[str] = set()
    disputed: list[tuple[str, ...]] = []
    meanwhile: list[str] = []
    for names in _units(typed, together):
        differing = tuple(name for name in names if typed[name] != now[name])
        stored.update(name for name in names if name not in differing)
        changed_here = any(typed[name] != shown.get(name) for name in names)
        changed_there = tuple(name for name in names if name in shown and now[name] != shown[name])
        if not changed_here or wanted.intersection(names):
            stored.update(names)
            if not changed_here:
                meanwhile += changed_there
        elif differing and changed_there:
            disputed.append(differing)
    return Merged(frozenset(stored), tuple(disputed), len(stored) < len(typed), tuple(meanwhile))


def _units(names: Iterable[str], together: Iterable[Iterable[str]]) -> list[tuple[str, ...]]:
    """Return fields in their order, those that belong together at the place of the first one."""
    known = list(names)
    groups = [tuple(name for name in known if name in set(group)) for group in together]
    by_name = {name: group for group in groups for name in group}
    return list(dict.fromkeys(by_name.get(name, (name,)) for name in known))


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
        together: see ``merge``.
    """

    def __init__(
        self,
        table: Any,
        record: Any,
        names: Iterable[str],
        sent: Mapping[str, Any],
        together: Iterable[Iterable[str]] = (),
    ) -> None:
        self.table = table
        self.record_id = int(record.id)
        # An upload comes back only when another file was chosen; web2py leaves it as it is otherwise.
        every = list(names)
        self.names = [name for name in every if table[name].type != "upload"]
        self.files = [name for name in every if table[name].type == "upload"]
        text = sent.get(SHOWN)
        self.shown = read_digests(text) if text else digests(record, every)
        self.taken = [name for name in self.names if sent.get(CHOICE + name) == NOW]
        self.together = [list(group) for group in together]

    @property
    def hidden(self) -> dict[str, str]:
        """The hidden field with which the form is sent."""
        return {SHOWN: json.dumps(self.shown)}

    def settle(
        self,
        form: Any,
        question: Callable[[Sequence[str], Any, Any], Any],
        replaced: Iterable[str] = (),
        replaces: Callable[[str, Any], Any] = lambda name, now: True,
    ) -> Merged | None:
        """Put into the form's values what is to be stored, and into its errors what has to be asked.

        Args:
            form: the form, after the validation of its fields.
            question: returns what is said at fields in dispute that belong together, by their names, what was typed,
                and the record as it is now.
            replaced: fields for which a file was chosen, or whose file is to be removed.
            replaces: returns what is said at such a field where another file is stored now, by its name and the record.

        Returns:
            how the values went together; None if the record is gone.
        """
        now = lock_record(self.table, self.record_id)
        if now is None:
            return None
        typed = {name: digest(form.vars[name]) for name in self.names if name in form.vars}
        stored = digests(now, typed)
        merged = merge(self.shown, typed, stored, self.taken, self.together)
        for name in merged.stored:
            form.vars[name] = now[name]
        for names in merged.disputed:
            form.errors[names[0]] = question(names, form.vars, now)
            for other in names[1:]:
                form.errors[other] = current.T("It belongs to what is asked about above.")
        asked = {name for names in merged.disputed for name in names}
        for group in _units(typed, self.together):
            if asked.intersection(group):
                self.shown.update((name, stored[name]) for name in group)
        for name in replaced:
            file = digest(now[name])
            if self.shown.get(name, file) != file:
                form.errors[name] = replaces(name, now)
                self.shown[name] = file
        form.attributes["hidden"].update(self.hidden)
        return merged


def choice(name: str, said: Any, values: Sequence[tuple[Any, Any, Any]]) -> Any:
    """Return what is said at a field in dispute: both values, and the choice between them.

    Args:
        name: the field.
        said: what happened.
        values: label, typed value and stored value of each field that is asked about.
    """
    T = current.T

    def option(value: str, label: Any, place: int) -> Any:
        key = f"{CHOICE}{name}_{value}"
        shown = [
            DIV(SPAN(each[0], ": ") if len(values) > 1 else "", SPAN(each[place], _dir="auto"), _class="now")
            for each in values
        ]
        return DIV(
            INPUT(
                _type="radio",
                _name=CHOICE + name,
                _value=value,
                _id=key,
                _class="form-check-input",
                value=TYPED,
            ),
            LABEL(label, *shown, _for=key, _class="form-check-label"),
            _class="form-check",
        )

    return TAG.fieldset(
        TAG.legend(said),
        option(TYPED, T("Save what I typed"), 1),
        option(NOW, T("Leave it as it is now"), 2),
        _class="dispute",
    )
