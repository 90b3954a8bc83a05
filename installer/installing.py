"""Installs Eden Sync in an Eden, or a later version of it; killed anywhere, the same command goes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

from .backup import back_up
from .disk import Disk
from .eden import Eden
from .laying import Laying, others, planned, switches
from .manifest import Condition, Manifest, State, read, write
from .payload import Payload

#: Carries out a script inside the Eden (``asking.Asker``).
Ask = Callable[..., Mapping[str, Any]]
#: Told to the administrator while it lasts.
Say = Callable[[str], None]
#: Below the folder of the manifest, written by ``s3sync.administration.over_eden``: the Eden's models use what is ours
#: once it is there.
SWITCHED_ON = "facts.json"
#: In the manifest's notes of the database: how it was, for the way back.
BEFORE_US = "before"
#: What ours writes at run time, below the application: positions, counts, parts of what is under way, own style sheets.
WRITTEN = (
    "private/journal.json",
    "private/tally.json",
    "private/spool",
    "private/parts",
    "static/sync-apart",
)
#: Where the sheets of the CSS framework lie, in a folder for each version. Others may use it as well.
FRAMEWORKS = "static/bootstrap"


class Installing:
    """An installation.

    Args:
        disk: changes files.
        eden: the Eden.
        payload: what is laid.
        ask: asks the Eden.
        say: is told each step.
    """

    def __init__(self, disk: Disk, eden: Eden, payload: Payload, ask: Ask, say: Say = print) -> None:
        self._disk = disk
        self._eden = eden
        self._payload = payload
        self._ask = ask
        self._say = say

    def run(self, facts: Mapping[str, Any], python: str = "", force: bool = False) -> Manifest:
        """Install, or go on with it; return the manifest at the end.

        Args:
            facts: what ``scripts/look.py`` told.
            python: the Python that runs this Eden.
            force: whether files of ours that somebody has changed are replaced.

        Raises:
            Problem: it cannot begin, or the Eden failed in a step; the same command goes on, ``uninstall`` goes back.
            OSError: a file cannot be written; likewise.
        """
        known = read(self._eden)
        manifest = planned(self._eden, self._payload, known, python, force)
        if known is not None and is_complete(self._eden, known, self._payload):
            manifest = self._prepare(known)
        else:
            manifest = self._lay(manifest, facts)
        return self._finish(manifest)

    def _lay(self, manifest: Manifest, facts: Mapping[str, Any]) -> Manifest:
        laying = Laying(self._disk, self._eden, manifest)
        self._make_home()
        write(self._disk, self._eden, manifest)
        self._say(f"Keeping what stands in our places in {self._eden.home}")
        laying.keep()
        # Code of two versions must not be used together, also where an upgrade goes on that was killed.
        self._disk.remove(self._eden.home / SWITCHED_ON)
        manifest = self._back_up(manifest, facts)
        if BEFORE_US not in manifest.database:
            there = [each for each in WRITTEN if (self._eden.folder / each).exists()]
            told = {name: facts[name] for name in ("journal_mode", "indices")}
            manifest = self._note(
                manifest, **{BEFORE_US: {"there": there, "frameworks": _frameworks(self._eden), **told}}
            )
        self._say(f"Laying {len(self._payload.files)} files")
        laying.lay(others(manifest), self._payload)
        manifest = self._prepare(manifest)
        laying.lay(switches(manifest), self._payload)
        return manifest

    def _prepare(self, manifest: Manifest) -> Manifest:
        self._say("Preparing the database: tables, columns, indices, the journal")
        # Noted before, so that whoever goes back after a kill knows that the database may hold something of ours.
        manifest = self._note(manifest, begun=True)
        former = manifest.database.get("prepared")
        indices = manifest.database[BEFORE_US]["indices"] if former is None else None
        told = dict(self._ask("prepare", indices=indices))
        if former is not None:
            told["index_names"] = sorted({*former["index_names"], *told["index_names"]})
        return self._note(manifest, prepared=told)

    def _finish(self, manifest: Manifest) -> Manifest:
        self._say("Sealing passwords, and asking the application")
        manifest = self._note(manifest, finished=dict(self._ask("finish")))
        files = tuple(
            each if not each.earlier else type(each)(each.path, each.sha256, each.before)
            for each in manifest.files
            if each.sha256 is not None
        )
        manifest = manifest.having(state=State.INSTALLED, files=files)
        write(self._disk, self._eden, manifest)
        return manifest

    def _make_home(self) -> None:
        self._disk.make_folder(self._eden.home.parent)
        self._disk.make_folder(self._eden.home, 0o755)

    def _back_up(self, manifest: Manifest, facts: Mapping[str, Any]) -> Manifest:
        """Copy the database once for each version that is laid; an administrator's disk is not filled by repetition."""
        done = manifest.database.get("backup") or {}
        if not facts.get("sqlite"):
            if done.get("build") == self._payload.build:
                return manifest
            self._say("Writing down the rows of the sync_ tables")
            self._disk.make_folder(self._eden.home / "backup", 0o700)
            saved = self._ask("save", folder=str(self._eden.home / "backup"))
            return self._note(manifest, backup={"build": self._payload.build, **saved})
        if done.get("build") == self._payload.build and Path(str(done.get("file"))).is_file():
            return manifest
        self._say(f"Copying the database {facts['sqlite']}")
        copy = back_up(self._disk, self._eden, Path(facts["sqlite"]))
        return self._note(manifest, backup={"build": self._payload.build, "file": str(copy)})

    def _note(self, manifest: Manifest, **told: Any) -> Manifest:
        manifest = manifest.having(database={**manifest.database, **told})
        write(self._disk, self._eden, manifest)
        return manifest


def _frameworks(eden: Eden) -> list[str]:
    """Return which folders of the CSS framework are there: the one of all, and those of its versions."""
    top = eden.folder / FRAMEWORKS
    found = [top, *sorted(top.iterdir())] if top.is_dir() else []
    return [each.relative_to(eden.folder).as_posix() for each in found]


def is_complete(eden: Eden, known: Manifest, payload: Payload) -> bool:
    """Return whether everything of this build is laid and switched on."""
    return (
        known.state is State.INSTALLED
        and known.build == payload.build
        and set(known.conditions(eden.folder).values()) == {Condition.LAID}
        and (eden.home / SWITCHED_ON).is_file()
    )
