"""Makes the backup of a site, which may be running."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from ..configuration import SiteConfiguration, beside
from ..places import application_folder
from ..problems import Problem, file_problem
from .archive import DATABASE, BackupWriter, Description
from .databases import copy_of, scheme_of

KEY = "vault.key"


def make_backup(
    home: Path, configuration: SiteConfiguration, target: Path, version: str, with_key: bool
) -> dict[str, Any]:
    """Write the backup of a site into one file.

    Args:
        home: the site's folder.
        configuration: of the site.
        target: the new file.
        version: of the application.
        with_key: whether the key of other sites' passwords goes along.

    Returns:
        the file, its bytes, how many files it holds, and whether the key is among them.

    Raises:
        Problem: it cannot be made; there is no such file then.
    """
    if target.exists():
        raise Problem(f"{target} is there already.", "Name a new file, with the day in it for instance.")
    application = application_folder(home)
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    description = Description(
        version, now.isoformat(), configuration.name, scheme_of(configuration.database), with_key
    )
    try:
        files = _write(application, configuration, target, description)
        return {
            "file": str(target),
            "bytes": target.stat().st_size,
            "files": files,
            **description._asdict(),
        }
    except OSError as error:
        raise file_problem(error) from error


def _write(
    application: Path, configuration: SiteConfiguration, target: Path, description: Description
) -> int:
    with BackupWriter(target, description) as backup:
        # The journal file before the database: one that is ahead of it would say that the database was put back alone.
        left_out = ("spool/",) if description.key else ("spool/", KEY)
        backup.folder(application / "private", "private", left_out)
        backup.folder(application / "databases", "databases", _database_files(configuration))
        with copy_of(configuration.database, application / "databases", beside(target)) as copy:
            with open(copy, "rb") as handle:
                backup.add(DATABASE, handle)
        # After the database: each file that it names is there already.
        backup.folder(application / "uploads", "uploads")
        return backup.files


def _database_files(configuration: SiteConfiguration) -> tuple[str, ...]:
    """Return the names of SQLite's own files: a copy of the database takes their place."""
    name = configuration.database.partition("://")[2]
    return (name,) if scheme_of(configuration.database) == "sqlite" else ()
