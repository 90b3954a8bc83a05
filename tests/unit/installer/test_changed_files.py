"""Files that somebody else has changed: an administrator, or Eden's own upgrade by git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from installer.checking import status
from installer.disk import Disk
from installer.eden import Eden, find_eden
from installer.installing import SWITCHED_ON
from installer.manifest import read
from installer.problems import Problem
from tests.support.small_eden import (
    FOLDER,
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

OURS, NEWER = sample_payload(), sample_payload("1.1")
CONTROLLER = "controllers/sync.py"
CORE = f"{FOLDER}/core.py"


@pytest.fixture
def eden(tmp_path: Path) -> Eden:
    return small_eden(tmp_path)


@pytest.fixture
def under_git(eden: Eden) -> Eden:
    git(eden, "init", "-q")
    git(eden, "add", "models", "views", "VERSION")
    commit(eden, "as it was")
    return eden


def git(eden: Eden, *arguments: str) -> None:
    who = ("-c", "user.name=Eden", "-c", "user.email=eden@example.org")
    subprocess.run(["git", "-C", str(eden.folder), *who, *arguments], check=True, capture_output=True)


def commit(eden: Eden, text: str) -> None:
    git(eden, "add", "controllers")
    git(eden, "commit", "-q", "-m", text)


def told(eden: Eden, about: str = CONTROLLER) -> str:
    """Return what the status says of a file, "" for nothing."""
    return next((each["told"] for each in status(eden, OURS)["checks"] if each["check"] == about), "")


@pytest.mark.parametrize("path", [CONTROLLER, CORE])
def test_a_file_that_somebody_changed_stops_everything_before_it_begins(eden: Eden, path: str) -> None:
    install(eden, OURS)
    (eden.folder / path).write_text("# changed by hand\n", encoding="utf-8")
    before = tree(eden.folder)
    for run in (lambda: uninstall(eden), lambda: install(eden, NEWER)):
        with pytest.raises(Problem, match=path) as refused:
            run()
        assert "--force" in refused.value.remedy
    assert tree(eden.folder) == before and told(eden, path) == "somebody has changed it"


def test_with_force_it_is_given_back_all_the_same(eden: Eden) -> None:
    before = tree(eden.folder)
    install(eden, OURS)
    (eden.folder / CONTROLLER).write_text("# changed by hand\n", encoding="utf-8")
    install(eden, NEWER, force=True)
    assert (eden.folder / CONTROLLER).read_bytes() == NEWER.files[CONTROLLER]
    (eden.folder / CONTROLLER).write_text("# changed again\n", encoding="utf-8")
    uninstall(eden, force=True, purge=True)
    assert tree(eden.folder) == before


def test_a_file_of_ours_that_is_gone_is_laid_again(eden: Eden) -> None:
    install(eden, OURS)
    (eden.folder / CORE).unlink()
    assert told(eden, CORE) == "it is gone"
    install(eden, OURS)
    assert not status(eden, OURS)["needs_attention"]


def test_edens_own_file_put_back_by_git_is_told_and_ours_laid_again(under_git: Eden) -> None:
    eden = under_git
    install(eden, OURS)
    git(eden, "checkout", "--", CONTROLLER)
    assert told(eden) == "Eden's own file is back, as after an upgrade by git"
    install(eden, OURS)
    assert (eden.folder / CONTROLLER).read_bytes() == OURS.files[CONTROLLER]
    uninstall(eden)
    assert (eden.folder / CONTROLLER).read_text("utf-8") == ORIGINAL


def test_after_edens_upgrade_its_newer_file_is_what_is_given_back(under_git: Eden) -> None:
    eden = under_git
    install(eden, OURS)
    (eden.folder / CONTROLLER).write_text("# Eden's newer controller\n", encoding="utf-8")
    commit(eden, "upgraded")
    assert "Eden's own file is back" in told(eden)
    install(eden, OURS)
    assert (eden.folder / CONTROLLER).read_bytes() == OURS.files[CONTROLLER]
    uninstall(eden)
    assert (eden.folder / CONTROLLER).read_text("utf-8") == "# Eden's newer controller\n"


def test_what_edens_upgrade_put_there_stays_when_ours_goes(under_git: Eden) -> None:
    eden = under_git
    install(eden, OURS)
    (eden.folder / CONTROLLER).write_text("# Eden's newer controller\n", encoding="utf-8")
    commit(eden, "upgraded")
    assert uninstall(eden).stayed == [CONTROLLER]
    assert (eden.folder / CONTROLLER).read_text("utf-8") == "# Eden's newer controller\n"


def test_a_former_one_of_ours_that_was_committed_is_none_of_edens(under_git: Eden) -> None:
    eden = under_git
    install(eden, OURS)
    commit(eden, "with Eden Sync")
    install(eden, NEWER)
    git(eden, "checkout", "--", CONTROLLER)
    assert told(eden) != "Eden's own file is back, as after an upgrade by git"
    install(eden, NEWER, force=True)
    uninstall(eden)
    assert (eden.folder / CONTROLLER).read_text("utf-8") == ORIGINAL


def test_another_version_of_eden_is_told(eden: Eden) -> None:
    install(eden, OURS)
    (eden.folder / "VERSION").write_text("made-up-2", encoding="utf-8")
    assert "another version (made-up-2)" in told(find_eden(eden.folder), "Eden")


def test_a_link_in_our_place_is_refused_and_nothing_done(eden: Eden, tmp_path: Path) -> None:
    elsewhere = tmp_path / "shared.py"
    (eden.folder / CONTROLLER).rename(elsewhere)
    (eden.folder / CONTROLLER).symlink_to(elsewhere)
    before = tree(eden.folder)
    with pytest.raises(Problem, match="no ordinary file"):
        install(eden, OURS)
    assert tree(eden.folder) == before


def test_a_file_where_a_folder_of_ours_goes_is_refused(eden: Eden) -> None:
    (eden.folder / "static" / "sync").write_text("a file", encoding="utf-8")
    with pytest.raises(Problem, match="is a file"):
        install(eden, OURS)
    assert not eden.home.exists()


def test_what_somebody_put_into_a_folder_of_ours_stays_and_is_told(eden: Eden) -> None:
    install(eden, OURS)
    (eden.folder / "static/sync/logo.png").write_bytes(b"a picture")
    assert uninstall(eden).left == ["static/sync"]
    assert (eden.folder / "static/sync/logo.png").read_bytes() == b"a picture"


def test_the_profile_that_somebody_wrote_stays_and_is_told(eden: Eden) -> None:
    install(eden, OURS)
    (eden.home / "profile.ini").write_text("[computed]\n", encoding="utf-8")
    assert uninstall(eden, purge=True).left == ["private/eden-sync/profile.ini"]
    assert [each.name for each in eden.home.iterdir()] == ["profile.ini"]
    install(eden, OURS)
    assert not status(eden, OURS)["needs_attention"]


def test_an_original_that_is_neither_there_nor_kept_is_never_overwritten(eden: Eden) -> None:
    install(eden, OURS)
    (eden.home / "before" / CONTROLLER).write_text("# damaged\n", encoding="utf-8")
    with pytest.raises(Problem, match="neither there nor in") as refused:
        uninstall(eden)
    assert "git checkout" in refused.value.remedy
    (eden.folder / CONTROLLER).write_text(ORIGINAL, encoding="utf-8")
    assert uninstall(eden).version == "1.0"


def test_passwords_that_cannot_be_opened_are_told_and_keep_their_key(eden: Eden) -> None:
    install(eden, OURS)
    removed = uninstall(eden, ask=Answers(eden, unopened=("Headquarters",)))
    assert removed.database["opened"]["unopened"] == ["Headquarters"]
    assert (eden.folder / "private" / "vault.key").is_file()


def test_an_eden_that_does_not_answer_is_given_back_only_by_force(eden: Eden) -> None:
    before = tree(eden.folder)
    install(eden, OURS)
    broken = {"give_back", "close"}
    with pytest.raises(Problem, match="give_back failed"):
        uninstall(eden, ask=Answers(eden, failing=broken))
    removed = uninstall(eden, ask=Answers(eden, failing=broken), force=True, purge=True)
    assert removed.database["opened"] == {"failed": "give_back failed"}
    assert removed.database["closed"] == {"failed": ["close failed"], "purge": False} and removed.key
    (eden.folder / "private" / "vault.key").unlink()
    assert tree(eden.folder) == before


@pytest.mark.parametrize("steps", [None, *range(1, 7)])
def test_code_of_two_versions_is_never_switched_on_together(eden: Eden, steps: int | None) -> None:
    install(eden, OURS)

    class Watching(Disk):
        def write(self, path: Path, content: bytes, mode: int = 0o644, mtime_ns: int | None = None) -> None:
            if FOLDER in path.as_posix():
                switched_on.append((eden.home / SWITCHED_ON).exists())
            super().write(path, content, mode, mtime_ns)

    switched_on: list[bool] = []
    newer = sample_payload("1.1", core="# newer\n")
    if steps:
        with pytest.raises(Killed):
            install(eden, newer, DyingDisk(steps))
    install(eden, newer, Watching())
    assert switched_on and not any(switched_on)
    known = read(eden)
    assert known is not None and known.version == "1.1" and (eden.home / SWITCHED_ON).exists()
