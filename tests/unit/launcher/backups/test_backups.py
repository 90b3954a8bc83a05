"""A site goes into one file and comes back from it, whatever happens on the way."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from launcher.backups import databases as databases
from launcher.backups import put_back as put_back_module
from launcher.backups.archive import BackupWriter, Description, describe, unpack
from launcher.backups.make import make_backup
from launcher.backups.put_back import READY, UNPACKED, ensure_whole, is_broken_off, restore
from launcher.backups.stopped import kept_stopped
from launcher.configuration import SiteConfiguration, Wishes, read_configuration
from launcher.instance import prepare_instance
from launcher.places import application_folder
from launcher.problems import Problem

DESCRIPTION = Description("0.3.0", "2026-11-29T20:00:00+00:00", "Field", "sqlite", False)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A site with a record, an upload, a journal file and a key."""
    home = tmp_path / "site"
    prepare_instance(home, Wishes(name="Field"))
    application = application_folder(home)
    with contextlib.closing(sqlite3.connect(application / "databases" / "storage.sqlite")) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE org (name)")
        database.execute("INSERT INTO org VALUES ('before')")
        database.commit()
    (application / "databases" / "x_org.table").write_text("notes")
    (application / "uploads" / "doc").mkdir()
    (application / "uploads" / "doc" / "report.bin").write_bytes(os.urandom(3_000_000))
    (application / "private" / "journal.json").write_text("{}")
    (application / "private" / "vault.key").write_text("secret")
    (application / "private" / "spool").mkdir()
    (application / "private" / "spool" / "on-its-way").write_text("...")
    return home


def configuration(home: Path) -> SiteConfiguration:
    found = read_configuration(home)
    assert found is not None
    return found


def backed_up(home: Path, with_key: bool = False) -> Path:
    target = home.parent / "backup.tar.gz"
    make_backup(home, configuration(home), target, "0.3.0", with_key)
    return target


def names(home: Path) -> list[str]:
    path = application_folder(home) / "databases" / "storage.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as database:
        return [row[0] for row in database.execute("SELECT name FROM org ORDER BY name")]


def enter(home: Path, name: str) -> None:
    path = application_folder(home) / "databases" / "storage.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("INSERT INTO org VALUES (?)", (name,))
        database.commit()


def contents(home: Path) -> dict[str, bytes]:
    """Return the files of a site but for those of SQLite, which a copy writes in another way."""
    application = application_folder(home)
    return {
        path.relative_to(application).as_posix(): path.read_bytes()
        for folder in ("databases", "private", "uploads")
        for path in sorted((application / folder).rglob("*"))
        if path.is_file() and not path.name.startswith("storage.sqlite")
    }


def test_everything_comes_back_and_what_stood_there_is_kept(home: Path) -> None:
    before = contents(home)
    backup = backed_up(home)
    assert describe(backup).name == "Field" and backup.stat().st_mode & 0o077 == 0
    enter(home, "later")
    (application_folder(home) / "uploads" / "doc" / "report.bin").unlink()
    (application_folder(home) / "private" / "journal.json").write_text('{"position": 9}')
    told = restore(home, configuration(home), backup, None)
    assert names(home) == ["before"]
    assert contents(home) == {name: text for name, text in before.items() if "spool" not in name}
    kept = Path(told["former"])
    assert (kept / "private" / "journal.json").read_text() == '{"position": 9}'
    assert not (home / UNPACKED).exists() and told["key"]


def test_a_site_that_is_being_written_is_copied_as_it_is_at_one_moment(home: Path) -> None:
    with contextlib.closing(
        sqlite3.connect(application_folder(home) / "databases" / "storage.sqlite")
    ) as other:
        other.execute("INSERT INTO org VALUES ('not yet')")
        backup = backed_up(home)
        other.commit()
    restore(home, configuration(home), backup, None)
    assert names(home) == ["before"]


