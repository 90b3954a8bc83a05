"""The installer on a copy of a real Eden, with its own Python and web2py: ``./test --eden FOLDER --python PATH``.

Skipped without one. The Eden has to be on SQLite and to have been started once; it is copied, and left alone itself.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.real_eden import MARKS, NAMED, RealEden, copied

pytestmark = MARKS

#: Runs in the Eden before anything of ours is there: what an administrator may have set up.
SET_UP = """
key = s3db.sync_repository.insert(name="Headquarters", apitype="eden", url="http://127.0.0.1:9/eden",
                                  username="sync@example.org", password="geheim")
s3db.sync_repository.insert(name="Drop", apitype="ftp", url="ftp://example.org", password="of another type")
task = s3db.sync_task.insert(repository_id=key, resource_name="org_organisation", mode=3)
s3db.sync_resource_filter.insert(task_id=task, tablename="org_organisation", filter_string="~.name__like=A*")
s3db.sync_log.insert(repository_id=key, message="an old entry", result="success")
db.commit()
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that has a repository, tasks and a log."""
    eden = copied(tmp_path_factory.mktemp("real") / "web2py")
    eden.execute(SET_UP)
    return eden.web2py


@pytest.fixture
def eden(prepared: Path, tmp_path: Path) -> Iterator[RealEden]:
    target = tmp_path / "web2py"
    shutil.copytree(prepared, target, symlinks=True)
    yield RealEden(target, Path(NAMED).name)
    shutil.rmtree(target)


def test_a_look_changes_nothing(eden: RealEden) -> None:
    files, content = eden.files(), eden.content()
    status, answer = eden.run("install", "--dry-run")
    assert status == 0, answer
    assert (eden.files(), eden.content()) == (files, content)


def test_there_and_back(eden: RealEden) -> None:
    files, content = eden.files(), eden.content()
    status, answer = eden.run("install")
    assert (status, answer["state"]) == (0, "installed"), answer
    assert eden.run("status")[0] == 0
    sealed = eden.passwords()
    assert sealed["Headquarters"].startswith("vault:") and sealed["Drop"] == "of another type"
    laid = eden.files()
    assert eden.run("install")[0] == 0
    again = {name: each for name, each in eden.files().items() if not name.startswith("private/eden-sync/")}
    assert again == {name: each for name, each in laid.items() if not name.startswith("private/eden-sync/")}
    status, answer = eden.run("uninstall", "--purge")
    assert status == 0 and answer["left"] == [] and answer["database"]["closed"]["failed"] == [], answer
    assert eden.files() == files
    # The journal's identity of this site is in sync_config, if it had no row there.
    assert {**eden.content(), "sync_config": ""} == {**content, "sync_config": ""}


def test_taken_out_without_purge_the_next_one_finds_what_is_there(eden: RealEden) -> None:
    files = eden.files()
    eden.run("install")
    status, answer = eden.run("uninstall")
    assert status == 0 and answer["backup"]
    kept = {
        name for name in eden.files() if name.startswith(("private/eden-sync/backup/", "private/vault.key"))
    }
    assert {name: each for name, each in eden.files().items() if name not in kept} == files
    status, answer = eden.run("install")
    assert status == 0 and answer["database"]["prepared"]["tables"] == 0


@pytest.mark.parametrize("step", ["Keeping", "Copying", "Laying", "Preparing", "Sealing"])
@pytest.mark.parametrize("seconds", [0, 1.5])
def test_killed_in_a_step_it_goes_on_and_back(eden: RealEden, step: str, seconds: float) -> None:
    files, layout = eden.files(), eden.content()["layout"]
    process = subprocess.Popen(
        eden.command("install"), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert any(line.startswith(step) for line in process.stdout)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if seconds:
        status, answer = eden.run("install")
        assert status == 0, answer
    assert eden.run("uninstall", "--purge")[0] == 0
    assert (eden.files(), eden.content()["layout"]) == (files, layout)
    assert eden.passwords()["Headquarters"] == "geheim"
