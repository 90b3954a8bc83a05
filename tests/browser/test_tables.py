"""A list is saved as a table, changed as in a spreadsheet program, and brought back by the pages."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.looking import look
from tests.support.chromium import PHONE, Person, chromium, missing, person
from tests.support.screens import ACCOUNTS, CLERK, served
from tests.support.stage import told
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]
PICTURES = os.environ.get("EDEN_PICTURES")
LIST = "/org/office"
MAKE = f"""{ACCOUNTS}
key = db.org_organisation.insert(name="Red Cross")
for number in range(3):
    db.org_office.insert(name="Office %s" % number, organisation_id=key)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    yield from served(tmp_path_factory, "tables", MAKE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def somebody(browser: Any, site: WebSite, **options: Any) -> Person:
    found = person(browser, site.url, **options).log_in(EMAIL, PASSWORD)
    found.page.set_default_timeout(30_000)
    return found


def seen(owner: Person, name: str) -> None:
    look(name, owner)
    if PICTURES:
        for label, (width, height) in (("laptop", (1366, 768)), ("phone", (390, 844))):
            owner.page.set_viewport_size({"width": width, "height": height})
            owner.page.screenshot(path=f"{PICTURES}/table-{name}-{label}.png", full_page=True)


def saved(owner: Person, link: str, path: Path) -> list[list[str]]:
    with owner.page.expect_download() as found:
        owner.page.get_by_role("link", name=link).first.click()
    found.value.save_as(path)
    with path.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.reader(source))


def upload(owner: Person, path: Path) -> None:
    owner.open(LIST)
    owner.page.get_by_role("link", name="Import a table").click()
    owner.page.set_input_files("input[name=file]", path)
    owner.page.get_by_role("button", name="Upload").click()
    owner.page.wait_for_load_state()


def press(owner: Person, name: str) -> None:
    with owner.page.expect_navigation():
        owner.page.get_by_role("button", name=name, exact=True).click()


def ended(owner: Person) -> str:
    owner.page.get_by_role("heading", name="The import has ended").wait_for()
    return owner.text()


def test_a_list_is_saved_changed_and_brought_back(site: WebSite, browser: Any, tmp_path: Path) -> None:
    owner = somebody(browser, site)
    owner.open(f"{LIST}?q=Office")
    seen(owner, "list")
    headings, *rows = saved(owner, "Save as CSV", tmp_path / "offices.csv")
    assert headings[0] == "Name" and headings[-1] == "Identifier" and len(rows) == 3
    rows[0][0] = "Renamed"
    rows.append(["Made in a table", *rows[0][1:-1], ""])
    rows.append(["Of nobody", *["Nobody" if cell == "Red Cross" else cell for cell in rows[0][1:-1]], ""])
    path = tmp_path / "changed.csv"
    with path.open("w", encoding="cp1252", newline="") as out:
        csv.writer(out, delimiter=";").writerows([headings, *rows])

    owner.open(f"{LIST}/import")
    seen(owner, "upload")
    upload(owner, path)
    assert "Column of the file" in owner.text()
    seen(owner, "columns")
    press(owner, "Look what would happen")
    text = owner.text()
    assert "5 rows were looked at. Nothing was changed." in text and "nothing is called Nobody here" in text
    seen(owner, "preview")
    assert told(site, "db(db.org_office.name == 'Renamed').count()") == 0
    press(owner, "Import")
    assert "Save the refused rows" in ended(owner)
    seen(owner, "ended")
    refused = saved(owner, "Save the refused rows", tmp_path / "refused.csv")
    assert refused[0] == [*headings, "Reason"] and [row[0] for row in refused[1:]] == ["Of nobody"]
    assert "nothing is called Nobody here" in refused[1][-1]
    names = told(site, "sorted(row.name for row in db(db.org_office.deleted != True).select())")
    assert names == ["Made in a table", "Office 1", "Office 2", "Renamed"]

    refused[1] = ["Of somebody", *["Red Cross" if cell == "Nobody" else cell for cell in refused[1][1:]]]
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(refused)
    upload(owner, path)
    press(owner, "Look what would happen")
    press(owner, "Import")
    assert "Save the refused rows" not in ended(owner)
    assert told(site, "db(db.org_office.name == 'Of somebody').count()") == 1