def test_the_key_goes_along_only_when_asked(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "other"
    prepare_instance(elsewhere)
    (application_folder(elsewhere) / "databases" / "storage.sqlite").touch()
    told = restore(elsewhere, configuration(elsewhere), backed_up(home), None)
    assert not told["key"]
    apart = shutil.copyfile(application_folder(home) / "private" / "vault.key", tmp_path / "key")
    told = restore(elsewhere, configuration(elsewhere), tmp_path / "backup.tar.gz", apart)
    key = application_folder(elsewhere) / "private" / "vault.key"
    assert told["key"] and key.read_text() == "secret" and key.stat().st_mode & 0o077 == 0
    (tmp_path / "backup.tar.gz").unlink()
    unpack(backed_up(home, with_key=True), tmp_path / "unpacked")
    assert (tmp_path / "unpacked" / "private" / "vault.key").read_text() == "secret"


def test_the_site_keeps_the_database_that_it_has(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "other"
    prepare_instance(elsewhere, Wishes(database="sqlite://other.sqlite", name="Another"))
    databases = application_folder(elsewhere) / "databases"
    (databases / "other.sqlite").touch()
    (databases / f"{'b' * 32}_org.table").write_text("notes of an empty one")
    (application_folder(home) / "databases" / f"{'a' * 32}_org.table").write_text("notes of the records")
    told = restore(elsewhere, configuration(elsewhere), backed_up(home), None)
    assert told["name"] == "Field"
    assert configuration(elsewhere).database == "sqlite://other.sqlite"
    assert (databases / "other.sqlite").stat().st_size > 0
    # pydal names its notes on tables by the address of the database.
    assert (databases / f"{'b' * 32}_org.table").read_text() == "notes of the records"


def test_no_file_is_replaced(home: Path) -> None:
    backup = backed_up(home)
    with pytest.raises(Problem, match="is there already"):
        make_backup(home, configuration(home), backup, "0.3.0", False)


@pytest.mark.parametrize("answer", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_stick_without_links_takes_a_backup(
    home: Path, monkeypatch: pytest.MonkeyPatch, answer: int
) -> None:
    def fails(source: Path, target: Path) -> None:
        raise OSError(answer, os.strerror(answer), str(target))

    monkeypatch.setattr(os, "link", fails)
    assert describe(backed_up(home)).name == "Field"
    assert {each.name for each in home.parent.iterdir()} == {"site", "backup.tar.gz"}


def test_a_file_that_came_meanwhile_is_not_replaced_without_links_either(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(source: Path, target: Path) -> None:
        target.write_text("of another program")
        raise OSError(errno.EPERM, "Operation not permitted", str(target))

    monkeypatch.setattr(os, "link", fails)
    with pytest.raises(Problem):
        backed_up(home)
    assert {each.name for each in home.parent.iterdir()} == {"site", "backup.tar.gz"}
    assert (home.parent / "backup.tar.gz").read_text() == "of another program"


def test_a_backup_that_fails_leaves_no_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: BackupWriter, name: str, handle: Any) -> None:
        raise OSError(28, "No space left on device", name)

    monkeypatch.setattr(BackupWriter, "add", fails)
    with pytest.raises(Problem, match="No space left on device"):
        backed_up(home)
    assert {each.name for each in home.parent.iterdir()} == {"site"}


def test_a_damaged_database_is_not_backed_up(home: Path) -> None:
    path = application_folder(home) / "databases" / "storage.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
        database.executemany("INSERT INTO org VALUES (?)", [("x" * 2000,) for _ in range(50)])
        database.commit()
    content = bytearray(path.read_bytes())
    content[8192:12288] = os.urandom(4096)
    path.write_bytes(content)
    with pytest.raises(Problem, match=r"is damaged|cannot be copied"):
        backed_up(home)
    assert not (home.parent / "backup.tar.gz").exists()


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _changed(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _something(content: bytes) -> bytes:
    return b"no archive"


@pytest.mark.parametrize("damage", [_cut, _changed, _something])
def test_a_damaged_backup_changes_nothing(home: Path, damage: Callable[[bytes], bytes]) -> None:
    backup = backed_up(home)
    backup.write_bytes(damage(backup.read_bytes()))
    before = contents(home)
    with pytest.raises(Problem, match="no backup of a site, or only a part of one, or damaged"):
        restore(home, configuration(home), backup, None)
    assert contents(home) == before and names(home) == ["before"] and not (home / UNPACKED).exists()


@pytest.mark.parametrize(
    "name", ["site/uploads/../../evil", "/evil", "site/models/evil.py", "evil", "site/uploads"]
)
def test_nothing_of_a_backup_lies_elsewhere(home: Path, name: str, tmp_path: Path) -> None:
    with BackupWriter(tmp_path / "evil.tar.gz", DESCRIPTION) as backup, open(__file__, "rb") as handle:
        backup.add(name, handle)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(Problem, match="which no backup of a site holds"):
        restore(home, configuration(home), tmp_path / "evil.tar.gz", None)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_in_a_backup_is_refused(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "evil.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        text = json.dumps({"format": 1, **DESCRIPTION._asdict()}).encode()
        info = tarfile.TarInfo("eden-backup.json")
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
        link = tarfile.TarInfo("site/uploads/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(Problem, match="which no backup of a site holds"):
        restore(home, configuration(home), path, None)


def test_another_kind_of_database_is_refused(home: Path) -> None:
    backup = backed_up(home)
    other = SiteConfiguration(database="postgres://eden@localhost/eden")
    with pytest.raises(Problem, match="of the kind sqlite; this site has one of the kind postgres"):
        restore(home, other, backup, None)


@pytest.mark.parametrize("renames", range(6))
def test_a_restore_that_is_killed_goes_on_and_the_site_does_not_start_before(
    home: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    backup = backed_up(home)
    enter(home, "later")
    done = 0
    rename = os.rename

    def killed(source: Path, target: Path) -> None:
        nonlocal done
        if done == renames:
            raise KeyboardInterrupt
        done += 1
        rename(source, target)

    monkeypatch.setattr(put_back_module.os, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        restore(home, configuration(home), backup, None)
    monkeypatch.setattr(put_back_module.os, "rename", rename)
    assert is_broken_off(home)
    for refuses in (lambda: prepare_instance(home), lambda: ensure_whole(home)):
        with pytest.raises(Problem, match="was broken off half-way"):
            refuses()
    with pytest.raises(Problem, match="was broken off half-way"):
        restore(home, SiteConfiguration(), backup, None)
    told = restore(home, read_configuration(home), None, None)
    assert names(home) == ["before"] and not (home / UNPACKED / READY).exists()
    assert (Path(told["former"]) / "databases" / "storage.sqlite").is_file()
    prepare_instance(home)


def test_there_is_nothing_to_go_on_with(home: Path) -> None:
    with pytest.raises(Problem, match="No restore was broken off"):
        restore(home, configuration(home), None, None)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only Linux tells who has a file open")
def test_a_site_that_is_in_use_is_left_alone(home: Path) -> None:
    path = application_folder(home) / "databases" / "storage.sqlite"
    program = f"import sys; f = open({str(path)!r}); print(1, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(Problem, match=f"Other processes use the site in .*: {other.pid}"):
            with kept_stopped(home, configuration(home)):
                pass
        other.kill()
    with kept_stopped(home, configuration(home)):
        pass


def test_a_program_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for uri, program in (("postgres://u@h/d", "pg_dump"), ("mysql://u@h/d", "mysqldump")):
        with pytest.raises(Problem, match=f"The program {program} is not on this machine") as caught:
            with databases.copy_of(uri, tmp_path, tmp_path / "dump"):
                pass
        assert "apt install" in caught.value.remedy
        assert not (tmp_path / "dump").exists()
