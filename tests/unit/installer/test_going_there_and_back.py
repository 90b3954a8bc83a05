"""Into a small Eden and out again: byte for byte, wherever a kill comes between."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from installer import manifest
from installer.checking import status
from installer.disk import UNFINISHED
from installer.eden import Eden, find_eden
from installer.manifest import Condition, State
from installer.problems import Problem
from tests.support.small_eden import (
    FOLDER,
    KINDS,
    ORIGINAL,
    Answers,
    DyingDisk,
    Killed,
    install,
    sample_payload,
    small_eden,
    tree,
    uninstall,
)

OURS = sample_payload()
KEY_PATH = "private/vault.key"
NEWER = sample_payload("1.1", core="# newer\n", gone=None, added="# added\n")


@pytest.fixture(params=KINDS)
def eden(request: pytest.FixtureRequest, tmp_path: Path) -> Eden:
    return small_eden(tmp_path, request.param)


def is_laid(eden: Eden, payload: Any) -> bool:
    known = manifest.read(eden)
    return (
        known is not None
        and known.state is State.INSTALLED
        and set(known.conditions(eden.folder)) == set(payload.files)
        and set(known.conditions(eden.folder).values()) == {Condition.LAID}
    )


def without_backup(eden: Eden) -> dict[str, Any]:
    found = tree(eden.folder)
    return {path: what for path, what in found.items() if not path.startswith("private/eden-sync")}


@pytest.fixture
def asp(tmp_path: Path) -> Eden:
    return small_eden(tmp_path)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda handle: None)


def test_every_file_is_laid_and_what_stood_there_is_kept(eden: Eden) -> None:
    install(eden, OURS)
    assert is_laid(eden, OURS)
    assert (eden.home / "before" / "controllers" / "sync.py").read_text("utf-8") == ORIGINAL
    assert list((eden.home / "backup").glob("storage-*.db"))


def test_no_other_file_is_touched(eden: Eden) -> None:
    before = tree(eden.folder)
    install(eden, OURS)
    after = tree(eden.folder)
    own = ("modules/s3sync", "private/", "languages/eden_sync", "static/sync", "views/sync/log.html")
    new = {path for path in after if path not in before and not path.startswith(own)}
    assert new == {"models/tasks_eden_sync.py"}
    changed = {path for path in before if after[path] != before[path]}
    assert changed == {"controllers/sync.py", "views/sync/index.html"}


def test_uninstalled_it_is_byte_for_byte_as_before(eden: Eden) -> None:
    before = tree(eden.folder)
    ask = install(eden, OURS)
    removed = uninstall(eden, ask=ask, purge=True)
    assert tree(eden.folder) == before
    assert (removed.left, ask.sealed, ask.closed["indices"]) == ([], False, ["org_office/ix"])


def test_the_copy_of_the_database_stays_where_it_is_not_purged(eden: Eden) -> None:
    before = tree(eden.folder)
    removed = uninstall(eden, ask=install(eden, OURS))
    (eden.folder / KEY_PATH).unlink()
    assert without_backup(eden) == before
    assert removed.backup and list(Path(removed.backup).glob("*.db"))


def test_a_second_time_nothing_changes(eden: Eden) -> None:
    install(eden, OURS)
    before = {path: what for path, what in tree(eden.folder).items() if not path.startswith("private/")}
    ask = install(eden, OURS)
    assert {path: tree(eden.folder)[path] for path in before} == before
    assert ask.asked == ["prepare", "finish"] and len(list((eden.home / "backup").iterdir())) == 1
    assert uninstall(eden).version == "1.0" and uninstall(eden).version is None


@pytest.mark.parametrize("back", ["goes on", "goes back", "goes back to be installed"])
def test_killed_after_any_step_of_an_installation_it(asp: Eden, tmp_path: Path, back: str) -> None:
    for step, halfway in steps_of(asp, tmp_path, lambda there, disk: install(there, OURS, disk)):
        there = copied(asp, tmp_path)
        before = tree(there.folder)
        with pytest.raises(Killed):
            install(there, OURS, DyingDisk(step, halfway))
        if back == "goes on":
            install(there, OURS)
            assert is_laid(there, OURS), step
        else:
            uninstall(there, purge=True)
            assert tree(there.folder) == before, step
        if back == "goes back to be installed":
            install(there, OURS)
            assert is_laid(there, OURS), step
            assert not [each for each in tree(there.folder) if each.endswith(UNFINISHED)]


@pytest.mark.parametrize("script", ["prepare", "finish"])
def test_killed_or_failed_in_the_database_it_goes_on_or_back(eden: Eden, script: str) -> None:
    before = tree(eden.folder)
    with pytest.raises(Killed):
        install(eden, OURS, ask=Answers(eden, dying=script))
    with pytest.raises(Problem, match=f"{script} failed"):
        install(eden, OURS, ask=Answers(eden, failing={script}))
    found = status(eden, OURS)
    assert found["state"] == "installing" and found["needs_attention"]
    uninstall(eden, purge=True)
    assert tree(eden.folder) == before


def test_killed_after_any_step_of_an_uninstallation_it_goes_on_or_is_installed_again(
    asp: Eden, tmp_path: Path
) -> None:
    before = tree(asp.folder)
    install(asp, OURS)
    for step, halfway in steps_of(asp, tmp_path, lambda there, disk: uninstall(there, disk, purge=True)):
        there = copied(asp, tmp_path)
        with pytest.raises(Killed):
            uninstall(there, DyingDisk(step, halfway), purge=True)
        if step % 3:
            install(there, OURS)
            assert is_laid(there, OURS), step
        uninstall(there, purge=True)
        assert tree(there.folder) == before, step


def test_killed_after_any_step_of_an_upgrade_it_goes_on_or_back(asp: Eden, tmp_path: Path) -> None:
    before = tree(asp.folder)
    install(asp, OURS)
    for step, halfway in steps_of(asp, tmp_path, lambda there, disk: install(there, NEWER, disk)):
        there = copied(asp, tmp_path)
        with pytest.raises(Killed):
            install(there, NEWER, DyingDisk(step, halfway))
        if step % 3:
            install(there, NEWER)
            assert is_laid(there, NEWER), step
        uninstall(there, purge=True)
        assert tree(there.folder) == before, step


def test_indices_of_a_preparation_that_broke_off_are_found_by_what_was_there_before(eden: Eden) -> None:
    with pytest.raises(Problem):
        install(eden, OURS, ask=Answers(eden, failing={"prepare"}))
    removing = Answers(eden)
    shutil.copytree(eden.folder, eden.folder.with_name("other"))
    uninstall(eden, ask=removing, purge=True)
    assert (removing.closed["indices"], removing.closed["indices_before"]) == (None, ["org_office/edens"])
    other = find_eden(eden.folder.with_name("other"))
    assert install(other, OURS).compared == ["org_office/edens"]
    assert install(other, OURS).compared is None


def test_what_ours_wrote_at_run_time_goes_and_what_was_there_before_stays(eden: Eden) -> None:
    own, theirs = eden.folder / "static" / "sync-apart", eden.folder / "static" / "bootstrap" / "5.3.3"
    theirs.mkdir(parents=True)
    (theirs / "bootstrap.min.css").write_text("a { }", encoding="utf-8")
    before = tree(eden.folder)
    install(eden, OURS)
    own.mkdir()
    (own / "1-eden.css").write_text("b { }", encoding="utf-8")
    uninstall(eden, ask=Answers(eden, framework="5.3.3"), purge=True)
    assert tree(eden.folder) == before


def test_of_the_framework_only_the_sheets_that_ours_wrote_go(eden: Eden) -> None:
    before = tree(eden.folder)
    install(eden, OURS)
    ours, theirs = (eden.folder / "static" / "bootstrap" / version for version in ("5.3.3", "4.6.0"))
    for folder in (ours, theirs):
        folder.mkdir(parents=True)
        (folder / "bootstrap.min.css").write_text("a { }", encoding="utf-8")
    written = [ours / "site.css", ours.parent / "our_theme.css"]
    for path in written:
        path.write_text("b { }", encoding="utf-8")
    shutil.copytree(eden.web2py, eden.web2py.with_name("second"))
    uninstall(eden, ask=Answers(eden, framework="5.3.3"), purge=True)
    assert not (ours / "bootstrap.min.css").exists() and (theirs / "bootstrap.min.css").is_file()
    assert all(each.is_file() for each in written)
    second = find_eden(eden.web2py.with_name("second") / "applications" / "eden")
    shutil.rmtree(second.folder / "static" / "bootstrap" / "4.6.0")
    for path in written:
        (second.folder / path.relative_to(eden.folder)).unlink()
    uninstall(second, ask=Answers(second, framework="5.3.3"), purge=True)
    assert tree(second.folder) == before


def test_an_eden_that_runs_compiled_is_not_left_without_what_it_imports(eden: Eden) -> None:
    install(eden, OURS)
    model = eden.folder / "compiled" / "models.tasks_eden_sync.pyc"
    model.parent.mkdir()
    model.write_bytes(b"compiled")
    before = tree(eden.folder)
    with pytest.raises(Problem, match="compiled") as refused:
        uninstall(eden, purge=True, force=True)
    assert "Remove the compiled application" in refused.value.remedy and tree(eden.folder) == before
    shutil.rmtree(model.parent)
    assert uninstall(eden).version == "1.0"


def test_the_key_stays_for_what_stays_sealed_in_the_database(eden: Eden) -> None:
    ask = install(eden, OURS)
    removed = uninstall(eden, ask=ask)
    assert removed.key == str(eden.folder / KEY_PATH) and (eden.folder / KEY_PATH).is_file()
    install(eden, OURS, ask=ask)
    assert uninstall(eden, ask=ask, purge=True).key == "" and not (eden.folder / KEY_PATH).exists()


def test_purge_after_an_uninstallation_that_broke_off_purges_or_is_refused(asp: Eden, tmp_path: Path) -> None:
    before = tree(asp.folder)
    install(asp, OURS)
    refusals, purged_later = 0, 0
    for step, halfway in steps_of(asp, tmp_path, lambda there, disk: uninstall(there, disk)):
        there = copied(asp, tmp_path)
        first, ask = Answers(there), Answers(there)
        with pytest.raises(Killed):
            uninstall(there, DyingDisk(step, halfway), ask=first)
        if manifest.read(there) is None:
            continue
        try:
            uninstall(there, ask=ask, purge=True)
        except Problem as problem:
            assert "install" in problem.remedy and not ask.asked
            refusals += 1
            install(there, OURS)
            uninstall(there, ask=ask, purge=True)
        purged_later += "close" in first.asked and not refusals
        assert ask.closed["purge"] and tree(there.folder) == before, step
    assert refusals and purged_later


def test_an_upgrade_lays_what_is_new_and_takes_away_what_is_gone(eden: Eden) -> None:
    install(eden, OURS)
    assert [each["check"] for each in status(eden, NEWER)["checks"] if each["result"] != "good"] == [
        "Version"
    ]
    install(eden, NEWER)
    assert is_laid(eden, NEWER) and not (eden.folder / f"{FOLDER}/gone.py").exists()
    assert not status(eden, NEWER)["needs_attention"]


def steps_of(eden: Eden, tmp_path: Path, run: Any) -> list[tuple[int, bool]]:
    """Return after how many steps a run can be killed, every other time in the middle of the next one."""
    disk = DyingDisk()
    run(copied(eden, tmp_path), disk)
    assert disk.made > 20
    return [(step, step % 2 == 1) for step in range(disk.made)]


def copied(eden: Eden, tmp_path: Path) -> Eden:
    """Return a copy of an Eden, in the place of the one before."""
    target = tmp_path / "copy"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(eden.web2py, target / "web2py")
    return find_eden(target / "web2py" / "applications" / "eden")
