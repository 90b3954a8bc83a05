"""Takes Eden Sync out of an Eden again: files are as they were, and passwords as Eden keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .backup import FOLDER as BACKUP
from .disk import Disk, unfinished
from .eden import HOME, Eden
from .installing import BEFORE_US, SWITCHED_ON, WRITTEN, Ask, Say
from .laying import BEFORE, Laying, changed_files, is_edens, others, switches
from .manifest import Condition, Manifest, State, place, read, write
from .problems import Problem

KEY = "vault.key"


@dataclass
class Removed:
    """What came of an uninstallation.

    Attributes:
        version: that was there, None if nothing was.
        left: folders that stay because somebody has put something there.
        stayed: files that are Eden's own already.
        backup: where the copy of the database still is, "" for none.
        database: what the Eden told of its database.
    """

    version: str | None = None
    left: list[str] = field(default_factory=list)
    stayed: list[str] = field(default_factory=list)
    backup: str = ""
    database: dict[str, Any] = field(default_factory=dict)


class Removing:
    """An uninstallation; killed anywhere, the same command goes on.

    Args:
        disk: changes files.
        eden: the Eden.
        ask: asks the Eden.
        say: is told each step.
    """

    def __init__(self, disk: Disk, eden: Eden, ask: Ask, say: Say = print) -> None:
        self._disk = disk
        self._eden = eden
        self._ask = ask
        self._say = say

    def run(self, purge: bool = False, force: bool = False) -> Removed:
        """Uninstall, or go on with it.

        Args:
            purge: whether our tables and columns, and the backup of the database, go as well.
            force: whether files that somebody has changed are given back all the same, and passwords that cannot be
                opened are left behind.

        Raises:
            Problem: somebody has changed files, or the Eden failed in a step.
            OSError: a file cannot be written.
        """
        manifest = read(self._eden)
        if manifest is None:
            self._clear_home()
            return Removed()
        changed = [] if force else changed_files(self._eden, manifest)
        if changed:
            raise Problem(
                f"Somebody has changed {', '.join(changed)} since Eden Sync laid it there.",
                "Take the changes out, or lose them: --force",
            )
        stayed = [
            each.path
            for each in manifest.files
            if each.condition(self._eden.folder) is Condition.CHANGED and is_edens(self._eden, each.path)
        ]
        manifest = manifest.having(state=State.UNINSTALLING)
        write(self._disk, self._eden, manifest)
        return self._go_back(manifest, stayed, purge, force)

    def _go_back(self, manifest: Manifest, stayed: list[str], purge: bool, force: bool) -> Removed:
        laying = Laying(self._disk, self._eden, manifest)
        database: dict[str, Any] = {}
        if "begun" in manifest.database and "opened" not in manifest.database:
            self._say("Opening passwords")
            database["opened"] = self._asked("give_back", force)
            manifest = self._note(manifest, opened=database["opened"])
        self._say("Giving back what stood in our places")
        self._disk.remove(self._eden.home / SWITCHED_ON)
        laying.put_back(switches(manifest), stayed)
        before = manifest.database.get(BEFORE_US) or {}
        if "begun" in manifest.database and "closed" not in manifest.database:
            database["closed"] = self._asked(
                "close",
                force,
                purge=purge,
                indices=(manifest.database.get("prepared") or {}).get("index_names"),
                indices_before=before.get("indices"),
                journal_mode=before.get("journal_mode"),
            )
            manifest = self._note(manifest, closed=database["closed"])
        laying.put_back(others(manifest), stayed)
        self._remove_written(manifest)
        backup = self._backup_left(manifest, purge)
        left = laying.remove_folders()
        self._clear_home()
        return Removed(
            manifest.version, left + self._own_files(), stayed, backup, {**manifest.database, **database}
        )

    def _own_files(self) -> list[str]:
        """Return what somebody has written beside the manifest: a profile of this site, for one."""
        home = self._eden.home
        names = sorted(each.name for each in home.iterdir()) if home.is_dir() else []
        return [f"{HOME}/{name}" for name in names if name != BACKUP]

    def _asked(self, script: str, force: bool, **arguments: Any) -> Mapping[str, Any]:
        try:
            return dict(self._ask(script, **arguments))
        except Problem as problem:
            if not force:
                raise
            self._say(f"Passed over, by --force: {problem.message}")
            return {"failed": problem.message}

    def _note(self, manifest: Manifest, **told: Any) -> Manifest:
        manifest = manifest.having(database={**manifest.database, **told})
        write(self._disk, self._eden, manifest)
        return manifest

    def _remove_written(self, manifest: Manifest) -> None:
        """Remove what ours has written at run time; what was there before us is somebody else's."""
        if "begun" not in manifest.database:
            return
        private = self._eden.folder / "private"
        there = (manifest.database.get(BEFORE_US) or {}).get("there", ())
        for path in (self._eden.folder / each for each in WRITTEN if each not in there):
            if path.is_dir():
                self._disk.remove_tree(path)
            else:
                self._disk.remove(path)
        opened = manifest.database.get("opened") or {}
        if not opened.get("unopened") and "failed" not in opened:
            self._disk.remove(private / KEY)

    def _backup_left(self, manifest: Manifest, purge: bool) -> str:
        folder = self._eden.home / BACKUP
        if purge:
            self._disk.remove_tree(folder)
        return str(folder) if folder.is_dir() else ""

    def _clear_home(self) -> None:
        """Remove the folder of the manifest, the manifest last; a backup of the database stays there."""
        self._disk.remove_tree(self._eden.home / BEFORE)
        manifest = place(self._eden)
        self._disk.remove(unfinished(manifest))
        self._disk.remove(manifest)
        if self._disk.remove_folder(self._eden.home):
            # Git keeps no empty folder: this one was made for ours.
            self._disk.remove_folder(self._eden.home.parent)
