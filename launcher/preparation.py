"""Prepares a site's database once: schema and first administrator, by a script inside the application.

``<instance>/prepared.json`` holds a digest of everything that the preparation depends on. While the digest is the
same, a start prepares nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .configuration import SiteConfiguration, without_password, write_privately
from .environment import digest, tail
from .instance import files_below
from .places import APPLICATION, CHECKOUT, SCRIPTS, application_folder
from .problems import Problem

DEFAULT_EMAIL = "admin@example.com"
RESULT_FILE = "EDEN_RESULT"

_URI = "[db] uri in private/appconfig.ini, or --database"
#: Patterns of error messages from scripts and database drivers, and what to do. The first match counts: drivers
#: raise OperationalError also for much that has nothing to do with a connection.
REMEDIES = (
    (r"No space left on device|database or disk is full", "The disk is full: make room and start again."),
    (
        r"database is locked",
        "Another process is writing to the database: stop the site's web server and workers, and start again.",
    ),
    (r"SchemaOutdated", "Stop the site, make a backup, and start it once with this version: ./run --exit"),
    (
        r"readonly database|unable to open database file|Permission denied",
        "Let the site's folder and everything in it belong to the user that starts it, and start again.",
    ),
    (
        r"permission denied for|command denied to user",
        "Let the database belong to the user in its address, or grant that user all rights in it, and start again.",
    ),
    (
        r"[Pp]assword authentication failed|no password supplied|Access denied for user|role \".+\" does not exist"
        r"|no pg_hba.conf entry",
        f"Check the user and the password in the address of the database: {_URI}.",
    ),
    (
        r"database \".+\" does not exist|Unknown database",
        f"Make the database at its server first, or correct its name: {_URI}.",
    ),
    (
        r"(relation|[Tt]able) .+ already exists|[Dd]uplicate column name",
        "The database has tables or columns that the notes in applications/eden/databases/*.table do not tell of. Put "
        f"that folder back from the backup that was made with the database, or name an empty database: {_URI}.",
    ),
    (
        r"no such (table|column)|(relation|column) .+ does not exist|Table .+ doesn't exist|Unknown column",
        "The database lacks what this version needs. Remove applications/eden/databases/schema.fingerprint and start "
        "again: what is missing is made then.",
    ),
    (
        r"could not (connect|translate host name)|connection to server|Can't connect|server has gone away"
        r"|Lost connection|Failure to connect",
        f"Check that the database server runs and can be reached, and its address: {_URI}.",
    ),
    (r"No such file or directory", "If the checkout was moved, start ./run from where it is now."),
)


@dataclass(frozen=True)
class Administrator:
    """The first administrator, and whether the password was generated here and must be shown."""

    email: str
    password: str
    made_up: bool


def administrator_from(email: str | None, password: str | None) -> Administrator:
    """Return the administrator named by options or environment, with defaults for what they leave out."""
    password = password or os.environ.get("EDEN_ADMIN_PASSWORD")
    return Administrator(
        email=email or os.environ.get("EDEN_ADMIN_EMAIL") or DEFAULT_EMAIL,
        password=password or secrets.token_urlsafe(9),
        made_up=not password,
    )


def web2py_command(python: Path, home: Path, *options: str) -> list[str]:
    return [str(python), str(CHECKOUT / "web2py.py"), "-f", str(home), "--no_banner", *options]


def script_command(python: Path, home: Path, script: Path, arguments: Sequence[str] = ()) -> list[str]:
    """Return the command that runs a script in the application's environment."""
    return web2py_command(python, home, "-S", APPLICATION, "-M", "-R", str(script), "-A", *arguments)


