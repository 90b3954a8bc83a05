"""Which record may be part of which: no circles, and no level below a lower one; for many records at once.

The records of a form or a document are looked at together with what is in the database, so it is the state that they
lead to that counts, and not the order in which they come.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from s3.database.bulk_insert import run_by_keys

if TYPE_CHECKING:
    from s3.data_model.datamodel import S3DataModel


class Place(NamedTuple):
    """Where a record is in a hierarchy.

    Attributes:
        below: the record that is part of another one.
        above: that other one, None for none.
        level: level of the record, None for none.
    """

    below: int | None
    above: int | None
    level: str | None = None


class Hierarchy:
    """The rules of one hierarchy.

    Args:
        s3db: the site's data model.
        tablename: table of the records, or of the links between them.
        circle: the message where something would be part of itself.
        below, above: columns with a record and with what it is part of.
        blamed: the column to which errors belong.
        level: column of the level, None where there are none.
        wrong_level: the message where a record is below a lower level.
    """

    def __init__(
        self,
        s3db: S3DataModel,
        tablename: str,
        circle: Any,
        *,
        below: str = "id",
        above: str = "parent",
        blamed: str = "parent",
        level: str | None = None,
        wrong_level: Any = None,
    ) -> None:
        self.s3db = s3db
        self._tablename = tablename
        self._circle = circle
        self._below = below
        self._above = above
        self._blamed = blamed
        self._level = level
        self._wrong_level = wrong_level

    def onvalidation(self, form: Any) -> None:
        """Refuse a form that leads to a circle or to a wrong order of levels."""
        self.onvalidation_set([form])

    def onvalidation_set(self, forms: Sequence[Any], gone: Collection[int] = ()) -> None:
        """Set errors on those of some forms that together lead to a circle or to a wrong order of levels.

        Args:
            forms: what is to be written. New records may have a negative ``id``, by which the others refer to them.
                Of a circle the last one is refused.
            gone: keys of records that are deleted at the same time.
        """
        planned = [self._place(form.vars) for form in forms]
        former = [None if form.record is None else self._place(form.record) for form in forms]
        if all(place.above is None or place == was for place, was in zip(planned, former)) and not any(
            was is not None and place.level != was.level for place, was in zip(planned, former)
        ):
            return
        _Check(self, forms, planned, former, set(gone)).run()

    def load(self, keys: Collection[int], by: str) -> dict[int, Place]:
        """Return the places of live records by their keys, with one query.

        Args:
            keys: values of a column.
            by: "key", "below" or "above": which column.
        """
        wanted = [key for key in keys if key > 0]
        if not wanted:
            return {}
        db = self.s3db.db
        self.s3db[self._tablename]  # defines the lazy table before it is read
        quote = db._adapter.dialect.quote
        names = ("id", self._below, self._above, *((self._level,) if self._level else ()), "deleted")
        column = {"key": "id", "below": self._below, "above": self._above}[by]
        rows = run_by_keys(
            db,
            f"SELECT {', '.join(map(quote, names))} FROM {quote(self._tablename)} WHERE {quote(column)} IN",
            wanted,
        )
        return {
            row[0]: Place(row[1], row[2], row[3] if self._level else None)
            for row in rows
            if row[-1] not in (True, "T")
        }

    @property
    def is_of_links(self) -> bool:
        """Whether the records of the table are links between those of another one."""
        return self._below != "id"

    def refuse_circle(self, form: Any) -> None:
        """Set the error of a circle on a form."""
        form.errors[self._blamed] = self._circle

    def refuse_level(self, form: Any, field: str | None = None) -> None:
        """Set the error of a wrong level on a form."""
        form.errors[field or self._blamed] = self._wrong_level

    @property
    def level(self) -> str | None:
        """The column of the level."""
        return self._level

    def _place(self, values: Any) -> Place:
        def number(name: str) -> int | None:
            value = values.get(name)
            return int(value) if value else None

        level = values.get(self._level) if self._level else None
        return Place(number(self._below), number(self._above), level or None)


def types_in_types(s3db: S3DataModel, tablename: str) -> dict[str, Any]:
    """Return the configuration of a table of types that can be part of each other."""
    rules = Hierarchy(s3db, tablename, s3db.T("A type cannot be part of itself"))
    return {"onvalidation": rules.onvalidation, "onvalidation_set": rules.onvalidation_set}


class _Check:
    """One look at some forms.

    Args:
        hierarchy: the rules.
        forms, planned, former: the forms, the places that they ask for, and those that they have; in order.
        gone: keys of records that are deleted.
    """

    def __init__(
        self,
        hierarchy: Hierarchy,
        forms: Sequence[Any],
        planned: Sequence[Place],
        former: Sequence[Place | None],
        gone: set[int],
    ) -> None:
        self._hierarchy = hierarchy
        self._forms = forms
        self._keys = [int(form.vars.get("id") or 0) or -(10**9) - number for number, form in enumerate(forms)]
        self._planned = dict(zip(self._keys, planned))
        self._order = {key: number for number, key in enumerate(self._keys)}
        self._moved = [
            key
            for key, place, was in zip(self._keys, planned, former)
            if place.above is not None and (was is None or place != was)
        ]
        self._raised = [
            key
            for key, place, was in zip(self._keys, planned, former)
            if key > 0 and place.level and was is not None and place.level != was.level
        ]
        self._gone = gone
        self._stored: dict[int, Place] = {}
        self._above: dict[int, dict[int, int]] = {}
        self._under: dict[int, set[int]] = {}
        self._places: dict[int, Place] = {}

    def run(self) -> None:
        """Refuse until what is left is in order."""
        self._read()
        for key, place in {**self._stored, **self._planned}.items():
            self._put(key, place)
        refused: set[int] = set()
        settled = False
        while not settled:
            settled = True
            for key in self._moved:
                while key not in refused:
                    bad = self._fault(key, refused)
                    if bad is None:
                        break
                    refused.add(bad)
                    self._put(bad, self._stored.get(bad))
                    settled = False
            for key in self._raised:
                if key not in refused and self._is_above_a_higher_level(key):
                    self._hierarchy.refuse_level(self._forms[self._order[key]], self._hierarchy.level)
                    refused.add(key)
                    self._put(key, self._stored.get(key))
                    settled = False

    def _read(self) -> None:
        """Read the places of the records themselves, of all above them, and of those below a changed level."""
        load = self._hierarchy.load
        self._stored.update(load(self._keys, "key"))
        if self._raised:
            self._stored.update(load(self._raised, "above"))
        asked = {place.above for place in self._planned.values() if place.above is not None}
        asked |= {place.above for place in self._stored.values() if place.above is not None}
        known: set[int] = set()
        while asked:
            known |= asked
            found = load(asked, "below")
            self._stored.update((key, place) for key, place in found.items() if key not in self._stored)
            asked = {place.above for place in found.values() if place.above is not None} - known
        for key in self._gone:
            self._stored.pop(key, None)

    def _put(self, key: int, place: Place | None) -> None:
        """Set where a record is from now on, None for nowhere."""
        before = self._places.pop(key, None)
        if before is not None:
            self._above.get(self._node(key, before), {}).pop(key, None)
            self._under.get(before.above or 0, set()).discard(key)
        if place is not None:
            self._places[key] = place
            if place.above is not None:
                self._above.setdefault(self._node(key, place), {})[key] = place.above
                self._under.setdefault(place.above, set()).add(key)

    def _node(self, key: int, place: Place) -> int:
        return key if not self._hierarchy.is_of_links or place.below is None else place.below

    def _fault(self, key: int, refused: set[int]) -> int | None:
        """Return the record to refuse because of the place of one, None if that is in order."""
        place = self._places[key]
        circle = self._circle(self._node(key, place), place.above)
        if circle is not None:
            changed = [each for each in {key, *circle} if each in self._order and each not in refused]
            bad = max((each for each in changed if each in self._moved), key=self._order.__getitem__)
            self._hierarchy.refuse_circle(self._forms[self._order[bad]])
            return bad
        parent = None if place.above is None else self._places.get(place.above)
        if self._hierarchy.level and parent is not None and _is_lower(parent.level, place.level):
            self._hierarchy.refuse_level(self._forms[self._order[key]])
            return key
        return None

    def _circle(self, node: int, start: int | None) -> list[int] | None:
        """Return the records by which ``start`` is part of a node, None if it is not."""
        if start is None:
            return None
        came: dict[int, tuple[int, int] | None] = {start: None}
        waiting = [start]
        while waiting:
            here = waiting.pop()
            if here == node:
                return list(_way(here, came))
            for key, above in self._above.get(here, {}).items():
                if above not in came:
                    came[above] = (here, key)
                    waiting.append(above)
        return None

    def _is_above_a_higher_level(self, key: int) -> bool:
        level = self._places[key].level
        return any(_is_lower(level, self._places[each].level) for each in self._under.get(key, ()))


def _is_lower(parent: str | None, level: str | None) -> bool:
    """Return whether a parent has not a higher level than what is part of it."""
    return bool(parent and level and parent >= level)


def _way(here: int, came: Mapping[int, tuple[int, int] | None]) -> Iterator[int]:
    step = came[here]
    while step is not None:
        yield step[1]
        step = came[step[0]]


__all__ = ["Hierarchy", "Place", "types_in_types"]
