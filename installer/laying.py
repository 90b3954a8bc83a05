"""Lays the files of a manifest into an Eden, and puts back what stood there; each step can be done again."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from .disk import Disk, digest_of, unfinished
from .eden import HOME, Eden
from .manifest import Condition, Former, LaidFile, Manifest, State
from .payload import Payload
from .problems import Problem

#: The folder of the originals, below that of the manifest.
BEFORE = "before"
#: Written last when files are laid and taken away first: once they are there, the Eden uses what is ours.
SWITCHES = ("views/", "controllers/", "models/")
#: What a manifest has noted of an uninstallation that was not finished.
GONE_BACK = ("opened", "closed")
#: What our files say, and no file of Eden.
OURS = (b"s3sync", b"sync/frame.html")
#: What Python makes of our modules beside them.
COMPILED = "__pycache__"


def planned(
    eden: Eden, payload: Payload, known: Manifest | None, python: str = "", force: bool = False
) -> Manifest:
    """Return the manifest of an installation that is about to begin; nothing is changed.

    Args:
        eden: where it is laid.
        payload: what is laid.
        known: the manifest of an earlier installation, None at the first one.
        python: the Python that runs this Eden.
        force: whether files that somebody has changed are replaced.

    Raises:
        Problem: somebody has changed files of ours, or a place cannot be used.
    """
    files = known.by_path() if known else {}
    changed = [] if force else changed_files(eden, known)
    if changed:
        raise Problem(
            f"Somebody has changed {_listed(changed)} in {eden.folder} since Eden Sync laid it there.",
            "Take the changes out, or let them be replaced: --force",
        )
    laid = [_entry(eden, path, sha, files.get(path)) for path, sha in sorted(payload.hashes.items())]
    gone = [_leaving(each) for path, each in sorted(files.items()) if path not in payload.files]
    folders = _folders(eden, payload.files, known.folders if known else ())
    return Manifest(
        state=State.INSTALLING,
        version=payload.version,
        build=payload.build,
        kind=eden.kind,
        eden_version=eden.version,
        python=python or (known.python if known else ""),
        files=tuple(sorted([*laid, *gone], key=lambda each: _order(each.path))),
        folders=folders,
        database={name: told for name, told in known.database.items() if name not in GONE_BACK}
        if known
        else {},
    )


def _order(path: str) -> tuple[int, str]:
    places = [number for number, each in enumerate(SWITCHES, 1) if path.startswith(each)]
    return (places[0] if places else 0, path)


def switches(manifest: Manifest) -> list[LaidFile]:
    """Return the files by which an Eden uses what is ours."""
    return [each for each in manifest.files if each.path.startswith(SWITCHES)]


def others(manifest: Manifest) -> list[LaidFile]:
    """Return the files that do nothing by themselves."""
    return [each for each in manifest.files if not each.path.startswith(SWITCHES)]


def changed_files(eden: Eden, known: Manifest | None) -> list[str]:
    """Return the paths of files that somebody has changed; those that Eden's own upgrade has put there are not."""
    if known is None:
        return []
    return [
        each.path
        for each in known.files
        if each.condition(eden.folder) is Condition.CHANGED and not is_edens(eden, each.path)
    ]


def is_edens(eden: Eden, path: str) -> bool:
    """Return whether a file is what the repository of this Eden has there, in the version that is checked out.

    Where an administrator has committed ours as well, a former one of ours is none of Eden's.
    """
    if any(mark in (eden.folder / path).read_bytes() for mark in OURS):
        return False
    try:
        asked = subprocess.run(
            ["git", "-C", str(eden.folder), "diff", "--quiet", "HEAD", "--", path], capture_output=True
        )
        known = subprocess.run(
            ["git", "-C", str(eden.folder), "cat-file", "-e", f"HEAD:./{path}"], capture_output=True
        )
    except FileNotFoundError:
        return False  # no git here
    return asked.returncode == 0 and known.returncode == 0


def _entry(eden: Eden, path: str, sha: str, known: LaidFile | None) -> LaidFile:
    """Return the entry of a file that is laid."""
    if known is None:
        return LaidFile(path, sha, _former(eden, path))
    earlier = {*known.earlier, *([known.sha256] if known.sha256 else [])} - {sha}
    before = known.before
    if known.condition(eden.folder) is Condition.CHANGED and is_edens(eden, path):
        before = _former(eden, path)
    return LaidFile(path, sha, before, tuple(sorted(earlier)))


def _leaving(known: LaidFile) -> LaidFile:
    """Return the entry of a file that this version does not have any more."""
    earlier = {*known.earlier, *([known.sha256] if known.sha256 else [])}
    return LaidFile(known.path, None, known.before, tuple(sorted(earlier)))


