"""A list goes out as features with the places of its records, and comes in again; no row moves what is not its own."""

from __future__ import annotations

import io
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from gluon import current

from s3.lists import export as export
from s3.lists.places import place_field
from s3.lists.rows_in import Row, RowImporter, Taken
from s3.lists.stored import State, StoredTable, importer_of, read_table
from s3.pages.presentation import Presentation
from tests.support.alerts import SQUARE_AREA, alert, info, reference
from tests.support.site import SampleSite

SHELTER, LOCATION, INCIDENT = "cr_shelter", "gis_location", "event_incident"
SQUARE = "POLYGON ((0 0, 2 0, 2 2, 0 2, 0 0))"
COLUMNS = ("uuid", "geometry", "name")


@pytest.fixture()
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SampleSite:
    monkeypatch.setattr(current, "T", str, raising=False)
    return SampleSite(tmp_path)


def located(site: SampleSite, key: str, **values: Any) -> int:
    """Add a shelter, with a location of these values or of this key."""
    where = values.pop("location_id", None)
    if where is None:
        where = site.db[LOCATION].insert(uuid=f"at-{key}", **values)
    site.db[SHELTER].insert(uuid=key, name=key.title(), location_id=where)
    return int(where)


def features(site: SampleSite, table: str) -> dict[str, Any]:
    out = io.BytesIO()
    export.feature_files.write(out, export.features(Presentation(site.s3db, None, table), {}))
    return {each["id"]: each for each in json.loads(out.getvalue())["features"]}


def taken(site: SampleSite, *rows: tuple[str, ...], table: str = SHELTER, columns: Any = COLUMNS) -> Taken:
    importer = RowImporter(site.s3db, site, table, columns, False, uuid.UUID(int=7))
    given = [Row(number, tuple(each)) for number, each in enumerate(rows, 1)]
    looked = importer.look(given)
    found = importer.take(given)
    assert (looked.counts, looked.refused) == (found.counts, found.refused)
    return found


def point(lon: float, lat: float) -> str:
    return json.dumps({"type": "Point", "coordinates": [lon, lat]})


def place(site: SampleSite, shelter: str) -> Any:
    return site.db[LOCATION](site.row(SHELTER, shelter).location_id)


def test_records_go_out_with_their_places(site: SampleSite) -> None:
    located(site, "camp", name="X", lat=18.5, lon=-72.25)
    located(site, "area", name="Y", wkt=SQUARE, lat=1.0, lon=1.0)
    located(site, "district", name="Z", level="L1", wkt=SQUARE, lat=1.0, lon=1.0)
    located(site, "broken", name="W", wkt="POLYGON ((", lat=1.0, lon=2.0)
    located(site, "nowhere", name="V")
    found = features(site, SHELTER)
    assert found["camp"]["geometry"] == {"type": "Point", "coordinates": [-72.25, 18.5]}
    assert found["camp"]["properties"]["name"] == "Camp" and found["camp"]["properties"]["location_id"] == "X"
    assert found["area"]["geometry"]["type"] == "Polygon"
    assert found["district"]["geometry"]["type"] == "Point", "a record in a district has not its shape"
    assert found["broken"]["geometry"]["coordinates"] == [2.0, 1.0] and found["nowhere"]["geometry"] is None
    shapes = features(site, LOCATION)
    assert shapes["at-district"]["geometry"]["type"] == "Polygon"
    assert not {"lat", "lon", "wkt"} & set(shapes["at-camp"]["properties"])


def test_only_lists_of_what_has_a_place_are_features(site: SampleSite) -> None:
    tables = (SHELTER, LOCATION, "cr_shelter_service")
    formats = [export.formats_of(Presentation(site.s3db, None, name)) for name in tables]
    assert ["geojson" in each for each in formats] == [True, True, False]
    assert place_field(site.s3db, site.s3db["cr_shelter_service"]) is None


@pytest.mark.parametrize("table", [SHELTER, LOCATION])
def test_what_went_out_comes_in_again_without_changing_anything(
    site: SampleSite, tmp_path: Path, table: str
) -> None:
    located(site, "camp", name="X", lat=18.123456789, lon=-72.25)
    located(site, "area", name="Y", wkt="POLYGON((0 0,2 0,2 2.50,0 2,0 0))", lat=1.0, lon=1.0)
    located(site, "district", name="Z", level="L1", wkt=SQUARE, lat=1.0, lon=1.0)
    out = io.BytesIO()
    export.feature_files.write(out, export.features(Presentation(site.s3db, None, table), {}))
    out.seek(0)
    headings, *rows = read_table(out)
    columns = [
        each if each in ("uuid", "geometry", "name", "location_id", "level") else None for each in headings
    ]
    found = taken(site, *(tuple(each) for each in rows), table=table, columns=columns)
    assert (found.counts, found.refused) == ({"unchanged": 3}, [])


def test_a_new_record_gets_a_place_and_two_of_the_same_name_do_not_share_it(site: SampleSite) -> None:
    for key in ("a", "b"):
        site.db["org_organisation"].insert(uuid=key, name=key)
    rows = (("", point(1, 2), "HQ", "a"), ("", point(3, 4.5), "HQ", "b"))
    found = taken(site, *rows, table="org_office", columns=(*COLUMNS, "organisation_id"))
    assert (found.counts, found.refused) == ({"created": 2}, [])
    places = site.db(site.db[LOCATION]).select()
    assert sorted((row.lon, row.lat, row.name) for row in places) == [
        (1, 2, "HQ (2.00000, 1.00000)"),
        (3, 4.5, "HQ (4.50000, 3.00000)"),
    ]


