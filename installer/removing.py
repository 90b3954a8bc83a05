"""Takes Eden Sync out of an Eden again: files are as they were, and passwords as Eden keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .backup import FOLDER as BACKUP
from .disk import Disk, unfinished
from .eden import HOME, Eden
from .installing import BEFORE_US, FRAMEWORKS, SWITCHED_ON, WRITTEN, Ask, Say
from .laying import BEFORE, Laying, changed_files, is_edens, others, switches
from .looking import IN_THE_WAY, compiled
from .manifest import Condition, Manifest, State, place, read, write
from .payload import SHEETS
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
        key: where the key stays, for what is sealed in the database, "" if there is none.
        database: what the Eden told of its database.
    """

    version: str | None = None
    left: list[str] = field(default_factory=list)
    stayed: list[str] = field(default_factory=list)
    backup: str = ""
    key: str = ""
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
            purge: whether our tables and columns, the key, and the backup of the database go as well.
            force: whether files that somebody has changed are given back all the same, and passwords that cannot be
                opened are left behind.

        Raises:
            Problem: the Eden runs compiled, somebody has changed files, what would purge is gone already, or the Eden
                failed in a step.
            OSError: a file cannot be written.
        """
        manifest = read(self._eden)
        if manifest is None:
            self._clear_home()
            return Removed()
        runs = compiled(self._eden)
        if runs.result == IN_THE_WAY:
            # Its compiled models would still import what is taken out, for every page.
            raise Problem(f"Nothing was changed: {runs.told}.", runs.remedy)
        changed = [] if force else changed_files(self._eden, manifest)
        if changed:
            raise Problem(
                f"Somebody has changed {', '.join(changed)} since Eden Sync laid it there.",
                "Take the changes out, or lose them: --force",
            )
        if purge and not force:
            self._check_that_it_can_purge(manifest)
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
        if "begun" in manifest.database and not _is_closed(manifest, purge):
            database["closed"] = self._close(manifest, purge, force)
            manifest = self._note(manifest, closed=database["closed"])
        laying.put_back(others(manifest), stayed)
        self._remove_written(manifest)
        self._remove_sheets(manifest)
        backup, key = self._backup_left(purge), self._key_left(manifest)
        left = laying.remove_folders()
        self._clear_home()
        told = {**manifest.database, **database}
        return Removed(manifest.version, left + self._own_files(), stayed, backup, key, told)

    def _check_that_it_can_purge(self, manifest: Manifest) -> None:
        """Look whether our modules, which know what to drop, are still there where the database was closed without.

        Raises:
            Problem: an uninstallation that broke off has taken some away.
        """
        gone = (Condition.BEFORE, Condition.MISSING)
        if (
            "closed" in manifest.database
            and not _is_closed(manifest, True)
            and any(each.condition(self._eden.folder) in gone for each in others(manifest))
        ):
            raise Problem(
                "An uninstallation without --purge broke off here: what would drop our tables is no longer complete.",
                "Give uninstall without --purge, to finish it; or install once more, and uninstall --purge then.",
            )

    def _close(self, manifest: Manifest, purge: bool, force: bool) -> dict[str, Any]:
        """Let the database be as before; return what was told, with whether it was purged."""
        before = manifest.database.get(BEFORE_US) or {}
        told = self._asked(
            "close",
            force,
            purge=purge,
            indices=(manifest.database.get("prepared") or {}).get("index_names"),
            indices_before=before.get("indices"),
            journal_mode=before.get("journal_mode"),
        )
        failed = told.get("failed", [])
        passed_over = isinstance(failed, str)
        return {
            **told,
            "failed": [failed] if passed_over else failed,
            "purge": purge and not passed_over,
        }

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
        there = (manifest.database.get(BEFORE_US) or {}).get("there", ())
        for path in (self._eden.folder / each for each in WRITTEN if each not in there):
            if path.is_dir():
                self._disk.remove_tree(path)
            else:
                self._disk.remove(path)

    def _remove_sheets(self, manifest: Manifest) -> None:
        """Remove the sheets of the framework that our pages have copied from a package of the Eden's Python."""
        version = (manifest.database.get("closed") or {}).get("framework")
        there = (manifest.database.get(BEFORE_US) or {}).get("frameworks")
        folder = f"{FRAMEWORKS}/{version}"
        if not version or there is None or folder in there:
            return
        for name in SHEETS:
            self._disk.remove(self._eden.folder / folder / name)
        for each in (folder, FRAMEWORKS):
            if each not in there:
                self._disk.remove_folder(self._eden.folder / each)

    def _key_left(self, manifest: Manifest) -> str:
        """Remove the key where nothing sealed stays; return where it is otherwise, "" for nowhere."""
        key = self._eden.folder / "private" / KEY
        opened = manifest.database.get("opened") or {}
        if _is_closed(manifest, True) and not opened.get("unopened") and "failed" not in opened:
            # Without a purge the passphrase of a stick stays sealed in the settings of its repository.
            self._disk.remove(key)
        return str(key) if key.is_file() else ""

    def _backup_left(self, purge: bool) -> str:
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


def _is_closed(manifest: Manifest, purge: bool) -> bool:
    """Return whether the database was closed already, with no less than is asked now."""
    closed = manifest.database.get("closed")
    return closed is not None and (bool(closed.get("purge")) or not purge)
