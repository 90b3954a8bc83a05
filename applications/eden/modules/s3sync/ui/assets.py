"""The CSS framework: two files of an installed package, copied to where the web server finds them.

The package (``django-bootstrap-static``) is pinned in ``requirements.txt``; nothing of it is imported. Without it, or
if the folder cannot be written, pages use only ``static/sync/eden.css``: plainer, but readable.
"""

from __future__ import annotations

import logging
import os
import tempfile
from importlib import metadata
from typing import NamedTuple

from .confined import confined

PACKAGE = "django-bootstrap-static"
_INSIDE = "bootstrap/static/bootstrap/css"
LEFT_TO_RIGHT, RIGHT_TO_LEFT = "bootstrap.min.css", "bootstrap.rtl.min.css"


class Framework(NamedTuple):
    """The framework of this site.

    Attributes:
        version: its version, three numbers.
        folder: the folder of its files, below the application's ``static``.
    """

    version: str
    folder: str

    def address(self, rtl: bool) -> str:
        """Return the path of the style sheet below ``static``, with its version so that browsers cache it."""
        return f"_{self.version}/{self.sheet(rtl)}"

    def sheet(self, rtl: bool) -> str:
        """Return the path of the style sheet's file below ``static``."""
        return f"{self.folder}/{RIGHT_TO_LEFT if rtl else LEFT_TO_RIGHT}"


#: Our part of a page in the layout of an Eden, and where its style sheets lie below ``static``.
PART, APART = ".s3sync", "sync-apart"

_found: dict[str, Framework | None] = {}


def framework(application: str) -> Framework | None:
    """Return the framework of a site, copied at the first call of a process; None if there is none.

    Args:
        application: the application's folder.
    """
    if application not in _found:
        try:
            _found[application] = _laid(application) or lay_out(application)
        except (metadata.PackageNotFoundError, OSError) as error:
            logging.getLogger("eden").warning(
                "Pages are shown without their CSS framework: %s. Install the packages of requirements.txt, and let "
                "the site write into %s.",
                error,
                os.path.join(application, "static"),
            )
            _found[application] = None
    return _found[application]


def _laid(application: str) -> Framework | None:
    """Return the framework that was laid into an Eden with us, whose Python has no such package; None without one."""
    if is_installed():
        return None
    versions = os.path.join(application, "static", "bootstrap")
    for version in sorted(os.listdir(versions) if os.path.isdir(versions) else (), reverse=True):
        sheets = (os.path.join(versions, version, name) for name in (LEFT_TO_RIGHT, RIGHT_TO_LEFT))
        if all(map(os.path.isfile, sheets)):
            return Framework(version, f"bootstrap/{version}")
    return None


def is_installed() -> bool:
    """Return whether this Python has the framework's package."""
    try:
        metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        return False
    return True


def lay_out(application: str) -> Framework:
    """Copy the framework's files to the static folder, unless they exist.

    It is safe for several processes at once: each file is written atomically.

    Args:
        application: the application's folder.

    Raises:
        importlib.metadata.PackageNotFoundError: the package is not installed.
        OSError: its files cannot be read, or the folder cannot be written.
    """
    package = metadata.distribution(PACKAGE)
    found = Framework(package.version, f"bootstrap/{package.version}")
    target = os.path.join(application, "static", *found.folder.split("/"))
    for name in (LEFT_TO_RIGHT, RIGHT_TO_LEFT):
        place = os.path.join(target, name)
        if not os.path.isfile(place):
            for folder in (os.path.dirname(target), target):
                if not os.path.isdir(folder):
                    os.makedirs(folder, exist_ok=True)
                    # A reverse proxy under another account sends them, whatever the umask of this process.
                    os.chmod(folder, 0o755)
            with open(str(package.locate_file(f"{_INSIDE}/{name}")), "rb") as source:
                _write(place, source.read())
    return found


def _write(place: str, content: bytes) -> None:
    handle, fresh = tempfile.mkstemp(dir=os.path.dirname(place), prefix=".")
    try:
        with os.fdopen(handle, "wb") as output:
            output.write(content)
        os.chmod(fresh, 0o644)
        os.replace(fresh, place)
    except OSError:
        os.unlink(fresh)
        raise


def apart(application: str, path: str) -> str:
    """Return the path below ``static`` of one of our style sheets as it is in an Eden: for our part of a page alone.

    Args:
        application: the application's folder.
        path: such as ``sync/eden.css``, or the framework's.
    """
    source = os.path.join(application, "static", *path.split("/"))
    moment = int(os.stat(source).st_mtime)
    place = f"{APART}/{moment}-{path.rpartition('/')[2]}"
    target = os.path.join(application, "static", *place.split("/"))
    if not os.path.isfile(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(source, encoding="utf-8") as sheet:
            lifted = os.path.relpath(os.path.dirname(source), os.path.dirname(target))
            _write(target, confined(sheet.read(), PART, lifted).encode("utf-8"))
    return place


def own(application: str, path: str) -> str:
    """Return the path below ``static`` of one of our files, with its time as version: browsers fetch a changed one.

    Args:
        application: the application's folder.
        path: such as ``sync/eden.css``.
    """
    return f"_0.0.{int(os.stat(os.path.join(application, 'static', *path.split('/'))).st_mtime)}/{path}"
