"""Computed columns of a location, from its place in the hierarchy: path, names of the levels, position."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from s3.database.bulk_insert import run_by_keys, update_rows

if TYPE_CHECKING:
    from s3.data_model.datamodel import S3DataModel

LEVELS = ("L0", "L1", "L2", "L3", "L4", "L5")
#: A deeper hierarchy is taken for a circle.
MAX_DEPTH = 32
_OWN = ("id", "name", "level", "parent", "lat", "lon")
_BOX = ("lat_min", "lat_max", "lon_min", "lon_max")
#: Computed columns that follow from a location itself if it has no parent; its path is its own id then.
INITIAL = LEVELS + _BOX


def initial_values(values: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the columns ``INITIAL`` for a new location without a parent."""
    get = values.get
    level, lat, lon = get("level"), get("lat"), get("lon")
    name = get("name") if level else None
    return (*(name if level == each else None for each in LEVELS), lat, lat, lon, lon)


class LocationTree:
    """Keeps the computed columns of gis_location up to date, for many locations at once.

    Args:
        s3db: the site's data model.
    """

    #: Columns that each site computes itself.
    COMPUTED = ("path",) + LEVELS + _BOX

    def __init__(self, s3db: S3DataModel) -> None:
        self.s3db = s3db

    def onaccept(self, form: Any) -> None:
        """Update the computed columns after a form wrote a location."""
        self.update([int(form.vars["id"])])

    def update(self, ids: Iterable[int]) -> None:
        """Recompute these locations and all below them; ``modified_on`` does not change."""
        rows = self._load(ids)
        changed = set(rows)
        frontier = changed
        for _ in range(MAX_DEPTH):
            below = self._load_children(frontier)
            frontier = set(below) - changed
            if not frontier:
                break
            rows.update(below)
            changed |= frontier
        self._load_ancestors(rows)
        stale = []
        for record_id in sorted(changed):
            row = rows[record_id]
            computed = self._computed(row, rows)
            if any(row[name] != value for name, value in zip(self.COMPUTED, computed)):
                stale.append((*computed, record_id))
        # Not through pydal, where it would count as an edit: modified_on and modified_by must stay.
        update_rows(self.s3db.db, "gis_location", self.COMPUTED, stale)

    def _load(self, ids: Iterable[int], by: str = "id") -> dict[int, dict[str, Any]]:
        db = self.s3db.db
        self.s3db["gis_location"]  # defines the lazy table before it is read
        quote = db._adapter.dialect.quote
        names = _OWN + self.COMPUTED
        # Plain SQL: there are thousands of rows, and none of these columns needs pydal's conversions.
        columns = ", ".join(map(quote, names))
        found = run_by_keys(db, f"SELECT {columns} FROM {quote('gis_location')} WHERE {quote(by)} IN", ids)
        return {row[0]: dict(zip(names, row)) for row in found}

    def _load_children(self, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
        return self._load(ids, "parent")

    def _load_ancestors(self, rows: dict[int, dict[str, Any]]) -> None:
        for _ in range(MAX_DEPTH):
            missing = {row["parent"] for row in rows.values() if row["parent"]} - set(rows)
            found = self._load(missing)
            if not found:
                return
            rows.update(found)

    @staticmethod
    def _chain(row: dict[str, Any], rows: dict[int, dict[str, Any]]) -> list[int]:
        """Return the ids from the top of the hierarchy down to this location; a circle is cut."""
        chain = [row["id"]]
        parent: dict[str, Any] | None = rows.get(row["parent"])
        while parent is not None and parent["id"] not in chain and len(chain) < MAX_DEPTH:
            chain.append(parent["id"])
            parent = rows.get(parent["parent"])
        return chain[::-1]

    def _computed(self, row: dict[str, Any], rows: dict[int, dict[str, Any]]) -> tuple[Any, ...]:
        """Return the values of the computed columns, in their order."""
        chain = self._chain(row, rows)
        path = "/".join(str(one) for one in chain)
        names: dict[str, Any] = {rows[one]["level"]: rows[one]["name"] for one in chain}
        lat, lon = row["lat"], row["lon"]
        return (
            path if len(path) <= 256 else path[-256:].partition("/")[2],
            *(names.get(level) for level in LEVELS),
            *(lat, lat, lon, lon),
        )