def test_a_place_of_its_own_is_moved_and_keeps_its_name(site: SampleSite) -> None:
    key = located(site, "camp", name="The old mill", lat=1.0, lon=1.0)
    assert taken(site, ("camp", point(5, 6), "Camp")).refused == []
    moved = place(site, "camp")
    assert (moved.id, moved.name, moved.lat, moved.lon) == (key, "The old mill", 6, 5)
    assert taken(site, ("camp", SQUARE, "Camp")).refused == []
    shaped = place(site, "camp")
    assert (shaped.id, shaped.wkt, shaped.gis_feature_type, shaped.lat) == (key, SQUARE, 3, 1)
    assert taken(site, ("camp", point(5, 6), "Camp")).refused == []
    assert place(site, "camp").wkt is None


def test_a_district_stays_where_it_is_and_the_record_gets_a_place_in_it(site: SampleSite) -> None:
    key = located(site, "camp", name="Leogane", level="L2", lat=1.0, lon=1.0)
    assert taken(site, ("camp", point(5, 6), "")).refused == []
    own = place(site, "camp")
    assert own.id != key and own.parent == key and own.lat == 6 and site.db[LOCATION](key).lat == 1


def test_a_place_of_several_records_stays_where_it_is(site: SampleSite) -> None:
    key = located(site, "camp", name="Square", lat=1.0, lon=1.0)
    located(site, "other", location_id=key)
    assert taken(site, ("camp", point(5, 6), "Camp")).refused == []
    assert site.db[LOCATION](key).lat == 1 and place(site, "camp").lat == 6


def test_a_geometry_that_cannot_be_taken_refuses_its_row_alone(site: SampleSite) -> None:
    found = taken(
        site,
        ("", point(200, 2), "A"),
        ("", '{"type":"Circle"}', "B"),
        ("", '{"type":', "C"),
        ("", "somewhere", "D"),
        ("", "", "E"),
    )
    assert found.counts == {"created": 1} and site.db(site.db[SHELTER]).select().first().name == "E"
    assert [each.row.number for each in found.refused] == [1, 2, 3, 4]
    assert all(each.reason.startswith("Geometry: ") for each in found.refused)


def test_where_the_data_model_keeps_points_only_a_shape_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current, "T", str, raising=False)
    site = SampleSite(tmp_path)
    # Tables are defined before their fields are taken away: pydal fills the list that this replaces.
    assert SHELTER in site.schema
    table = site.s3db[LOCATION]
    monkeypatch.setattr(
        type(table), "fields", property(lambda self: [each for each in self._fields if each != "wkt"])
    )
    importer = RowImporter(site.s3db, site, SHELTER, COLUMNS, False, uuid.UUID(int=7))
    looked = importer.look([Row(1, ("", SQUARE, "A")), Row(2, ("", point(1, 2), "B"))])
    assert [each.reason for each in looked.refused] == ["Geometry: this site keeps points, and no Polygon"]


def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(site: SampleSite) -> None:
    for number in range(40):
        located(site, f"camp{number}", name=f"At {number}", lat=1.0, lon=1.0)

    def statements(count: int) -> int:
        importer = RowImporter(site.s3db, site, SHELTER, COLUMNS, False, uuid.UUID(int=7))
        before = len(site.db._timings)
        importer.look(
            [Row(each, (f"camp{each}", point(5, 6 + each / 100), f"Camp{each}")) for each in range(count)]
        )
        return len(site.db._timings) - before

    site.db._timings.clear()
    assert statements(40) == statements(4)


def test_an_uploaded_file_is_imported_in_steps_whose_size_is_bounded(
    site: SampleSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3.lists.stored.MOST_AT_ONCE", 300)
    told = [
        {"type": "Feature", "geometry": json.loads(point(1, each)), "properties": {"name": f"N{each}"}}
        for each in range(10)
    ]
    file = io.BytesIO(json.dumps({"type": "FeatureCollection", "features": told}).encode())
    stored = StoredTable.keep(tmp_path / "lists", file, State(7, SHELTER, "x.geojson", []))
    stored.state.columns, stored.state.agreed = list(COLUMNS), True
    stored.save()
    stored.go_on(importer_of(site.s3db, site, stored.state), 0)
    stored.go_on(importer_of(site.s3db, site, stored.state), 0.0001)
    assert 0 < stored.state.done < 10
    stored.go_on(importer_of(site.s3db, site, stored.state), 60)
    assert stored.state.counts == {"created": 10}
    assert site.db(site.db[LOCATION]).count() == 10


def test_a_file_of_alerts_becomes_incidents_and_ends_them(site: SampleSite, tmp_path: Path) -> None:
    def brought(text: str) -> StoredTable:
        stored = StoredTable.keep(
            tmp_path / "lists", io.BytesIO(text.encode()), State(7, INCIDENT, "x.xml", [])
        )
        stored.state.columns = [None if each == "event (CAP)" else each for each in stored.state.headings]
        stored.state.agreed = True
        stored.save()
        stored.go_on(importer_of(site.s3db, site, stored.state), 60)
        return stored

    assert brought(alert("A1", info(area=SQUARE_AREA))).state.counts == {"created": 1}
    (found,) = site.db(site.db[INCIDENT]).select()
    assert (found.name, found.severity, found.closed) == ("Flood at the river", 8, False)
    assert site.db[LOCATION](found.location_id).wkt.startswith("POLYGON")
    later = "2026-03-01T10:00:00-05:00"
    cancel = alert("A2", sent=later, refers=reference(), msgType="Cancel")
    assert brought(cancel).state.counts == {"updated": 1}
    (ended,) = site.db(site.db[INCIDENT]).select()
    assert ended.closed and ended.name == found.name and ended.location_id == found.location_id
    unknown = brought(alert("B2", sent=later, refers=reference("B1"), msgType="Cancel"))
    assert unknown.state.counts == {} and unknown.state.refused == 1