def _former(eden: Eden, path: str) -> Former | None:
    """Return what stands at a place that we have not used yet.

    Raises:
        Problem: it is no ordinary file.
    """
    place = eden.folder / path
    try:
        found = place.lstat()
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise Problem(
            f"A folder on the way to {place} is a file.", "Look what it is, and remove or rename it."
        ) from None
    if not stat.S_ISREG(found.st_mode):
        raise Problem(
            f"{place} is no ordinary file but a link or folder.",
            "Put the file itself there, so that it can be kept and given back.",
        )
    sha = str(digest_of(place))
    kept = f"{BEFORE}/{path}"
    if (eden.home / kept).exists() and digest_of(eden.home / kept) != sha:
        kept = f"{BEFORE}/{path}-{sha[:12]}"
    return Former(sha, stat.S_IMODE(found.st_mode), found.st_mtime_ns, kept)


def _folders(eden: Eden, paths: Iterable[str], known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the folders that are made for files, each behind the one above it."""
    wanted = {str(each) for path in paths for each in PurePosixPath(path).parents}
    home = {".", HOME, str(PurePosixPath(HOME).parent)}
    own = {each for each in wanted - home if not (eden.folder / each).is_dir()}
    return tuple(sorted({*own, *known}, key=lambda each: (each.count("/"), each)))


class Laying:
    """Changes the files of an Eden as a manifest says.

    Args:
        disk: makes the changes.
        eden: the Eden.
        manifest: written already, so that a kill can be made good.
    """

    def __init__(self, disk: Disk, eden: Eden, manifest: Manifest) -> None:
        self._disk = disk
        self._eden = eden
        self._manifest = manifest

    def keep(self) -> None:
        """Copy what stands in our places to where it is kept, unless it is there already.

        Raises:
            Problem: what stood there is neither in its place nor kept.
        """
        for each in self._manifest.files:
            if each.before is None or digest_of(self._kept(each.before)) == each.before.sha256:
                continue
            content = (self._eden.folder / each.path).read_bytes() if self._is_before(each) else None
            if content is None:
                raise self._lost(each)
            self._make_folders(self._kept(each.before).parent)
            self._disk.write(
                self._kept(each.before), content, each.before.mode | stat.S_IRUSR, each.before.mtime_ns
            )

    def _is_before(self, each: LaidFile) -> bool:
        return each.before is not None and digest_of(self._eden.folder / each.path) == each.before.sha256

    def lay(self, files: Iterable[LaidFile], payload: Payload) -> None:
        """Lay files, and put back what earlier versions laid where this one has nothing."""
        for folder in self._manifest.folders:
            self._disk.make_folder(self._eden.folder / folder)
        for each in files:
            if each.sha256 is None:
                self._put_back(each)
            elif each.condition(self._eden.folder) is not Condition.LAID:
                self._disk.write(self._eden.folder / each.path, payload.files[each.path])

    def put_back(self, files: Iterable[LaidFile], leave: Iterable[str] = ()) -> None:
        """Give places back as they were.

        Args:
            files: whose places.
            leave: paths of files that stay as they are: Eden's own upgrade has put them there.

        Raises:
            Problem: what stood there is not kept any more.
        """
        stay = set(leave)
        for each in files:
            if each.path not in stay:
                self._put_back(each)

    def _put_back(self, each: LaidFile) -> None:
        place = self._eden.folder / each.path
        self._disk.remove(unfinished(place))
        if each.condition(self._eden.folder) is Condition.BEFORE:
            return
        if each.before is None:
            self._disk.remove(place)
            return
        kept = self._kept(each.before)
        if digest_of(kept) != each.before.sha256:
            raise self._lost(each)
        self._disk.write(place, kept.read_bytes(), each.before.mode, each.before.mtime_ns)

    def remove_folders(self) -> list[str]:
        """Remove the folders that were made; return those in which somebody has put something."""
        left = []
        for folder in reversed(self._manifest.folders):
            path = self._eden.folder / folder
            self._disk.remove_tree(path / COMPILED)
            if not self._disk.remove_folder(path):
                left.append(folder)
        return left

    def _kept(self, before: Former) -> Path:
        return self._eden.home / before.kept

    def _make_folders(self, folder: Path) -> None:
        for each in (
            *reversed(folder.relative_to(self._eden.home).parents),
            folder.relative_to(self._eden.home),
        ):
            self._disk.make_folder(self._eden.home / each)

    def _lost(self, each: LaidFile) -> Problem:
        return Problem(
            f"What stood at {self._eden.folder / each.path} before Eden Sync is neither there nor in "
            f"{self._eden.home / BEFORE}.",
            f"Put Eden's own file there (git checkout -- {each.path}), and give the same command again.",
        )


def _listed(paths: list[str], most: int = 5) -> str:
    more = f" and {len(paths) - most} more" if len(paths) > most else ""
    return ", ".join(paths[:most]) + more
