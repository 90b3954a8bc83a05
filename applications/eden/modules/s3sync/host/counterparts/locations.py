"""The counterpart of what an Eden does with a place: its path, its names by level, its position, and its extent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gluon.storage import Storage

from .counterpart import Counterpart
from .rows import is_true, read, update

LEVELS = ("L0", "L1", "L2", "L3", "L4", "L5")
_BOUNDS = ("lon_min", "lat_min", "lon_max", "lat_max")
_PLACED = ("inherited", "path", "lat", "lon", "wkt", "gis_feature_type")


@dataclass
class _Place:
    """A location, as it lies in the database or as it was worked out.

    Attributes:
        key, name, level, parent, path, lat, lon, wkt, inherited: as in the table.
        above: the names by level of it and of what is above it.
        bounds: west, south, east and north in degrees, None while they stay as they are.
        kind: the kind of its geometry, an Eden's number.
        is_moved: whether it has to be written.
    """

    key: int
    name: str | None
    level: str | None
    parent: int | None
    path: str | None
    lat: float | None
    lon: float | None
    wkt: str | None
    inherited: bool | None
    above: list[str | None]
    bounds: tuple[float, ...] | None = None
    kind: Any = None
    is_moved: bool = False

    @property
    def depth(self) -> int:
        """0 for a country, 6 for a specific location."""
        return LEVELS.index(self.level) if self.level in LEVELS else len(LEVELS)

    @property
    def is_complete(self) -> bool:
        """Whether an Eden takes it as the parent of another one without working it out anew."""
        return self.depth < len(LEVELS) and bool(self.path) and all(self.above[: self.depth])

    def is_as_it_was(self, path: str, names: Sequence[str | None]) -> bool:
        """Return whether an Eden leaves it as it is, with a path and names that were worked out anew."""
        if self.level == "L0" and self.lat is None:
            return False
        compared = self.depth + 1
        return self.path == path and self.above[:compared] == names[:compared] and bool(self.wkt)


def _fits(place: _Place, above: _Place | None) -> bool:
    """Return whether an Eden would work nothing else out for this location: no place above it, no other levels."""
    if place.level and place.level not in LEVELS:
        return False
    if above is None:
        return True
    higher = above.is_complete and above.depth < place.depth
    return higher and place.level != "L0" and (place.level != "L1" or above.level == "L0")


def _names(place: _Place, above: _Place | None, country: _Place | None) -> list[str | None]:
    names: list[str | None] = [None] * len(LEVELS)
    if above is not None:
        names[: above.depth + 1] = [*above.above[: above.depth], above.name]
        if place.level == "L2" and above.level == "L1":  # an Eden asks the country itself for its name
            names[0] = None if country is None else country.name
    if place.depth < len(LEVELS):
        names[place.depth] = place.name
    return names


def _path(place: _Place, above: _Place | None) -> str:
    if above is None:
        return str(place.key)
    # An Eden takes a country's key for its path.
    return f"{above.key if above.level == 'L0' else above.path}/{place.key}"


def _place(row: Sequence[Any]) -> _Place:
    key, name, level, parent, path, lat, lon, wkt, inherited, *above = row
    return _Place(
        key,
        name,
        level,
        parent,
        path,
        lat,
        lon,
        wkt,
        None if inherited is None else is_true(inherited),
        above,
    )


class Locations(Counterpart):
    """The tree of places, from its upper levels down."""

    def further(self) -> Sequence[Any]:
        """See Counterpart: the callback gives the work to a task, which is done at once."""
        tasks = self.eden.current.response.s3.tasks or {}
        return self._gis().update_location_tree, tasks.get("gis_update_location_tree")

    def fits(self) -> bool:
        """Return whether places are placed at once, and have no geometry in the database."""
        auth, gis = self.eden.auth, self._gis()
        deferred = auth.override or auth.rollback or gis.disable_update_location_tree
        return not deferred and not self.eden.settings.get_gis_spatialdb()

    def _gis(self) -> Any:
        return self.eden.current.gis

    def handle(self, keys: Sequence[int]) -> Collection[int]:
        """Place the locations whose parents are complete, and below which nothing else has to move."""
        wanted = set(keys)
        known = self._places(wanted)
        moving = self._above_others(wanted)
        around = dict(known)
        for _ in ("parents", "countries of parents"):
            around.update(
                self._places({each.parent for each in around.values() if each.parent} - set(around))
            )
        left = wanted - set(known)
        placed = []
        for place in sorted(known.values(), key=lambda each: each.depth):
            astray = place.parent and (place.parent not in around or place.parent in left)
            if astray or place.key in moving or not self._place(place, around):
                left.add(place.key)
            elif place.is_moved:
                placed.append(place)
        self._write(placed)
        return left

    def _places(self, keys: Collection[int]) -> dict[int, _Place]:
        table = self.db.gis_location
        names = ("id", "name", "level", "parent", "path", "lat", "lon", "wkt", "inherited")
        if not keys:
            return {}
        rows = read(
            self.db,
            table.id.belongs(keys),
            *(table[name] for name in names),
            *(table[each] for each in LEVELS),
        )
        return {row[0]: _place(row) for row in rows}

    def _above_others(self, keys: Collection[int]) -> set[int]:
        """Return those from which locations that were not written now inherit their position."""
        table = self.db.gis_location
        query = table.parent.belongs(keys) & (table.inherited == True) & ~table.id.belongs(keys)  # noqa: E712
        return {row[0] for row in read(self.db, query, table.parent)}

    def _place(self, place: _Place, around: Mapping[int, _Place]) -> bool:
        """Work a location out; return whether that could be done as an Eden does it."""
        above = around.get(place.parent) if place.parent else None
        if not _fits(place, above):
            return False
        country = None if above is None or not above.parent else around.get(above.parent)
        names, path = _names(place, above, country), _path(place, above)
        inherits = place.level != "L0" and (place.inherited or place.lat is None or place.lon is None)
        if inherits:
            place.inherited = True
            place.lat, place.lon = (None, None) if above is None else (above.lat, above.lon)
            place.wkt = place.wkt if place.level == "L1" else None
        elif place.is_as_it_was(path, names):
            return True
        if place.level == "L0":
            place.inherited = False
        place.path, place.above, place.is_moved = path, names, True
        return self._shape(place)

    def _shape(self, place: _Place) -> bool:
        """Let Eden itself work out centre, extent and kind: that asks no database."""
        values = Storage(lat=place.lat, lon=place.lon, wkt=place.wkt or None)
        if not place.wkt:
            values.gis_feature_type = "1"
        form = Storage(vars=values, errors=Storage())
        try:
            self._gis().wkt_centroid(form)
        except ImportError:  # without shapely Eden's own callback fails, and that is told with the record
            return False
        if form.errors:
            return False
        place.lat, place.lon, place.wkt, place.kind = (
            values.lat,
            values.lon,
            values.wkt,
            values.gis_feature_type,
        )
        if place.wkt and not place.wkt.startswith("POI"):
            place.inherited = False
        if values.lat_min is not None:
            place.bounds = tuple(values[each] for each in _BOUNDS)
        return True

    def _write(self, placed: Sequence[_Place]) -> None:
        table = self.db.gis_location
        for with_bounds in (False, True):
            rows = [each for each in placed if (each.bounds is not None) is with_bounds]
            names = (*_PLACED, *LEVELS, *(_BOUNDS if with_bounds else ()))
            update(
                table,
                names,
                (
                    (
                        each.inherited,
                        each.path,
                        each.lat,
                        each.lon,
                        each.wkt,
                        each.kind and int(each.kind),
                        *each.above,
                        *(each.bounds or ()),
                        each.key,
                    )
                    for each in rows
                ),
            )
