"""What ``./eden doctor`` finds around a site: its folders and their rights, the disk, packages, the schema."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ..environment import covers, digest, read_stamp, requirements_for
from ..instance import SITE_FOLDERS
from ..places import APPLICATION, CHECKOUT, application_folder, configuration_file
from ..preparation import database_exists, fingerprint, remembered
from .asking import KnownSite

#: Bytes that a site needs to go on: documents on their way, logs, the log of the database.
LEAST_ROOM = 500 * 1024 * 1024
#: What only the site's own user may read.
SECRET = ("appconfig.ini", "vault.key", "forms.key")
Check = dict[str, str]


def around(site: KnownSite) -> Iterator[Check]:
    """Yield what is right and wrong around a site, without opening it."""
    yield from (
        _server(site),
        _packages(site),
        _schema(site),
        *_folders(site),
        *_secrets(site),
        *_disks(site),
    )


def check(name: str, told: str, remedy: str = "") -> Check:
    """Return the result of a check: one with a remedy needs attention."""
    return {"check": name, "result": "attention" if remedy else "good", "told": told, "remedy": remedy}


def _server(site: KnownSite) -> Check:
    """Return whether ./run supervises the site: it holds a lock as long as it runs."""
    with contextlib.suppress(FileNotFoundError), open(site.home / "run.lock", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return check("server", f"./run runs for this site: {site.configuration.local_url}/{APPLICATION}")
    return {
        **check("server", "./run does not run for this site; other servers are not looked for."),
        "result": "unknown",
    }


def _packages(site: KnownSite) -> Check:
    wanted = {name: digest(CHECKOUT / name) for name in requirements_for(site.configuration.database)}
    folder = site.python.parent.parent
    if covers(read_stamp(folder), wanted):
        return check("packages", f"Those that are pinned, in {folder}.")
    return check(
        "packages",
        f"The environment {folder} lacks packages, or has others than those that are pinned.",
        f"Stop the site, then: ./run --instance {site.home} --exit",
    )


def _schema(site: KnownSite) -> Check:
    if not database_exists(site.home, site.configuration):
        return check(
            "schema",
            "The file of the database is missing.",
            "Put it back from the backup. ./run makes a new, empty one.",
        )
    if remembered(site.home) == fingerprint(site.home, site.configuration, site.python):
        return check("schema", "The database is prepared for this version.")
    return check(
        "schema",
        "The database is not prepared for this version of the application.",
        f"Stop the site, make a backup, then: ./run --instance {site.home} --exit",
    )


def _folders(site: KnownSite) -> Iterator[Check]:
    application = application_folder(site.home)
    places = [site.home, site.home / "logs", *(application / name for name in SITE_FOLDERS)]
    wrong = [str(place) for place in places if not os.access(place, os.R_OK | os.W_OK | os.X_OK)]
    wrong += sorted(str(place) for place in _written(application) if not os.access(place, os.R_OK | os.W_OK))
    if wrong:
        yield check(
            "folders",
            f"Missing, or not readable and writable for this user: {', '.join(wrong[:10])}",
            f"Let everything below {site.home} belong to the user of the site, and be writable for it.",
        )
    else:
        yield check("folders", f"Everything below {site.home} is writable for this user.")


def _written(application: Path) -> Iterator[Path]:
    """Yield the files that a site writes again: a few, not its uploads and sessions."""
    for name in ("databases", "private"):
        if os.access(application / name, os.R_OK | os.X_OK):
            yield from (each for each in (application / name).iterdir() if each.is_file())


def _secrets(site: KnownSite) -> Iterator[Check]:
    private = configuration_file(site.home).parent
    present = [private / name for name in SECRET if (private / name).is_file()]
    open_ = [str(path) for path in present if path.stat().st_mode & 0o077]
    if open_:
        yield check(
            "secrets",
            f"Other users of this machine can read {', '.join(open_)}",
            f"chmod 600 {' '.join(open_)}",
        )
    else:
        yield check("secrets", "Configuration and keys are readable for this user only.")


def _disks(site: KnownSite) -> Iterator[Check]:
    application = application_folder(site.home)
    devices: dict[int, Path] = {}
    for place in (site.home, application / "databases", application / "uploads", application / "private"):
        if place.is_dir():
            devices.setdefault(place.stat().st_dev, place)
    needed = max(LEAST_ROOM, _size_of_database(site))
    for place in devices.values():
        free = shutil.disk_usage(place).free
        told = f"{free // 2**20} MB are free at {place}."
        few = free < needed
        yield check(
            "disk room",
            told,
            f"Make room: {needed // 2**20} MB are needed, also for a migration." if few else "",
        )


def _size_of_database(site: KnownSite) -> int:
    scheme, _, name = site.configuration.database.partition("://")
    path = application_folder(site.home) / "databases" / name
    return path.stat().st_size if scheme == "sqlite" and path.is_file() else 0
