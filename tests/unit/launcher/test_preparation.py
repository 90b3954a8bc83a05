"""What is said when a site's database cannot be prepared: the reason, and what to do about just that."""

from __future__ import annotations

from pathlib import Path

import pytest

from launcher.preparation import hint, reason

SERVER, ACCOUNT, NONE, TOO_MUCH, TOO_LITTLE = (
    "server runs",
    "password",
    "first",
    "notes",
    "schema.fingerprint",
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        # there is no server, or no way to it
        (
            'psycopg2.OperationalError: connection to server at "127.0.0.1", port 5999 failed: Connection refused\n'
            "\tIs the server running on that host and accepting TCP/IP connections?",
            SERVER,
        ),
        (
            'psycopg2.OperationalError: connection to server on socket "/run/.s.PGSQL.5432" failed: '
            "No such file or directory",
            SERVER,
        ),
        ('psycopg2.OperationalError: could not translate host name "db" to address: unknown', SERVER),
        ("pymysql.err.OperationalError: (2003, \"Can't connect to MySQL server on 'db'\")", SERVER),
        ("RuntimeError: Failure to connect, tried 5 times:\nTraceback", SERVER),
        # there is one, that does not let us in
        (
            'psycopg2.OperationalError: connection to server at "db", port 5432 failed: FATAL:  '
            'password authentication failed for user "eden"',
            ACCOUNT,
        ),
        (
            'psycopg2.OperationalError: connection to server at "db", port 5432 failed: FATAL:  '
            'role "eden" does not exist',
            ACCOUNT,
        ),
        (
            "RuntimeError: Failure to connect, tried 5 times:\npymysql.err.OperationalError: "
            "(1045, \"Access denied for user 'eden'@'db' (using password: YES)\")",
            ACCOUNT,
        ),
        # there is no such database
        (
            'psycopg2.OperationalError: connection to server at "db", port 5432 failed: FATAL:  '
            'database "eden" does not exist',
            NONE,
        ),
        ("pymysql.err.OperationalError: (1049, \"Unknown database 'eden'\")", NONE),
        # it has other tables than thought
        ('psycopg2.errors.DuplicateTable: relation "auth_user" already exists', TOO_MUCH),
        ('psycopg2.errors.DuplicateColumn: column "a" of relation "auth_user" already exists', TOO_MUCH),
        ("pymysql.err.OperationalError: (1050, \"Table 'auth_user' already exists\")", TOO_MUCH),
        ("pymysql.err.OperationalError: (1060, \"Duplicate column name 'a'\")", TOO_MUCH),
        ("sqlite3.OperationalError: table auth_user already exists", TOO_MUCH),
        ("sqlite3.OperationalError: duplicate column name: a", TOO_MUCH),
        ('psycopg2.errors.UndefinedTable: relation "sync_run" does not exist', TOO_LITTLE),
        ("pymysql.err.ProgrammingError: (1146, \"Table 'eden.sync_run' doesn't exist\")", TOO_LITTLE),
        ("sqlite3.OperationalError: no such column: sync_run.done", TOO_LITTLE),
        # it cannot be written
        ("sqlite3.OperationalError: database is locked", "Another process"),
        ("sqlite3.OperationalError: attempt to write a readonly database", "belong"),
        ("sqlite3.OperationalError: unable to open database file", "belong"),
        ("psycopg2.errors.InsufficientPrivilege: permission denied for schema public", "all rights"),
        ("sqlite3.OperationalError: database or disk is full", "disk is full"),
        ("OSError: [Errno 28] No space left on device: No such file or directory", "disk is full"),
        # it is none of the database's
        ("FileNotFoundError: [Errno 2] No such file or directory: '/opt/eden/models'", "moved"),
        ("ValueError: nothing known", "continues where it stopped"),
    ],
)
def test_each_failure_has_a_remedy_of_its_own(said: str, expected: str) -> None:
    told = hint(f"Traceback (most recent call last):\n{said}\n")
    assert expected in told
    others = {SERVER, ACCOUNT, NONE, TOO_MUCH, TOO_LITTLE} - {expected}
    assert not any(other in told for other in others)


@pytest.mark.parametrize(
    "said",
    [
        'psycopg2.errors.DuplicateTable: relation "auth_user" already exists',
        "pymysql.err.OperationalError: (1049, \"Unknown database 'eden'\")",
        "s3.errors.SettingError: page_size",
    ],
)
def test_the_reason_is_what_was_raised(said: str, tmp_path: Path) -> None:
    log = tmp_path / "prepare.log"
    log.write_text("the log")
    assert reason(f"Traceback:\n  File 'x'\n{said}\nLINE 1: select\n", log) == f"  {said}"
    assert "the log" in reason("nothing was raised", log)
