"""The instance folder: a web2py home with everything that one site writes.

The application's files are links into the checkout; the site's own data lie in real folders. Preparing is
idempotent, and repairs the links after the checkout was moved. On a file system without symbolic links the
application is copied instead, and copied again whenever it has changed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from .backups.put_back import ensure_whole
from .configuration import (
    SiteConfiguration,
    Wishes,
    read_configuration,
    wanted_configuration,
    write_configuration,
)
from .places import APPLICATION, CHECKOUT, application_folder
from .problems import Problem

# Only the site's own user may read these: they hold data, sessions and secrets.
SITE_FOLDERS = ("cache", "cron", "databases", "errors", "private", "sessions", "uploads")
NOT_LINKED = {*SITE_FOLDERS, "compiled", "static", "__pycache__"}
# The application itself writes these into the site's static folder (modules/s3sync/ui/assets.py).
LAID_OUT = {"bootstrap"}
COPY_MARK = ".copied-from-checkout"

STUB = '''\
"""web2py's command line for this site, e.g. python web2py.py -K {application} -Q for a worker."""
import os
import runpy
import sys

CHECKOUT = {checkout!r}

if __name__ == "__main__":
    os.environ["EDEN_HOME"] = os.path.dirname(os.path.abspath(__file__))
    launcher = os.path.join(CHECKOUT, "web2py.py")
    if not os.path.exists(launcher):
        sys.exit("Eden Sync is not in " + CHECKOUT + " any more. Start the site once with ./run --instance "
                 + os.environ["EDEN_HOME"] + " from where it is now: that repairs this folder.")
    runpy.run_path(launcher, run_name="__main__")
'''

ROUTES = Path(__file__).with_name("routes.py")
#: SHA-256 of what earlier versions of the launcher wrote. A file that somebody changed is left alone.
FORMER_ROUTES = (
    "7b243f339a8f2e79166b4f203f450dcbdb99a70cab4fd9612a3383bba003debc",
    "b515f2727944ba50d87dd075c3d144b14079a729b0c0a2621d12adefb26c7b98",
)


def is_instance(folder: Path) -> bool:
    """Return whether a folder is a web2py home with this application."""
    return (folder / "VERSION").is_file() and application_folder(folder).is_dir()


def prepare_instance(
    home: Path, wishes: Wishes | None = None, checkout: Path = CHECKOUT
) -> SiteConfiguration:
    """Make the folder a site, or repair it; do nothing if it is complete.

    Args:
        home: the instance folder; it need not exist.
        wishes: changes to the site's configuration.
        checkout: where the application is.

    Returns:
        the site's configuration.

    Raises:
        Problem: the folder cannot be written, or a restore was broken off in it.
    """
    ensure_whole(home)
    try:
        lay_out(home, checkout)
        configuration = wanted_configuration(read_configuration(home), wishes or Wishes())
        write_configuration(home, configuration)
    except OSError as error:
        raise Problem(
            f"The instance folder {home} cannot be written: {error.strerror or error} ({error.filename or home}).",
            "Make it writable for this user, or choose another: ./run --instance /path/to/folder",
        ) from error
    return configuration


def lay_out(home: Path, checkout: Path) -> None:
    application = application_folder(home)
    application.mkdir(parents=True, exist_ok=True)
    for name in SITE_FOLDERS:
        folder = application / name
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
    logs = home / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    mode = logs.stat().st_mode & 0o777
    if mode & 0o007:
        # Made by a version of before: what is in it names accounts and addresses.
        logs.chmod(mode & ~0o007)
    write_if_different(home / "web2py.py", STUB.format(application=APPLICATION, checkout=str(checkout)))
    write_if_different(
        home / "VERSION", f"Version {gluon_version(checkout)}-stable+timestamp.2023.01.01.00.00.00\n"
    )
    write_if_different(home / "applications" / "__init__.py", "")
    routes = home / "routes.py"
    if not routes.exists() or hashlib.sha256(routes.read_bytes()).hexdigest() in FORMER_ROUTES:
        routes.write_bytes(ROUTES.read_bytes())
    # Without this file gluon packs a scaffolding application for its own admin pages at the first start.
    if not (home / "welcome.w2p").exists():
        (home / "welcome.w2p").touch()
    link_application(application_folder(checkout), application)


def gluon_version(checkout: Path) -> str:
    pinned = re.search(r"^web2py-gluon==([\d.]+)", (checkout / "requirements.txt").read_text(), re.MULTILINE)
    if pinned is None:
        raise Problem(
            f"{checkout / 'requirements.txt'} does not pin web2py-gluon.",
            "Restore the file: git checkout requirements.txt",
        )
    return pinned.group(1)


def write_if_different(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)


def link_application(source: Path, target: Path) -> None:
    """Link all files of the application that do not belong to a site, and remove broken links."""
    if source.resolve() == target.resolve():
        return
    link_entries(source, target, NOT_LINKED)
    if (source / "static").is_dir():
        own_folder(target / "static")
        link_entries(source / "static", target / "static", LAID_OUT)


def link_entries(source: Path, target: Path, left_out: Collection[str]) -> None:
    for entry in sorted(source.iterdir()):
        if entry.name not in left_out and not entry.name.startswith("."):
            link_or_copy(entry, target / entry.name)
    for entry in target.iterdir():
        if entry.is_symlink() and not entry.exists():
            entry.unlink()


def own_folder(place: Path) -> None:
    """Make a real folder for the site, in place of the link or copy that earlier versions made."""
    if place.is_symlink():
        place.unlink()
    elif place.exists() and is_copy(place):
        shutil.rmtree(place)
    place.mkdir(exist_ok=True)


def link_or_copy(entry: Path, place: Path) -> None:
    if place.is_symlink():
        if os.readlink(place) == str(entry):
            return
        place.unlink()
    elif place.exists():
        if is_copy(place):
            copy_again(entry, place)
            return
        raise Problem(
            f"{place} is not the application's, but a file or folder that was put there.",
            f"Move it away, and start again: it will be replaced by {entry}.",
        )
    try:
        place.symlink_to(entry)
    except OSError:
        # FAT, some network file systems and some container mounts have no symbolic links.
        copy_again(entry, place)


def copy_mark(place: Path) -> Path:
    return place / COPY_MARK if place.is_dir() else place.with_name(place.name + COPY_MARK)


def is_copy(place: Path) -> bool:
    return copy_mark(place).is_file()


def copy_again(entry: Path, place: Path) -> None:
    content = digest_of(entry)
    if place.exists() and copy_mark(place).read_text() == content:
        return
    if entry.is_dir():
        if place.exists():
            shutil.rmtree(place)
        shutil.copytree(entry, place, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(entry, place)
    copy_mark(place).write_text(content)


def digest_of(entry: Path) -> str:
    """Return a SHA-256 over the names and contents of a file or folder, without compiled Python."""
    found = hashlib.sha256()
    for path in files_below(entry):
        found.update(str(path.relative_to(entry.parent)).encode() + b"\0")
        found.update(path.read_bytes() + b"\0")
    return found.hexdigest()


def files_below(entry: Path) -> Iterator[Path]:
    if entry.is_file():
        yield entry
    else:
        for path in sorted(entry.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
