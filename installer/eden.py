"""Which Sahana Eden is in a folder: its kind, its version, the web2py around it."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from .problems import Problem

ASP, CLASSIC = "eden-asp", "classic"
#: Kind -> what only its application has.
MARKS = {ASP: "modules/core/__init__.py", CLASSIC: "modules/s3/__init__.py"}
#: What the applications of both kinds have, and ours has not.
SETTINGS = "modules/s3cfg.py"
#: Where the installer keeps what it needs, below the application.
HOME = "private/eden-sync"


@dataclass(frozen=True)
class Eden:
    """The application of a Sahana Eden.

    Attributes:
        folder: the application's folder.
        kind: ASP or CLASSIC.
        version: what its file VERSION says.
        web2py: the folder of the web2py around it.
    """

    folder: Path
    kind: str
    version: str
    web2py: Path

    @property
    def application(self) -> str:
        """Its name, the first part of its addresses."""
        return self.folder.name

    @property
    def home(self) -> Path:
        """The folder of the manifest, of what stood there before, and of backups."""
        return self.folder / HOME


def find_eden(folder: Path, web2py: Path | None = None) -> Eden:
    """Return the Eden in a folder.

    Args:
        folder: the application's folder, such as ``/home/web2py/applications/eden``.
        web2py: the web2py around it; None for the one two folders above.

    Raises:
        Problem: there is no Eden, or it belongs to another user, or there is no web2py around it.
    """
    # The name of a link counts, not what it leads to: web2py knows the application by it.
    folder = Path(os.path.abspath(folder.expanduser()))
    if not (folder / SETTINGS).is_file():
        raise Problem(f"There is no Sahana Eden in {folder}.", _instead(folder))
    kind = next((kind for kind, mark in MARKS.items() if (folder / mark).is_file()), None)
    if kind is None:
        raise Problem(
            f"The Sahana Eden in {folder} has neither modules/core nor modules/s3.",
            "Complete it first, as its own instructions say.",
        )
    _check_owner(folder)
    around = Path(os.path.abspath(web2py.expanduser())) if web2py else folder.parent.parent
    if not (around / "web2py.py").is_file() or not (around / "applications" / folder.name).is_dir():
        raise Problem(
            f"There is no web2py with an application {folder.name} in {around}.",
            "Name its folder, the one with web2py.py: --web2py FOLDER",
        )
    return Eden(folder, kind, _version(folder), around)


def _instead(folder: Path) -> str:
    below = folder / "applications" / "eden"
    if (below / SETTINGS).is_file():
        return f"Name the folder of the application: --into {below}"
    if (folder / "modules" / "s3sync").is_dir():
        return "That is a site of Eden Sync, which has everything already: see ./eden status"
    return "Name the folder of its application: --into /path/to/web2py/applications/eden"


def _check_owner(folder: Path) -> None:
    """Refuse to work as another user: what that one writes, the site itself could not write any more."""
    owner = folder.stat().st_uid
    if owner != os.geteuid():
        try:
            name = pwd.getpwuid(owner).pw_name
        except KeyError:
            name = f"#{owner}"
        raise Problem(
            f"The Eden in {folder} belongs to the user {name}.",
            f"Give the same command as that user: sudo -u {name} ...",
        )


def _version(folder: Path) -> str:
    try:
        return (folder / "VERSION").read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""
