"""A site on a server is put back as a whole; the programs of the server are stand-ins, its database is a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher.backups import put_back as put_back_module
from launcher.backups.make import make_backup
from launcher.backups.put_back import UNPACKED, is_broken_off, restore
from launcher.configuration import SiteConfiguration, Wishes, read_configuration
from launcher.instance import prepare_instance
from launcher.places import application_folder
from launcher.problems import Problem

URIS = {"mysql": "mysql://eden@localhost/eden", "postgres": "postgres://eden@localhost/eden"}
_DUMP = "cat {database}"
#: The former table goes first, as with mysql; with pg_restore nothing goes unless everything came.
_LOADS = {
    "mysql": "echo half > {database}\nif test -e {fails}; then echo lost connection >&2; exit 1; fi\ncat > {database}",
    "postgres": "if test -e {fails}; then echo lost connection >&2; exit 1; fi\ncat > {database}",
}
_PROGRAMS = {"mysql": ("mysqldump", "mysql"), "postgres": ("pg_dump", "pg_restore")}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are shell scripts")


class Server:
    """A site on a server."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.database, self.fails = folder / "database", folder / "fails"
        self.programs, self.home = folder / "programs", folder / "site"
        self.programs.mkdir()
        for name, command in zip(_PROGRAMS[kind], (_DUMP, _LOADS[kind])):
            program = self.programs / name
            program.write_text(f"#!/bin/sh\n{command.format(database=self.database, fails=self.fails)}\n")
            program.chmod(0o755)
        self.database.write_text("before")
        prepare_instance(self.home, Wishes(database=URIS[kind], name="Field"))
        (self.uploads / "report").write_text("before")

    @property
    def uploads(self) -> Path:
        return application_folder(self.home) / "uploads"

    def configuration(self) -> SiteConfiguration:
        found = read_configuration(self.home)
        assert found is not None
        return found

    def backed_up(self) -> Path:
        """Make a backup, and change everything afterwards."""
        target = self.home.parent / "backup.tar.gz"
        make_backup(self.home, self.configuration(), target, "0.3.0", False)
        self.database.write_text("later")
        (self.uploads / "report").write_text("later")
        return target

    def kept(self) -> list[Path]:
        return list(self.home.glob("before-restore-*"))

    def goes_on(self) -> None:
        """Go on, and see that the backup is there, and what was there before it is kept."""
        restore(self.home, self.configuration(), None, None)
        assert self.database.read_text() == (self.uploads / "report").read_text() == "before"
        (kept,) = self.kept()
        assert (kept / "database").read_text() == (kept / "uploads" / "report").read_text() == "later"
        assert sorted(each.name for each in kept.iterdir()) == ["database", "databases", "private", "uploads"]
        assert not (self.home / UNPACKED).exists()
        prepare_instance(self.home)


@pytest.fixture
def make_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Server]:
    def made(kind: str) -> Server:
        server = Server(kind, tmp_path)
        monkeypatch.setenv("PATH", f"{server.programs}{os.pathsep}{os.environ['PATH']}")
        return server

    return made


@pytest.fixture(params=sorted(URIS))
def server(request: pytest.FixtureRequest, make_server: Callable[[str], Server]) -> Server:
    return make_server(request.param)


def test_the_former_records_are_kept(server: Server) -> None:
    told = restore(server.home, server.configuration(), server.backed_up(), None)
    assert server.database.read_text() == (server.uploads / "report").read_text() == "before"
    assert (Path(told["former"]) / "database").read_text() == "later"
    assert (Path(told["former"]) / "database").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("moment", ["_keep_former", "load", "_change_places"])
@pytest.mark.parametrize("after", [False, True])
def test_a_restore_that_is_killed_goes_on_and_the_site_does_not_start_before(
    server: Server, monkeypatch: pytest.MonkeyPatch, moment: str, after: bool
) -> None:
    backup, right = server.backed_up(), getattr(put_back_module, moment)

    def killed(*arguments: object) -> None:
        if after and moment != "_change_places":
            right(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(put_back_module, moment, killed)
    with pytest.raises(KeyboardInterrupt):
        restore(server.home, server.configuration(), backup, None)
    monkeypatch.setattr(put_back_module, moment, right)
    assert is_broken_off(server.home)
    with pytest.raises(Problem, match="was broken off half-way"):
        prepare_instance(server.home)
    server.goes_on()


def test_where_nothing_was_loaded_the_site_is_as_before(make_server: Callable[[str], Server]) -> None:
    server = make_server("postgres")
    backup = server.backed_up()
    server.fails.touch()
    with pytest.raises(Problem, match="lost connection"):
        restore(server.home, server.configuration(), backup, None)
    assert server.database.read_text() == (server.uploads / "report").read_text() == "later"
    assert not is_broken_off(server.home) and not (server.home / UNPACKED).exists() and not server.kept()


def test_where_the_former_records_cannot_be_copied_nothing_changes(server: Server) -> None:
    backup = server.backed_up()
    server.database.rename(server.database.with_name("away"))
    with pytest.raises(Problem, match="dump failed"):
        restore(server.home, server.configuration(), backup, None)
    assert not server.database.exists() and (server.uploads / "report").read_text() == "later"
    assert not is_broken_off(server.home) and not server.kept()


def test_a_part_that_was_loaded_is_told_with_the_former_records(make_server: Callable[[str], Server]) -> None:
    server = make_server("mysql")
    backup = server.backed_up()
    server.fails.touch()
    for given in (backup, None):
        with pytest.raises(Problem, match=r"lost connection.* only a part of the backup") as caught:
            restore(server.home, server.configuration(), given, None)
        (kept,) = server.kept()
        assert str(kept / "database") in caught.value.message
        assert f"./eden --instance {server.home} restore" in caught.value.remedy
        assert is_broken_off(server.home) and (kept / "database").read_text() == "later"
    server.fails.unlink()
    server.goes_on()


def test_what_was_loaded_before_a_try_that_fails_is_not_forgotten(
    make_server: Callable[[str], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_server("postgres")
    backup = server.backed_up()
    with monkeypatch.context() as patched:
        patched.setattr(put_back_module, "load", lambda uri, dump: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            restore(server.home, server.configuration(), backup, None)
    server.fails.touch()
    with pytest.raises(Problem, match="only a part of the backup"):
        restore(server.home, server.configuration(), None, None)
    assert is_broken_off(server.home)
    server.fails.unlink()
    server.goes_on()
