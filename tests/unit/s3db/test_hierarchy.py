"""Rules of hierarchies in forms: the same as in documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gluon.storage import Storage

from tests.support.eden import open_environment


@pytest.fixture
def s3db(tmp_path: Path) -> Any:
    return open_environment(str(tmp_path), "sqlite:memory")["s3db"]


def form(record: Any = None, **values: Any) -> Storage:
    return Storage(vars=Storage(values), record=record, errors=Storage())


def refused(s3db: Any, tablename: str, *forms: Storage, gone: tuple[int, ...] = ()) -> list[set[str]]:
    s3db.get_config(tablename, "onvalidation_set")(list(forms), gone)
    return [set(each.errors) for each in forms]


@pytest.mark.parametrize("tablename", ["org_organisation_type", "org_facility_type", "event_incident_type"])
def test_a_form_refuses_a_type_that_is_part_of_itself(s3db: Any, tablename: str) -> None:
    table = s3db[tablename]
    top = table.insert(name="Top")
    below = table.insert(name="Below", parent=top)
    circle = form(table(top), id=top, parent=str(below))
    s3db.get_config(tablename, "onvalidation")(circle)
    assert set(circle.errors) == {"parent"}


def test_new_records_refer_to_each_other_by_negative_keys(s3db: Any) -> None:
    a, b, c = (form(id=-key, parent=-above) for key, above in ((1, 2), (2, 3), (3, 1)))
    assert refused(s3db, "gis_location", a, b, c) == [set(), set(), {"parent"}]


def test_who_is_refused_keeps_its_place_and_so_may_stand_in_the_way(s3db: Any) -> None:
    table = s3db["gis_location"]
    x = table.insert(name="X")
    y = table.insert(name="Y", parent=x)
    z = table.insert(name="Z")
    moves = [
        form(table(x), id=x, parent=y),
        form(table(y), id=y, parent=z),
        form(table(z), id=z, parent=y),
    ]
    assert refused(s3db, "gis_location", *moves) == [set(), set(), {"parent"}]
    assert refused(s3db, "gis_location", moves[0]) == [{"parent"}]


def test_a_level_that_does_not_change_is_not_asked_about(s3db: Any) -> None:
    table = s3db["gis_location"]
    parent = table.insert(name="Parent", level="L3")
    child = table.insert(name="Child", level="L2", parent=parent)
    assert refused(s3db, "gis_location", form(table(child), id=child, level="L2", parent=parent)) == [set()]


def test_links_that_go_at_the_same_time_do_not_count(s3db: Any) -> None:
    table, link = s3db["org_organisation"], s3db["org_organisation_branch"]
    one, two = (table.insert(name=name) for name in ("One", "Two"))
    key = link.insert(organisation_id=one, branch_id=two)
    turned = {"organisation_id": two, "branch_id": one}
    assert refused(s3db, "org_organisation_branch", form(**turned)) == [{"branch_id"}]
    assert refused(s3db, "org_organisation_branch", form(**turned), gone=(key,)) == [set()]


def test_a_circle_that_is_there_already_stops_nobody_else(s3db: Any) -> None:
    table = s3db["gis_location"]
    one = table.insert(name="One")
    two = table.insert(name="Two", parent=one)
    s3db.db(table.id == one).update(parent=two)
    assert refused(s3db, "gis_location", form(id=-1, parent=two)) == [set()]
    assert refused(s3db, "gis_location", form(table(one), id=one, parent=None)) == [set()]
