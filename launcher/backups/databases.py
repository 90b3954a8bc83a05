"""The database of a site into a file and back: SQLite by its own means, servers by their programs."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ..problems import Problem

#: Seconds that a copy waits for whoever writes just then.
_PATIENCE = 30
_UTF8 = "--default-character-set=utf8mb4"


class _Server(NamedTuple):
    """How a server's programs are called.

    Attributes:
        dump, load: the command lines that write all tables to the output, and read them from the input.
        package: Debian's package with these programs.
        environment: variables with the password, which must not stand in the list of processes.
    """

    dump: list[str]
    load: list[str]
    package: str
    environment: Mapping[str, str]


def scheme_of(uri: str) -> str:
    """Return the kind of a database by its pydal URI: sqlite, postgres or mysql."""
    return uri.partition(":")[0]


@contextlib.contextmanager
def copy_of(uri: str, databases: Path, target: Path) -> Iterator[Path]:
    """Write a database into a file as it is at one moment, while others go on writing.

    Args:
        uri: pydal connection string.
        databases: the folder of SQLite's files.
        target: the new file; removed afterwards.

    Yields:
        the file.

    Raises:
        Problem: it cannot be copied, or is damaged.
    """
    try:
        if scheme_of(uri) == "sqlite":
            _copy_sqlite(databases / uri.partition("://")[2], target)
        else:
            with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
                server = _server(uri)
                _call(server.dump, server, stdout=handle)
        yield target
    finally:
        target.unlink(missing_ok=True)


def load(uri: str, dump: Path) -> None:
    """Put the dump of a server into its database, in place of the tables there.

    Args:
        uri: pydal connection string.
        dump: the file that ``copy_of`` wrote.

    Raises:
        Problem: it cannot be put there.
    """
    server = _server(uri)
    with open(dump, "rb") as handle:
        _call(server.load, server, stdin=handle)


def _copy_sqlite(path: Path, target: Path) -> None:
    if not path.is_file():
        raise Problem(f"The database {path} is missing.", "Put it back from a former backup.")
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with (
            contextlib.closing(sqlite3.connect(path, timeout=_PATIENCE)) as source,
            contextlib.closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
            (told,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise Problem(
            f"The database {path} cannot be copied: {error}.", "Look at ./eden doctor, and try again."
        ) from error
    if told != "ok":
        raise Problem(
            f"The database {path} is damaged: {told}.",
            "Keep the backups from before, stop the site, and let somebody look at it who knows SQLite.",
        )


def _server(uri: str) -> _Server:
    parts = urlsplit(uri)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    name = unquote(parts.path.lstrip("/"))
    if scheme_of(uri) == "postgres":
        where = _options({"--host": parts.hostname, "--port": parts.port, "--username": user})
        load = [
            "pg_restore",
            *where,
            "--dbname",
            name,
            "--clean",
            "--if-exists",
            "--no-owner",
            "--no-privileges",
        ]
        return _Server(
            ["pg_dump", *where, "--format=custom", "--no-owner", "--no-privileges", name],
            [*load, "--single-transaction", "--exit-on-error"],
            "postgresql-client",
            {"PGPASSWORD": password} if password else {},
        )
    if scheme_of(uri) == "mysql":
        where = _options({"--host": parts.hostname, "--port": parts.port, "--user": user})
        return _Server(
            ["mysqldump", *where, _UTF8, "--single-transaction", "--hex-blob", name],
            ["mysql", *where, _UTF8, name],
            "mariadb-client",
            {"MYSQL_PWD": password} if password else {},
        )
    raise Problem(
        f"A database of the kind {scheme_of(uri)} is not known here.",
        "Back it up with its own programs; uploads/, private/ and databases/ belong to it.",
    )


def _options(values: Mapping[str, object]) -> list[str]:
    return [f"{name}={value}" for name, value in values.items() if value]


def _call(
    command: list[str],
    server: _Server,
    *,
    stdin: "int | object" = subprocess.DEVNULL,
    stdout: "int | object" = subprocess.DEVNULL,
) -> None:
    if shutil.which(command[0]) is None:
        raise Problem(
            f"The program {command[0]} is not on this machine.", f"Install it: apt install {server.package}"
        )
    done = subprocess.run(
        command,
        stdin=stdin,  # type: ignore[arg-type]
        stdout=stdout,  # type: ignore[arg-type]
        stderr=subprocess.PIPE,
        env={**os.environ, **server.environment},
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise Problem(
            f"{command[0]} failed: {_reason(done.stderr)}",
            "Look whether the server runs, and whether the account of the site may do this; then try again.",
        )


def _reason(said: str) -> str:
    """Return the line that says why: mysql writes the statement before it."""
    lines = said.strip().splitlines() or ["without a word"]
    return next((line for line in lines if line.startswith("ERROR")), lines[0])
