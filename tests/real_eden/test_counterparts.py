"""Parity on a copy of a real Eden: its own callbacks, a record at a time, and their counterparts, a page at a time.

Both import the same pages; then all tables have to be equal, field by field. Skipped without an Eden.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from launcher.testing import REAL_EDEN, REAL_PYTHON
from tests.support.eden_pages import all_pages
from tests.support.places import CHECKOUT

NAMED = os.environ.get(REAL_EDEN, "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.integration,
    pytest.mark.skipif(not NAMED, reason="no Eden is named (./test --eden FOLDER)"),
]

SET_UP = """
key = s3db.sync_repository.insert(name="Headquarters", apitype="eden", url="http://127.0.0.1:9/eden")
for name in {names!r}:
    s3db.sync_task.insert(repository_id=key, resource_name=name, mode=3)
db.commit()
"""
IMPORT = """
import json
from gluon import current
from s3sync.core.policy import Terms
from s3sync.host.counterparts import known
from s3sync.host.counterparts.counterpart import Counterpart
from s3sync.wire.s3xml.document import Document

real, done = Counterpart.accept, {{}}

def accept(self, keys):
    left = real(self, keys)
    told = done.setdefault(type(self).__name__, [0, 0])
    told[0] += len(keys)
    told[1] += len(left)
    return left

Counterpart.accept = accept
if {alone!r}:
    known.KNOWN.clear()
request.controller = "sync"
site = current.sync_site
site._noted = None
site.schema
site.host.act_for_the_site()
for table, path in {pages!r}:
    with open(path, "rb") as source, Document(source, site.schema, table) as document, site.store.transaction():
        site.importer.import_page(document, Terms(), site.context(None, None))
    db.commit()
with open({told!r}, "w") as out:
    json.dump(done, out)
"""
#: Made anew with every row, or by chance.
_MOMENTS = {"created_on", "modified_on", "timestmp", "track_timestmp"}
#: Rows that callbacks make: their keys follow the order of the records, and their identifiers are random.
_MADE = ("pr_role", "pr_affiliation", "sit_presence", "hrm_human_resource_site", "cr_shelter_status")
_RANDOM = 4


def rows(database: Path) -> dict[str, list[Any]]:
    """Return what lies in the tables of an Eden, but for times, keys and identifiers of what callbacks made."""
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
    return {name: sorted((_plain(name, row, roles) for row in each), key=str) for name, each in found.items()}


def _plain(name: str, row: dict[str, Any], roles: dict[int, Any]) -> dict[str, Any]:
    kept = {field: value for field, value in row.items() if field not in _MOMENTS}
    if name in _MADE:
        kept.update(id=None, uuid=None)
    if name == "pr_affiliation":
        kept.update(role_id=roles.get(row["role_id"]), deleted_fk=None)
    if name == "org_site" and row["code"]:
        kept["code"] = row["code"][:-_RANDOM]
    return kept


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with Eden Sync in it, which exchanges the tables of the pages."""
    source = Path(NAMED).absolute()
    target = tmp_path_factory.mktemp("real") / "web2py"
    shutil.copytree(source.parent.parent, target, symlinks=True)
    folder = target / "applications" / source.name
    if not (folder / "databases" / "storage.db").is_file():
        pytest.skip(f"{NAMED} is not on SQLite")
    execute(target, SET_UP.format(names=sorted({name for name, _ in all_pages()})))
    python = os.environ.get(REAL_PYTHON, "")
    command = [sys.executable, str(CHECKOUT / "installer"), "install", "--into", str(folder)]
    subprocess.run([*command, *(["--python", python] if python else [])], check=True, timeout=300)
    return target


def execute(web2py: Path, script: str) -> None:
    path = web2py / "script.py"
    path.write_text(script, encoding="utf-8")
    python = os.environ.get(REAL_PYTHON, "") or sys.executable
    asked = [python, "web2py.py", "-S", Path(NAMED).name, "-M", "-R", str(path)]
    done = subprocess.run(asked, cwd=web2py, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0 and "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr


def test_a_page_at_once_leaves_what_a_record_at_a_time_leaves(installed: Path, tmp_path: Path) -> None:
    database = installed / "applications" / Path(NAMED).name / "databases" / "storage.db"
    pages = []
    for place, (table, content) in enumerate(all_pages()):
        path = tmp_path / f"{place}.xml"
        path.write_bytes(content)
        pages.append((table, str(path)))
    kept, told = tmp_path / "kept.db", tmp_path / "told.json"
    shutil.copy2(database, kept)
    found = []
    for alone in (True, False):
        for rest in database.parent.glob("storage.db-*"):
            rest.unlink()
        shutil.copy2(kept, database)
        execute(installed, IMPORT.format(alone=alone, pages=pages, told=str(told)))
        found.append(rows(database))
    alone_rows, together = found
    assert len(together["gis_location"]) > 250 and len(together["hrm_human_resource"]) > 8
    for name, each in alone_rows.items():
        assert together[name] == each, name
    handled = json.loads(told.read_text())
    assert all(left < keys for keys, left in handled.values()), handled
