"""Runs inside the application: saves the organisations as a table in each format, and imports a table of new ones.

As GeoJSON new shelters with their places are imported, and saved then.

Returns the number of rows, seconds, and bytes by which the memory of the process has grown.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

from s3.lists import export
from s3.lists.stored import State, StoredTable, importer_of
from s3.pages.presentation import Presentation
from s3sync.wire.geo.features import Feature
from s3sync.wire.geo.geometry import point

from gluon import current

arguments = json.loads(sys.argv[-1])
folder, records = Path(arguments["folder"]), arguments["records"]
current.T = current.T or str


class May:
    """Whoever is asked, may."""

    def s3_has_permission(self, *_):
        return True


def save(name):
    path = folder / f"saved.{name}"
    rows = export.rows(Presentation(s3db, May(), "org_organisation"), {})
    with path.open("wb") as out:
        export.FORMATS[name][1](out, rows)
    with path.open("rb") as source:
        state = State(1, "org_organisation", path.name, [])
        stored = StoredTable.keep(folder / "lists", source, state)
    return stored.state.count


def take(name):
    path = folder / f"new.{name}"
    table = [["Name", "Acronym"], *([f"New {name} {number}", f"N{number}"] for number in range(records))]
    with path.open("wb") as out:
        export.FORMATS[name][1](out, table)
    del table
    began = time.perf_counter()
    with path.open("rb") as source:
        stored = StoredTable.keep(folder / "lists", source, State(1, "org_organisation", path.name, []))
    stored.state.columns, stored.state.agreed = ["name", "acronym"], True
    stored.save()
    stored.go_on(importer_of(s3db, current.sync_site, stored.state), 600)
    return stored.state.counts.get("created", 0), time.perf_counter() - began


def save_features():
    path = folder / "saved.geojson"
    with path.open("wb") as out:
        export.feature_files.write(out, export.features(Presentation(s3db, May(), "cr_shelter"), {}))
    with path.open("rb") as source:
        return StoredTable.keep(folder / "lists", source, State(1, "cr_shelter", path.name, [])).state.count


def take_features():
    path = folder / "new.geojson"
    features = (
        Feature(None, point(number % 360 - 180, number % 170 / 2), {"name": f"Shelter {number}"})
        for number in range(records)
    )
    with path.open("wb") as out:
        export.feature_files.write(out, features)
    began = time.perf_counter()
    with path.open("rb") as source:
        stored = StoredTable.keep(folder / "lists", source, State(1, "cr_shelter", path.name, []))
    stored.state.columns, stored.state.agreed = ["uuid", "geometry", "name"], True
    stored.save()
    stored.go_on(importer_of(s3db, current.sync_site, stored.state), 600)
    return stored.state.counts.get("created", 0), time.perf_counter() - began


before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
if arguments["format"] == "geojson" and arguments["what"] == "save":
    rows, seconds = save_features(), time.perf_counter() - began
elif arguments["format"] == "geojson":
    rows, seconds = take_features()
elif arguments["what"] == "save":
    rows, seconds = save(arguments["format"]), time.perf_counter() - began
else:
    rows, seconds = take(arguments["format"])
memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump({"rows": rows, "seconds": seconds, "memory": memory}, output)
