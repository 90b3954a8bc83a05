"""A made-up Eden of either kind, small enough to be compared byte for byte, and somebody who answers for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from installer.disk import Disk
from installer.eden import ASP, CLASSIC, Eden, find_eden
from installer.installing import SWITCHED_ON, Installing
from installer.payload import PACKAGE, Payload
from installer.problems import Problem
from installer.removing import Removed, Removing

KINDS = (ASP, CLASSIC)
FOLDER = PACKAGE.rpartition("/")[0]
ORIGINAL = "# Eden's own controller\n"


def small_eden(folder: Path, kind: str = ASP) -> Eden:
    """Make an Eden in a web2py.

    Args:
        folder: an empty folder.
        kind: ASP or CLASSIC.
    """
    web2py = folder / "web2py"
    application = web2py / "applications" / "eden"
    files = {
        "VERSION": "made-up-1 (2026-01-01 00:00:00)",
        "controllers/sync.py": ORIGINAL,
        "controllers/org.py": "# organisations\n",
        "models/00_db.py": "# the database\n",
        "models/tasks.py": "# tasks\n",
        "modules/s3cfg.py": "# settings\n",
        {ASP: "modules/core/__init__.py", CLASSIC: "modules/s3/__init__.py"}[kind]: "",
        "views/layout.html": "<html></html>",
        "views/sync/index.html": "<p>Eden's own</p>",
        "static/themes/default/style.css": "p { }",
        "languages/de.py": "{}",
        "private/__init__.py": "",
        "databases/1_auth_user.table": "",
    }
    for name, text in files.items():
        path = application / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (application / "controllers" / "sync.py").chmod(0o640)
    (web2py / "web2py.py").write_text("", encoding="utf-8")
    sqlite3.connect(application / "databases" / "storage.db").close()
    return find_eden(application)


def tree(folder: Path) -> dict[str, Any]:
    """Return path -> content, permissions and time of modification of all in a folder; None for a folder."""
    return {
        path.relative_to(folder).as_posix(): None
        if path.is_dir()
        else (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def sample_payload(version: str = "1.0", **changes: str | None) -> Payload:
    """Return a payload with a file in every kind of place.

    Args:
        version: of it.
        changes: name of a file in its package, without the ending -> its text, None to leave it out.
    """
    package = {
        "__init__": f'VERSION = "{version}"\n',
        "core": "# core\n",
        "gone": "# not for ever\n",
        **changes,
    }
    files = {f"modules/s3sync/{name}.py": text for name, text in package.items() if text is not None}
    files |= {
        "modules/s3sync/site/__init__.py": "# site\n",
        "models/tasks_eden_sync.py": "# our model\n",
        "controllers/sync.py": f"# our controller, s3sync {version}\n",
        "views/sync/index.html": "<p>ours</p>",
        "views/sync/log.html": "<p>log</p>",
        "static/sync/eden.css": "a { }",
        "languages/eden_sync/de.py": "{}",
    }
    assert PACKAGE in files
    return Payload({name: text.encode() for name, text in files.items()})


class Killed(BaseException):
    """The process is gone: nobody catches this, nothing is tidied up."""


class DyingDisk(Disk):
    """A disk that is used by a process which is killed.

    Args:
        steps: how many changes it makes before; None for all.
        halfway: whether the last one leaves a file that was being written.
    """

    def __init__(self, steps: int | None = None, halfway: bool = False) -> None:
        self._left = steps
        self._halfway = halfway
        self.made = 0

    def _step(self, path: Path, content: bytes = b"") -> None:
        if self._left is not None and self.made >= self._left:
            if self._halfway and content:
                path.with_name(path.name + ".eden-sync-new").write_bytes(content[:3])
            raise Killed
        self.made += 1

    def write(self, path: Path, content: bytes, mode: int = 0o644, mtime_ns: int | None = None) -> None:
        self._step(path, content)
        super().write(path, content, mode, mtime_ns)

    def remove(self, path: Path) -> None:
        self._step(path)
        super().remove(path)

    def make_folder(self, path: Path, mode: int = 0o755) -> None:
        self._step(path)
        super().make_folder(path, mode)

    def remove_folder(self, path: Path) -> bool:
        self._step(path)
        return super().remove_folder(path)

    def remove_tree(self, path: Path) -> None:
        self._step(path)
        super().remove_tree(path)


@dataclass
class Answers:
    """Answers for an Eden as its own process would.

    Attributes:
        eden: the Eden.
        asked: the scripts that were run.
        failing: scripts that end with an error.
        dying: a script in which the installer is killed, before it is carried out.
        sealed: whether passwords are encrypted.
        unopened: names of repositories whose password cannot be opened.
        framework: the version of the CSS framework that its Python has, "" for none.
    """

    eden: Eden
    asked: list[str] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    dying: str = ""
    sealed: bool = False
    unopened: tuple[str, ...] = ()
    framework: str = ""

    def __call__(self, script: str, **arguments: Any) -> dict[str, Any]:
        if script == self.dying:
            raise Killed
        self.asked.append(script)
        if script in self.failing:
            raise Problem(f"{script} failed", "mend it")
        return dict(getattr(self, f"_{script}")(arguments))

    def _prepare(self, arguments: dict[str, Any]) -> dict[str, Any]:
        self.compared = arguments["indices"]
        assert (self.eden.folder / PACKAGE).is_file()
        (self.eden.home / SWITCHED_ON).write_text("{}", encoding="utf-8")
        (self.eden.folder / "private" / "journal.json").write_text("{}", encoding="utf-8")
        compiled = self.eden.folder / "modules" / "s3sync" / "__pycache__"
        if not compiled.is_dir():
            compiled.mkdir()
            (compiled / "core.pyc").write_bytes(b"compiled")
        return {"tables": 2, "columns": 3, "indices": 1, "records": 4, "index_names": ["org_office/ix"]}

    def _finish(self, arguments: dict[str, Any]) -> dict[str, Any]:
        assert (self.eden.folder / "controllers" / "sync.py").read_text("utf-8") != ORIGINAL
        self.sealed = True
        (self.eden.folder / "private" / "vault.key").write_text("key", encoding="utf-8")
        pages = {"sync/offer.json": ["401 UNAUTHORIZED", ""], "sync/index": ["303 SEE OTHER", ""]}
        told = [
            ["org_office", "", []],
            ["cr_shelter", "code", ["shelter_onaccept"]],
            ["gis_location", "settings", []],
        ]
        return {"switched_on": True, "sealed": 1, "journaled": 9, "pages": pages, "at_once": told}

    def _give_back(self, arguments: dict[str, Any]) -> dict[str, Any]:
        assert (self.eden.folder / PACKAGE).is_file()
        self.sealed = bool(self.unopened)
        return {"opened": 1, "unopened": list(self.unopened)}

    def _close(self, arguments: dict[str, Any]) -> dict[str, Any]:
        assert (self.eden.folder / PACKAGE).is_file()
        assert "our" not in (self.eden.folder / "controllers" / "sync.py").read_text("utf-8")
        self.closed = arguments
        dropped = ["sync_journal"] if arguments["purge"] else []
        return {"tables": dropped, "columns": [], "failed": [], "framework": self.framework}


def facts_of(eden: Eden) -> dict[str, Any]:
    """Return what ``scripts/look.py`` tells of the small Eden's database."""
    return {
        "sqlite": str(eden.folder / "databases" / "storage.db"),
        "journal_mode": "delete",
        "indices": ["org_office/edens"],
    }


def install(
    eden: Eden, payload: Payload, disk: Disk | None = None, ask: Answers | None = None, **how: Any
) -> Answers:
    """Install in a small Eden; return who answered for it."""
    ask = ask or Answers(eden)
    Installing(disk or Disk(), eden, payload, ask, lambda step: None).run(facts_of(eden), "python3", **how)
    return ask


def uninstall(eden: Eden, disk: Disk | None = None, ask: Answers | None = None, **how: Any) -> Removed:
    """Take it out again."""
    return Removing(disk or Disk(), eden, ask or Answers(eden), lambda step: None).run(**how)


def kills(run: Any) -> Iterator[tuple[int, bool]]:
    """Yield the steps after which a run can be killed, each also in the middle of the next one.

    Args:
        run: carries it out on a disk.
    """
    disk = DyingDisk()
    run(disk)
    for step in range(disk.made):
        yield step, False
        yield step, True