def test_a_list_goes_to_a_program_for_maps_and_back(site: WebSite, browser: Any, tmp_path: Path) -> None:
    owner, path = somebody(browser, site), tmp_path / "offices.geojson"
    owner.open(f"{LIST}?q=Office")
    with owner.page.expect_download() as found:
        owner.page.get_by_role("link", name="Save as GeoJSON").first.click()
    found.value.save_as(path)
    collection = json.loads(path.read_text("utf-8"))
    first, *others = collection["features"]
    assert first["geometry"] is None and first["properties"]["organisation_id"] == "Red Cross" and others
    first["geometry"] = {"type": "Point", "coordinates": [-72.335, 18.539]}
    made = {"type": "Feature", "properties": {"name": "On the map", "organisation_id": "Red Cross"}}
    made["geometry"] = {"type": "Point", "coordinates": [-72.4, 18.6]}
    nowhere = {**made, "geometry": {"type": "Point", "coordinates": [18.6, -172.4]}}
    collection["features"] += [made, nowhere]
    path.write_text(json.dumps(collection), "utf-8")
    upload(owner, path)
    assert "Geometry" in owner.text()
    seen(owner, "columns-of-features")
    press(owner, "Look what would happen")
    assert "a position is none on earth" in owner.text()
    seen(owner, "preview-of-features")
    press(owner, "Import")
    assert "Save the refused rows" in ended(owner)
    at = "db.gis_location(db(db.org_office.name == %r).select().first().location_id)"
    assert told(site, f"{at % first['properties']['name']}.lat") == 18.539
    assert told(site, f"{at % 'On the map'}.lon") == -72.4
    listed = owner.page.request.get(f"{site.url}{LIST}.geojson?q=On+the+map")
    assert listed.headers["content-type"] == "application/geo+json"
    assert [each["geometry"] for each in listed.json()["features"]] == [made["geometry"]]


def test_a_list_of_what_has_no_place_is_no_file_of_features(site: WebSite, browser: Any) -> None:
    owner = somebody(browser, site)
    answer = owner.page.request.get(f"{site.url}/cr/shelter_service.geojson")
    assert answer.status == 415 and "have no location" in answer.text()


def test_the_same_with_a_table_of_a_spreadsheet_program(site: WebSite, browser: Any, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    owner = somebody(browser, site)
    owner.open(LIST)
    with owner.page.expect_download() as found:
        owner.page.get_by_role("link", name="Save as XLSX").click()
    found.value.save_as(tmp_path / "offices.xlsx")
    book = openpyxl.load_workbook(tmp_path / "offices.xlsx")
    sheet = book.active
    assert [cell.value for cell in sheet[1]][-1] == "Identifier" and sheet.freeze_panes == "A2"
    sheet["A2"] = "Renamed in a workbook"
    sheet.append(["Made in a workbook", *(cell.value for cell in sheet[2][1:-1])])
    book.save(tmp_path / "changed.xlsx")
    upload(owner, tmp_path / "changed.xlsx")
    press(owner, "Look what would happen")
    press(owner, "Import")
    ended(owner)
    names = told(site, "[row.name for row in db(db.org_office.deleted != True).select()]")
    assert {"Renamed in a workbook", "Made in a workbook"} <= set(names)


def test_what_is_no_table_is_refused_with_a_sentence(site: WebSite, browser: Any, tmp_path: Path) -> None:
    owner = somebody(browser, site)
    for content, reason in (
        (b"", "it is empty"),
        (b"Name\n", "no rows"),
        (b"PK\x03\x04\x00\x00", "no table of a spreadsheet program"),
        (b"\0\1", "it is no text"),
    ):
        (tmp_path / "file.csv").write_bytes(content)
        upload(owner, tmp_path / "file.csv")
        assert reason in owner.text()


def test_it_works_on_a_phone_without_script(site: WebSite, browser: Any, tmp_path: Path) -> None:
    owner = somebody(browser, site, size=PHONE, java_script_enabled=False)
    (tmp_path / "file.csv").write_text("Name,Organization\nBy phone,Red Cross\n")
    upload(owner, tmp_path / "file.csv")
    press(owner, "Look what would happen")
    press(owner, "Import")
    press(owner, "Go on")
    assert "The import has ended" in owner.text()
    assert told(site, "db(db.org_office.name == 'By phone').count()") == 1


def test_who_may_not_change_records_imports_none_and_nobody_sees_the_table_of_another(
    site: WebSite, browser: Any, tmp_path: Path
) -> None:
    owner = somebody(browser, site)
    (tmp_path / "file.csv").write_text("Name,Organization\nOf the owner,Red Cross\n")
    upload(owner, tmp_path / "file.csv")
    path = owner.page.url.partition("/eden")[2]
    assert owner.open(path).status == 200
    clerk = person(browser, site.url).log_in(CLERK, PASSWORD)
    assert clerk.open(path).status in (403, 404)
    assert owner.open(path.replace("office", "facility")).status == 404
    assert owner.open(f"{LIST}/import/../../etc").status == 404
