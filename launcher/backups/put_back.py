"""Puts a backup in the place of what a site holds; what stood there is kept beside it.

First everything is unpacked and checked. Then the database of a server is copied and gets the records of the backup,
and folders change their places. A restore that is killed before that has changed nothing; one that is killed later
goes on, and the site does not start before it has.
"""

from __future__ import annotations

import datetime
import os
import re
import shutil
from pathlib import Path
from typing import Any

from ..configuration import SiteConfiguration, read_configuration, with_value, write_privately
from ..places import application_folder, configuration_file
from ..problems import Problem, file_problem
from .archive import DATABASE, FOLDERS, Description, describe, unpack
from .databases import copy_of, load, scheme_of
from .make import KEY

#: Where a backup is unpacked, below the site's folder.
UNPACKED = "restoring"
#: In there: everything is unpacked, what the site has is replaced now. Holds where that goes.
READY = "ready"
_NOTE = re.compile(r"[0-9a-f]{32}_\w+\.table")


def is_broken_off(home: Path) -> bool:
    """Return whether a restore was killed while it replaced what the site has: the site must not start so."""
    return (home / UNPACKED / READY).is_file()


def ensure_whole(home: Path) -> None:
    """Ensure that no restore was broken off.

    Raises:
        Problem: one was.
    """
    if is_broken_off(home):
        raise Problem(
            f"A restore of the site in {home} was broken off half-way.",
            f"Let it go on: ./eden --instance {home} restore",
        )


def restore(
    home: Path, configuration: SiteConfiguration | None, backup: Path | None, key: Path | None
) -> dict[str, Any]:
    """Put a backup back, or go on with a restore that was broken off. The site must be stopped.

    Args:
        home: the site's folder.
        configuration: of the site.
        backup: the file; None to go on.
        key: file with the key of other sites' passwords, None to keep the one that is here.

    Returns:
        the site's name, when the backup was made, where the former folders are, and whether there is a key.

    Raises:
        Problem: it cannot be put back.
    """
    try:
        if not is_broken_off(home):
            if backup is None or configuration is None:
                raise Problem("No restore was broken off here.", "Name the file of a backup.")
            _unpack(home, configuration, backup, key)
        elif backup is not None:
            ensure_whole(home)
        kept = _place_of_former(home)
        if (home / UNPACKED / DATABASE).is_file():
            _put_database(home, configuration, kept)
        return _change_places(home, kept)
    except OSError as error:
        raise file_problem(error) from error


def _unpack(home: Path, configuration: SiteConfiguration, backup: Path, key: Path | None) -> None:
    if not backup.is_file():
        raise Problem(f"There is no file {backup}.", "Name the file of a backup.")
    _ensure_same_kind(describe(backup), configuration)
    _ensure_one_disk(home)
    unpacked = home / UNPACKED
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir(mode=0o700)
    try:
        description = unpack(backup, unpacked)
        for name in FOLDERS:
            (unpacked / name).mkdir(mode=0o700, exist_ok=True)
        _give_key(home, unpacked, key)
        _keep_database(unpacked / "private" / configuration_file(home).name, configuration)
        _keep_notes(unpacked / "databases", application_folder(home) / "databases")
        if description.database == "sqlite":
            name = configuration.database.partition("://")[2]
            os.replace(unpacked / DATABASE, unpacked / "databases" / name)
    except BaseException:
        shutil.rmtree(unpacked, ignore_errors=True)
        raise
    write_privately(unpacked / READY, f"{_name_of_former(home)}\n{description.made}\n")


def _name_of_former(home: Path) -> str:
    """Return a name that nothing in the site's folder has, for the folder of what stood there."""
    name = f"before-restore-{datetime.datetime.now(datetime.timezone.utc):%Y%m%dT%H%M%SZ}"
    number = 1
    while (home / name).exists():
        number += 1
        name = f"{name.partition('Z')[0]}Z-{number}"
    return name


def _ensure_same_kind(description: Description, configuration: SiteConfiguration) -> None:
    here = scheme_of(configuration.database)
    if description.database != here:
        raise Problem(
            f"The backup is of a database of the kind {description.database}; this site has one of the kind {here}.",
            "Let the site use an empty database of that kind first: ./run --database URI --exit",
        )


def _ensure_one_disk(home: Path) -> None:
    """Ensure that folders can change their places at once."""
    for name in FOLDERS:
        folder = application_folder(home) / name
        if folder.is_symlink() or folder.is_mount() or folder.stat().st_dev != home.stat().st_dev:
            raise Problem(
                f"{folder} is on another disk than the site's folder, or a link.",
                "Put the backup back into a site in one folder, and move that folder's content there afterwards.",
            )


