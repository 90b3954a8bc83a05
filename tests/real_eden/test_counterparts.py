"""Parity on a copy of a real Eden: its own callbacks, a record at a time, and their counterparts, a page at a time.

Both import the same pages; then all tables have to be equal, field by field. Skipped without an Eden.
"""

from __future__ import annotations

import shutil
import sqlite3
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.support.eden_pages import all_pages
from tests.support.real_eden import MARKS, RealEden, copied

pytestmark = MARKS

SET_UP = """
key = s3db.sync_repository.insert(name="Headquarters", apitype="eden", url="http://127.0.0.1:9/eden")
for name in {names!r}:
    s3db.sync_task.insert(repository_id=key, resource_name=name, mode=3)
db.commit()
"""
#: What has the time of the import where it was made or changed by it, and else a time that the pages say.
_MOMENTS = {"created_on", "modified_on", "timestmp", "track_timestmp"}
#: Rows that callbacks make: their keys follow the order of the records, and their identifiers are random.
_MADE = ("pr_role", "pr_affiliation", "sit_presence", "hrm_human_resource_site", "cr_shelter_status")
_RANDOM = 4


def rows(database: Path, since: str) -> dict[str, list[Any]]:
    """Return what lies in the tables of an Eden, but for keys and identifiers of what callbacks made.

    Args:
        database: the file.
        since: when the import began; times from then on are told as one.
    """
    db = sqlite3.connect(database)
    db.row_factory = sqlite3.Row
    names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    skipped = ("sqlite", "sync_", "scheduler", "s3_audit")
    found = {
        name: [dict(row) for row in db.execute(f'SELECT * FROM "{name}"')]
        for name in names
        if not name.startswith(skipped)
    }
    db.close()
    roles = {row["id"]: (row["pe_id"], row["role"]) for row in found["pr_role"]}
    return {
        name: sorted((_plain(name, row, roles, since) for row in each), key=str)
        for name, each in found.items()
    }


def _plain(name: str, row: dict[str, Any], roles: dict[int, Any], since: str) -> dict[str, Any]:
    kept = {
        field: "meanwhile" if field in _MOMENTS and value and str(value) >= since else value
        for field, value in row.items()
    }
    if name in _MADE:
        kept.update(id=None, uuid=None)
    if name == "pr_affiliation":
        kept.update(role_id=roles.get(row["role_id"]), deleted_fk=None)
    if name == "org_site" and row["code"]:
        kept["code"] = row["code"][:-_RANDOM]
    return kept


def differing(alone: dict[str, list[Any]], together: dict[str, list[Any]]) -> list[tuple[Any, ...]]:
    """Return table, key, and the fields that differ with both values; or the numbers of rows where these differ."""
    found: list[tuple[Any, ...]] = []
    for name in alone:
        if len(alone[name]) != len(together[name]):
            found.append((name, len(alone[name]), len(together[name])))
            continue
        for one, other in zip(alone[name], together[name]):
            astray = {field: (one[field], other[field]) for field in one if one[field] != other[field]}
            if astray:
                found.append((name, one.get("id"), astray))
    return found


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> RealEden:
    """A copy with Eden Sync in it, which exchanges the tables of the pages."""
    eden = copied(tmp_path_factory.mktemp("real") / "web2py")
    eden.execute(SET_UP.format(names=sorted({name for name, _ in all_pages()})))
    eden.install()
    # The first job writes the facts anew, and has all models loaded by that: before anybody acts for the site.
    eden.ask("organisations", names=[])
    return eden


def test_a_page_at_once_leaves_what_a_record_at_a_time_leaves(installed: RealEden, tmp_path: Path) -> None:
    pages = []
    for place, (table, content) in enumerate(all_pages()):
        path = tmp_path / f"{place}.xml"
        path.write_bytes(content)
        pages.append((table, str(path)))
    kept, handled = tmp_path / "kept.db", {}
    shutil.copy2(installed.database, kept)
    found = []
    for alone in (True, False):
        for rest in installed.database.parent.glob("storage.db-*"):
            rest.unlink()
        shutil.copy2(kept, installed.database)
        since = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        handled = installed.ask("import_pages", alone=alone, pages=pages)
        found.append(rows(installed.database, since))
    alone_rows, together = found
    assert len(together["gis_location"]) > 250 and len(together["hrm_human_resource"]) > 8
    assert differing(alone_rows, together) == []
    assert all(left < keys for keys, left in handled.values()), handled