def run_script(
    python: Path,
    home: Path,
    script: Path,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Any:
    """Run a script in the application's environment and return its JSON result.

    The script writes its result to the file that the variable EDEN_RESULT names. web2py ends with status 0 even
    when a script fails, so a missing result means failure.

    Raises:
        Problem: there is no result.
    """
    with tempfile.TemporaryDirectory(prefix="eden-") as scratch:
        result = Path(scratch) / "result.json"
        completed = subprocess.run(
            script_command(python, home, script, arguments),
            cwd=home,
            env={**os.environ, **(environment or {}), RESULT_FILE: str(result)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if result.is_file():
            return json.loads(result.read_text(encoding="utf-8"))
    log = home / "logs" / f"{script.stem}.log"
    log.write_bytes(completed.stdout)
    raise Problem(
        f"{script.stem} did not finish in {home}:\n{reason(completed.stdout.decode(errors='replace'), log)}",
        f"The whole output is in {log}. {hint(completed.stdout.decode(errors='replace'))}",
    )


def reason(output: str, log: Path) -> str:
    """Return the exception that ended a script, else the last lines of its output."""
    found = raised(output)
    return f"  {found}" if found else tail(log)


def raised(output: str) -> str:
    """Return the exception that ended a script, as its output tells it, "" if it tells none."""
    found = re.findall(
        r"^(?:psycopg2\.errors\.\w+|[\w.]+(?:Error|Exception|Missing|Failed|SchemaOutdated)): .+",
        output,
        re.MULTILINE,
    )
    return found[-1] if found else ""


def hint(output: str) -> str:
    """Return what to do about a failed script, as far as its output shows it."""
    for said, remedy in REMEDIES:
        if re.search(said, output):
            return remedy
    return "Repair what it names and start again: the preparation continues where it stopped."


def prepare_site(
    python: Path,
    home: Path,
    configuration: SiteConfiguration,
    administrator: Administrator,
    former: SiteConfiguration | None = None,
) -> bool | None:
    """Bring the site's database up to date with the application.

    Args:
        python: the Python of the environment.
        home: the instance folder.
        configuration: the site's configuration.
        administrator: the first administrator.
        former: the configuration of the start before, None before the first.

    Returns:
        None if there was nothing to do, else whether the administrator was created now.

    Raises:
        Problem: the preparation failed, or the site has its records in another database.
    """
    is_moved = (
        former is not None and former.database != configuration.database and remembered(home) is not None
    )
    wanted = fingerprint(home, configuration, python)
    if remembered(home) == wanted and database_exists(home, configuration):
        return None
    result = run_script(
        python,
        home,
        SCRIPTS / "prepare_site.py",
        environment={
            "EDEN_ADMIN_EMAIL": administrator.email,
            "EDEN_ADMIN_PASSWORD": administrator.password,
            "EDEN_DATABASE_IN_USE": "1" if is_moved else "",
        },
    )
    if former is not None and result.get("is_empty"):
        raise Problem(
            f"The site in {home} has its records in {without_password(former.database)}. The database "
            f"{without_password(configuration.database)} has none of them: --database moves nothing.",
            f"Move them there first: ./eden --instance {home} move-database --database ... For a new, empty site name "
            "another folder: ./run --instance /path/to/another --database ...",
        )
    write_privately(home / "prepared.json", json.dumps({"fingerprint": wanted}) + "\n")
    return bool(result["created_admin"])


def is_administrator(python: Path, home: Path, email: str | None, password: str | None) -> bool:
    """Return whether an administrator of the site has this address and password, as far as they are given."""
    script = SCRIPTS / "check_administrator.py"
    environment = {"EDEN_ADMIN_EMAIL": email or "", "EDEN_ADMIN_PASSWORD": password or ""}
    return bool(run_script(python, home, script, environment=environment)["fits"])


def fingerprint(home: Path, configuration: SiteConfiguration, python: Path) -> str:
    """Return a digest of what determines the schema: the application's code, gluon, the database."""
    found = hashlib.sha256()
    found.update(configuration.database.encode())
    found.update(digest(CHECKOUT / "requirements.txt").encode())
    application = application_folder(home)
    for name in ("models", "modules"):
        folder = (application / name).resolve()
        for path in files_below(folder):
            if path.suffix == ".py":
                found.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def remembered(home: Path) -> str | None:
    try:
        return str(json.loads((home / "prepared.json").read_text())["fingerprint"])
    except (OSError, ValueError, KeyError):
        return None


def database_exists(home: Path, configuration: SiteConfiguration) -> bool:
    """Return whether an embedded database exists; for a server nobody knows without asking it."""
    scheme, _, name = configuration.database.partition("://")
    if scheme != "sqlite":
        return True
    return (application_folder(home) / "databases" / name).is_file()
