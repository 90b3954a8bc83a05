"""Moves a site into another database: a site beside it gets the tables, then all rows, and its place in the end.

Until everything was compared the site has the database that it had; killed before, the next try goes on.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
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
    _ensure_fit(home, configuration, target)
    try:
        beside = home / BESIDE
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
    if scheme_of(target) == "sqlite" and path.exists():
        raise Problem(
            f"{path} is there already.", f"Move it away, or name another file: sqlite://{path.stem}-2.sqlite"
        )


def _begin(beside: Path, target: str) -> None:
    """Begin anew where another database was named the last time."""
    mark, wanted = beside / "target", hashlib.sha256(target.encode()).hexdigest()
    if beside.exists() and (not mark.is_file() or mark.read_text() != wanted):
        shutil.rmtree(beside)
    beside.mkdir(mode=0o700, exist_ok=True)
    mark.write_text(wanted)


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
    """Let the site use the new database: its file and pydal's notes first, then the address in one step."""
    databases = application_folder(home) / "databases"
    for each in sorted((application_folder(beside) / "databases").iterdir()):
        if each.is_file():
            os.replace(each, databases / each.name)
    write_configuration(home, replace(configuration, database=target))
    shutil.rmtree(beside)
