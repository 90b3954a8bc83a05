"""The doctor finds out what the callbacks of a real Eden make of its records. Skipped without an Eden."""

from __future__ import annotations

from pathlib import Path

from tests.support.real_eden import EMAIL, MARKS, PASSWORD, copied

pytestmark = MARKS

SET_UP = """
key = s3db.sync_repository.insert(name="Headquarters", apitype="eden", url="http://127.0.0.1:9/eden")
for name in ("org_office", "cr_shelter"):
    s3db.sync_task.insert(repository_id=key, resource_name=name, mode=3)
db.commit()
"""


def test_what_callbacks_change_is_told_and_undone(tmp_path: Path) -> None:
    eden = copied(tmp_path / "web2py")
    account = eden.ask("administrator", email=EMAIL, password=PASSWORD)
    eden.ask("fill", account=account, numbers=(1, 2))
    eden.execute(SET_UP)
    eden.install()
    before = eden.ask("contents")
    told = eden.ask("tell_derived")
    assert told["tables"] >= 100 and told["records"] >= 300
    assert ["act_issue", "resolution", 2] in told["fields"]
    assert eden.ask("contents") == before
