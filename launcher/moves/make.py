"""Moves a site into another database: a site beside it gets the tables, then all rows, and its place in the end.

Until everything was compared the site has the database that it had; killed before, the next try goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..backups.databases import scheme_of
from ..configuration import SiteConfiguration, Wishes, without_password, write_configuration
from ..environment import ensure_environment, requirements_for
from ..instance import prepare_instance
from ..places import SCRIPTS, application_folder
from ..preparation import hint, run_script
from ..problems import Problem, file_problem
from .copying import EMPTIED

#: The site beside it, below the site's folder.
BESIDE = "moving"
#: In there: what the new SQLite file was like when it went to its place.
_MOVED = "moved"
News = Callable[[Mapping[str, Any]], None]


def move_database(home: Path, configuration: SiteConfiguration, target: str, news: News) -> dict[str, Any]:
    """Move a site into another database; it must be stopped.

    Args:
        home: the site's folder.
        configuration: of the site.
        target: pydal connection string of an empty database.
        news: is called with what is being copied.

    Returns:
        both databases as they may be shown, how many tables and records were moved.

    Raises:
        Problem: it cannot be moved; the site has its database as before.
    """
    try:
        beside = home / BESIDE
        _ensure_fit(home, configuration, target)
        _begin(beside, target)
        names = list(dict.fromkeys(requirements_for(configuration.database) + requirements_for(target)))
        python = ensure_environment(names, lambda text: news({"said": text}))
        prepare_instance(beside, Wishes(database=target, name=configuration.name))
        if not (beside / EMPTIED).is_file():
            _make_tables(python, home, beside, target)
        told = _copy(python, home, beside, configuration, target, news)
        # What counts in the database itself, such as PostgreSQL's sequence of the journal, follows what is there now.
        (application_folder(beside) / "databases" / "schema.fingerprint").unlink(missing_ok=True)
        _prepare(python, beside)
        _take_over(home, beside, configuration, target)
    except OSError as error:
        raise file_problem(error) from error
    return {
        "from": without_password(configuration.database),
        "to": without_password(target),
        **told,
    }


def _ensure_fit(home: Path, configuration: SiteConfiguration, target: str) -> None:
    if target == configuration.database:
        raise Problem(
            f"The site has its records in {without_password(target)} already.", "Name another database."
        )
    if scheme_of(target) not in ("sqlite", "postgres", "mysql") or "://" not in target:
        raise Problem(
            f"{without_password(target)} is not the address of a database.",
            "Such as postgres://user:password@host/name, mysql://user:password@host/name or sqlite://storage.sqlite",
        )
    path = application_folder(home) / "databases" / target.partition("://")[2]
    if scheme_of(target) == "sqlite" and path.exists() and not _take_back(home / BESIDE, path, target):
        raise Problem(
            f"{path} is there already.", f"Move it away, or name another file: sqlite://{path.stem}-2.sqlite"
        )


def _begin(beside: Path, target: str) -> None:
    """Begin anew where another database was named the last time."""
    if beside.exists() and not _goes_to(beside, target):
        shutil.rmtree(beside)
    beside.mkdir(mode=0o700, exist_ok=True)
    (beside / "target").write_text(_digest(target))


def _goes_to(beside: Path, target: str) -> bool:
    """Return whether the last try went to this database."""
    mark = beside / "target"
    return mark.is_file() and mark.read_text() == _digest(target)


def _digest(target: str) -> str:
    return hashlib.sha256(target.encode()).hexdigest()


def _take_back(beside: Path, path: Path, target: str) -> bool:
    """Take the new SQLite file back where the last try was killed before the site used it, and go on with it.

    Returns:
        whether it was taken back; not if it is another file, or anybody has written into it.
    """
    note = beside / _MOVED
    place = application_folder(beside) / "databases" / target.partition("://")[2]
    ours = _goes_to(beside, target) and note.is_file() and note.read_text() == _state_of(path)
    if not ours or place.exists() or path.with_name(f"{path.name}-wal").exists():
        return False
    os.replace(path, place)
    return True


def _state_of(path: Path) -> str:
    state = path.stat()
    return f"{state.st_size} {state.st_mtime_ns}"


def _make_tables(python: Path, home: Path, beside: Path, target: str) -> None:
    """Make the tables of an empty database; it may have them, without records, from a start that was refused."""
    databases = application_folder(home) / "databases"
    for each in databases.glob("*.table"):
        shutil.copyfile(each, application_folder(beside) / "databases" / each.name)
    if not _prepare(python, beside).get("is_empty"):
        raise Problem(
            f"{without_password(target)} holds the records of a site.",
            "Name an empty database, or empty that one.",
        )


def _prepare(python: Path, beside: Path) -> dict[str, Any]:
    """Bring the tables up to date; a database without an administrator gets none."""
    names = ("EDEN_ADMIN_EMAIL", "EDEN_ADMIN_PASSWORD")
    environment = {**dict.fromkeys(names, "-"), "EDEN_DATABASE_IN_USE": "1"}
    return dict(run_script(python, beside, SCRIPTS / "prepare_site.py", environment=environment))


def _copy(
    python: Path, home: Path, beside: Path, configuration: SiteConfiguration, target: str, news: News
) -> dict[str, int]:
    asked = {
        "source": configuration.database,
        "databases": str(application_folder(home) / "databases"),
        "target": target,
        "new_databases": str(application_folder(beside) / "databases"),
        "notes": str(beside),
    }
    said, result = [], None
    with subprocess.Popen(
        [str(python), str(SCRIPTS / "copy_database.py")],
        env={**os.environ, "EDEN_COPY": json.dumps(asked)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            if line.startswith('{"news": '):
                news(json.loads(line)["news"])
            elif line.startswith('{"result": '):
                result = json.loads(line)["result"]
            else:
                said.append(line)
    if result is None:
        last = said[-1].strip() if said else "It ended without a word."
        raise Problem(
            f"The database was not copied: {last}", f"{hint(''.join(said))} Then try again: it goes on."
        )
    if "error" in result:
        raise Problem(
            f"The database was not copied. {result['error']}",
            "The site has its records where they were. Correct what is named there, and try again: it goes on.",
        )
    return dict(result)


def _take_over(home: Path, beside: Path, configuration: SiteConfiguration, target: str) -> None:
    """Let the site use the new database: pydal's notes and its file first, then the address in one step.

    The notes are copied: killed before the last step, the next try needs them where they are.
    """
    databases, made = application_folder(home) / "databases", application_folder(beside) / "databases"
    name = target.partition("://")[2]
    file = made / name if scheme_of(target) == "sqlite" else None
    if file is not None:
        # What is still in its log would stay behind.
        with closing(sqlite3.connect(file)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for each in sorted(made.iterdir()):
        if each.is_file() and each != file:
            shutil.copyfile(each, databases / each.name)
    if file is not None:
        (beside / _MOVED).write_text(_state_of(file))
        os.replace(file, databases / name)
    write_configuration(home, replace(configuration, database=target))
    shutil.rmtree(beside)
