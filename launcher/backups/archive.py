"""The file of a backup: a gzipped tar with a description first and a mark of its end last.

Members, in this order: ``eden-backup.json``; the files of ``databases/`` and ``private/`` below ``site/``;
``database``, a copy of the SQLite file or the dump of a server; the uploads below ``site/``; ``complete.json``. Whoever
reads one without the last member has a part of a backup. Damage is found by the checksum of gzip (RFC 1952).
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import json
import os
import tarfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

from ..configuration import beside
from ..problems import Problem

FORMAT = 1
FIRST, DATABASE, LAST = "eden-backup.json", "database", "complete.json"
#: Folders of the application that are in a backup.
FOLDERS = ("databases", "private", "uploads")
_SITE = "site"
#: Bytes of a description: what is longer is none.
_LONGEST_TEXT = 64 * 1024
#: What a file system without links (FAT, exFAT) answers, by itself or through FUSE.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
_DAMAGED = (
    tarfile.TarError,
    gzip.BadGzipFile,
    EOFError,
    zlib.error,
    json.JSONDecodeError,
    UnicodeDecodeError,
    KeyError,
)


class Description(NamedTuple):
    """What a backup says of itself.

    Attributes:
        version: of the application that made it.
        made: when (ISO 8601, UTC).
        name: of the site.
        database: scheme of its database: sqlite, postgres or mysql.
        key: whether it holds the key of the passwords.
    """

    version: str
    made: str
    name: str
    database: str
    key: bool


class BackupWriter:
    """Writes a backup to its place as a whole, or not at all.

    Args:
        target: the file; there must be none yet.
        description: what it says of itself.
    """

    def __init__(self, target: Path, description: Description) -> None:
        self._target = target
        self._fresh = beside(target)
        self._handle = os.fdopen(os.open(self._fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        # The first level takes a fifth of the time of the usual one, for a tenth more bytes.
        self._tar = tarfile.open(fileobj=self._handle, mode="w:gz", compresslevel=1)  # noqa: SIM115 - closed below
        self.files = 0
        self._text(FIRST, {"format": FORMAT, **description._asdict()})

    def __enter__(self) -> "BackupWriter":
        return self

    def __exit__(self, failed: Any, *_: object) -> None:
        try:
            if failed is None:
                self._text(LAST, {"files": self.files})
                self._tar.close()
                self._handle.flush()
                os.fsync(self._handle.fileno())
                _give_name(self._fresh, self._target)
        finally:
            self._handle.close()
            self._fresh.unlink(missing_ok=True)

    def folder(self, folder: Path, name: str, left_out: Iterator[str] | tuple[str, ...] = ()) -> None:
        """Add the files of a folder and of those below it; one that goes meanwhile is left out.

        Args:
            folder: where it is.
            name: its name in the backup.
            left_out: beginnings of paths in the folder.
        """
        for place, folders, names in os.walk(folder):
            folders.sort()
            for each in sorted(names):
                path = Path(place, each)
                inside = path.relative_to(folder).as_posix()
                if path.is_symlink() or any(inside.startswith(start) for start in left_out):
                    continue
                with contextlib.suppress(FileNotFoundError), open(path, "rb") as handle:
                    self.add(f"{_SITE}/{name}/{inside}", handle)

    def add(self, name: str, handle: IO[bytes]) -> None:
        """Add an open file; what is appended to it meanwhile is left out."""
        info = self._tar.gettarinfo(arcname=name, fileobj=handle)
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        self._tar.addfile(info, handle)
        self.files += 1

    def _text(self, name: str, values: dict[str, Any]) -> None:
        content = json.dumps(values, indent=1).encode()
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = len(content), 0o600, int(time.time())
        self._tar.addfile(info, io.BytesIO(content))


def describe(path: Path) -> Description:
    """Return what a backup says of itself.

    Raises:
        Problem: it cannot be read, or is none.
    """
    with _Reading(path) as reading:
        return _description(reading.tar, path)


def unpack(path: Path, target: Path) -> Description:
    """Write the files of a backup below a folder that is empty, readable for this user only.

    Args:
        path: the backup.
        target: the folder: gets ``databases``, ``private``, ``uploads``, and ``database``.

    Raises:
        Problem: it is damaged, is only a part, or holds what no backup of a site holds.
        OSError: a file cannot be written.
    """
    with _Reading(path) as reading:
        found = _description(reading.tar, path)
        for files, info in enumerate(iter(reading.tar.next, None)):
            if info.name == LAST:
                if _values_of(reading.tar, info)["files"] != files:
                    raise _damaged(path)
                reading.to_the_end()
                return found
            _write(reading.tar, info, _place(info, target, path))
    raise _damaged(path)


def _give_name(fresh: Path, target: Path) -> None:
    """Give a file its name, which no other has; the former name may stay."""
    try:
        # Unlike a renaming, a link takes the place of nothing.
        os.link(fresh, target)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Whoever makes the file owns its name.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            os.replace(fresh, target)
        except OSError:
            target.unlink()
            raise


class _Reading:
    """Opens a backup; what shows that it is damaged becomes a Problem."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> "_Reading":
        # The tar module reads gzip as well, without its checksum.
        self._content = gzip.open(self._path)
        try:
            self.tar = tarfile.open(fileobj=self._content, mode="r|")
        except _DAMAGED:
            self._content.close()
            raise _damaged(self._path) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.tar.close()
        self._content.close()
        if kind is not None and issubclass(kind, _DAMAGED):
            raise _damaged(self._path) from None

    def to_the_end(self) -> None:
        """Read what is left: the checksum is at the end."""
        while self._content.read(1 << 20):
            pass


def _description(tar: tarfile.TarFile, path: Path) -> Description:
    info = tar.next()
    if info is None or info.name != FIRST:
        raise _damaged(path)
    values = _values_of(tar, info)
    if values.pop("format") != FORMAT:
        raise Problem(
            f"{path} was made by another version of Eden Sync ({values.get('version')}).",
            "Put it back with that version, and upgrade then.",
        )
    return Description(**{name: values[name] for name in Description._fields})


def _values_of(tar: tarfile.TarFile, info: tarfile.TarInfo) -> dict[str, Any]:
    content = tar.extractfile(info) if info.isreg() and info.size <= _LONGEST_TEXT else None
    values = None if content is None else json.loads(content.read())
    if not isinstance(values, dict):
        raise KeyError(info.name)
    return values


def _place(info: tarfile.TarInfo, target: Path, path: Path) -> Path:
    """Return where a member belongs: nothing of a backup lies anywhere else, whatever it is called."""
    parts = PurePosixPath(info.name).parts
    if info.isreg() and info.name == DATABASE:
        return target / DATABASE
    if info.isreg() and len(parts) > 2 and parts[0] == _SITE and parts[1] in FOLDERS and ".." not in parts:
        return target.joinpath(*parts[1:])
    raise Problem(
        f"{path} holds {info.name}, which no backup of a site holds.",
        "Do not use it before you know where it comes from.",
    )


def _write(tar: tarfile.TarFile, info: tarfile.TarInfo, place: Path) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    content = tar.extractfile(info)
    assert content is not None  # It is a regular file.
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        while block := content.read(1 << 20):
            handle.write(block)
    os.utime(place, (info.mtime, info.mtime))


def _damaged(path: Path) -> Problem:
    return Problem(f"{path} is no backup of a site, or only a part of one, or damaged.", "Take another one.")
