"""The manifest: what was laid into an Eden, what stood there before, and how far an installation has come.

It is written before anything else is changed. So whatever a kill leaves behind, each file is known to be either what
stood there, or what was laid by this or an earlier version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from .disk import Disk, digest_of
from .eden import HOME, Eden
from .problems import Problem

NAME = "manifest.json"
#: Raised when an older installer could no longer understand the manifest.
FORMAT = 1


class State(Enum):
    """How far an installation is."""

    INSTALLING = "installing"
    INSTALLED = "installed"
    UNINSTALLING = "uninstalling"


class Condition(Enum):
    """What stands at the place of a file."""

    LAID = "laid"
    EARLIER = "laid by an earlier version"
    BEFORE = "as before"
    MISSING = "missing"
    CHANGED = "changed"


@dataclass(frozen=True)
class Former:
    """A file of the Eden that gave its place to one of ours.

    Attributes:
        sha256: of its content.
        mode: its permissions.
        mtime_ns: its time of modification, in nanoseconds.
        kept: where it is kept, below the folder of the manifest.
    """

    sha256: str
    mode: int
    mtime_ns: int
    kept: str


@dataclass(frozen=True)
class LaidFile:
    """A file of ours.

    Attributes:
        path: below the application.
        sha256: of what is laid there; None where this version has no such file any more.
        before: what stood there, None for nothing.
        earlier: SHA-256 of what earlier versions laid there, as long as an upgrade is not finished.
    """

    path: str
    sha256: str | None
    before: Former | None = None
    earlier: tuple[str, ...] = ()

    def condition(self, application: Path) -> Condition:
        """Return what stands in its place now."""
        present = digest_of(application / self.path)
        if present == self.sha256 and present is not None:
            return Condition.LAID
        if present == (self.before.sha256 if self.before else None):
            return Condition.BEFORE
        if present is None:
            return Condition.MISSING
        return Condition.EARLIER if present in self.earlier else Condition.CHANGED


@dataclass(frozen=True)
class Manifest:
    """What was laid into an Eden.

    Attributes:
        state: how far it is.
        version: of Eden Sync.
        build: as of ``Payload``.
        kind, eden_version: as of ``Eden``, when it was laid.
        python: the Python that runs this Eden.
        files: of ours.
        folders: that were made for them, each behind the one above it.
        database: what was done in the database, as the scripts told it.
    """

    state: State
    version: str
    build: str
    kind: str
    eden_version: str
    python: str = ""
    files: tuple[LaidFile, ...] = ()
    folders: tuple[str, ...] = ()
    database: Mapping[str, Any] = field(default_factory=dict)

    def by_path(self) -> dict[str, LaidFile]:
        """Return the files by their paths."""
        return {each.path: each for each in self.files}

    def conditions(self, application: Path) -> dict[str, Condition]:
        """Return path -> what stands there, for files that this version has."""
        return {each.path: each.condition(application) for each in self.files if each.sha256 is not None}

    def having(self, **changes: Any) -> Manifest:
        """Return it with other values."""
        return replace(self, **changes)


def place(eden: Eden) -> Path:
    """Return the path of an Eden's manifest."""
    return eden.home / NAME


def read(eden: Eden) -> Manifest | None:
    """Return the manifest of an Eden, None if nothing of ours is laid there.

    Raises:
        Problem: it cannot be understood.
    """
    path = place(eden)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] > FORMAT:
            raise Problem(
                f"{path} was written by a later version of this installer (Eden Sync {found['version']}).",
                "Use that version, or a later one.",
            )
        return _manifest(found)
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError) as error:
        raise Problem(
            f"{path} is damaged: {error}.",
            f"Restore it from a backup of {HOME}; without it nobody knows what stood there before.",
        ) from error


def _manifest(found: dict[str, Any]) -> Manifest:
    files = tuple(
        LaidFile(
            each["path"],
            each["sha256"],
            Former(**each["before"]) if each["before"] else None,
            tuple(each["earlier"]),
        )
        for each in found["files"]
    )
    values = {
        name: found[name] for name in ("version", "build", "kind", "eden_version", "python", "database")
    }
    return Manifest(state=State(found["state"]), files=files, folders=tuple(found["folders"]), **values)


def write(disk: Disk, eden: Eden, manifest: Manifest) -> None:
    """Write the manifest of an Eden; the folder of it must exist."""
    content = {"format": FORMAT, **asdict(manifest), "state": manifest.state.value}
    disk.write(place(eden), json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n", 0o600)