def _give_key(home: Path, unpacked: Path, key: Path | None) -> None:
    """Put the key of other sites' passwords beside what it opens: the given one, its own, or the one here."""
    source = key or application_folder(home) / "private" / KEY
    target = unpacked / "private" / KEY
    if key is not None or (source.is_file() and not target.exists()):
        shutil.copyfile(source, target)
        target.chmod(0o600)


def _keep_database(path: Path, configuration: SiteConfiguration) -> None:
    """Let the site use the database that it has: the backup may come from another machine."""
    if path.is_file():
        text = with_value(path.read_text(encoding="utf-8"), "db", "uri", configuration.database)
        write_privately(path, text)


def _keep_notes(unpacked: Path, here: Path) -> None:
    """Give pydal's notes on tables the names that they have for the database here.

    They begin with a digest of the database's address: under another one it would take all tables for missing.
    """
    before, now = _digest(unpacked), _digest(here)
    if before and now and before != now:
        for each in unpacked.glob(f"{before}_*.table"):
            os.replace(each, each.with_name(now + each.name[len(before) :]))


def _digest(databases: Path) -> str:
    """Return with what the notes on the tables of the database begin that was used last, "" if there are none."""
    notes = [each for each in databases.glob("*.table") if _NOTE.fullmatch(each.name)]
    latest = max(notes, key=lambda each: each.stat().st_mtime, default=None)
    return "" if latest is None else latest.name.partition("_")[0]


def _place_of_former(home: Path) -> Path:
    """Return the folder where what stood here is kept; it is made if it is not there."""
    kept = home / (home / UNPACKED / READY).read_text(encoding="utf-8").split()[0]
    kept.mkdir(mode=0o700, exist_ok=True)
    return kept


def _put_database(home: Path, configuration: SiteConfiguration | None, kept: Path) -> None:
    """Put the dump of a server into its database, after what is there was copied.

    It is begun anew where it was broken off: only the first copy is of the former records.
    """
    if configuration is None:
        raise Problem(f"The site in {home} has no configuration any more.", "Put private/appconfig.ini back.")
    uri, unpacked, former = configuration.database, home / UNPACKED, kept / DATABASE
    goes_on = former.is_file()
    try:
        if not goes_on:
            _keep_former(uri, application_folder(home) / "databases", former)
        load(uri, unpacked / DATABASE)
    except Problem as problem:
        # pg_restore works in one transaction; mysql may have replaced some tables.
        if goes_on or (former.is_file() and scheme_of(uri) != "postgres"):
            raise _half_loaded(problem, home, former) from problem
        # First the mark: without it what is left of the rest counts for nothing.
        (unpacked / READY).unlink()
        shutil.rmtree(unpacked)
        shutil.rmtree(kept)
        raise
    (unpacked / DATABASE).unlink()


def _keep_former(uri: str, databases: Path, target: Path) -> None:
    """Copy the database of a server into a file, as a whole or not at all."""
    part = target.with_name(f"{target.name}.part")
    part.unlink(missing_ok=True)
    with copy_of(uri, databases, part) as copy:
        with open(copy, "rb") as handle:
            os.fsync(handle.fileno())
        os.replace(copy, target)


def _half_loaded(problem: Problem, home: Path, former: Path) -> Problem:
    return Problem(
        f"{problem.message.rstrip('.')}. The database may hold only a part of the backup, and the site does not"
        f" start so. What it held before is in {former}.",
        f"{problem.remedy} ./eden --instance {home} restore goes on. To go back instead, load that file into the"
        f" database with the programs of its server, and remove {home / UNPACKED} then.",
    )


def _change_places(home: Path, kept: Path) -> dict[str, Any]:
    """Let the unpacked folders take the places of the site's; what is done already is left."""
    unpacked, application = home / UNPACKED, application_folder(home)
    made = (unpacked / READY).read_text(encoding="utf-8").split()[1]
    for name in FOLDERS:
        fresh = unpacked / name
        if not fresh.is_dir():
            continue
        if (application / name).is_dir():
            os.rename(application / name, kept / name)
        os.rename(fresh, application / name)
    shutil.rmtree(unpacked)
    configuration = read_configuration(home)
    return {
        "name": configuration.name if configuration is not None else "",
        "made": made,
        "former": str(kept),
        "key": (application / "private" / KEY).is_file(),
    }
