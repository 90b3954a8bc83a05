"""Which failures of a server's driver pass by themselves: a mistake in a statement does not, and needs its report."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import psycopg2
import pymysql
import pytest
from psycopg2.extensions import adapt
from pymysql.converters import escape_item

from s3sync.core.errors import RowRefused, StoreBusy, SyncError
from s3sync.database.store.mysql import MySQLStore
from s3sync.database.store.postgres import PostgresStore


def translated(kind: Any, error: BaseException) -> SyncError:
    store = object.__new__(kind)
    store._adapter = SimpleNamespace(driver=pymysql)
    assert isinstance(error, store.driver_errors())
    found: SyncError = store.translated(error, "SELECT 1")
    return found


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (PostgresStore, psycopg2.OperationalError("server closed the connection unexpectedly")),
        (PostgresStore, psycopg2.InterfaceError("connection already closed")),
        (PostgresStore, psycopg2.DatabaseError("SSL SYSCALL error: EOF detected")),
        (MySQLStore, pymysql.err.OperationalError(2013, "Lost connection to MySQL server during query")),
        (MySQLStore, pymysql.err.InterfaceError(0, "")),
        (MySQLStore, pymysql.err.InternalError("Packet sequence number wrong - got 1 expected 0")),
    ],
)
def test_a_lost_connection_passes(kind: Any, error: BaseException) -> None:
    assert isinstance(translated(kind, error), StoreBusy)


@pytest.mark.parametrize(
    ("kind", "make"),
    [(PostgresStore, lambda: adapt({})), (MySQLStore, lambda: escape_item(float("nan"), "utf8mb4"))],
)
def test_what_the_driver_cannot_send_does_not_pass(kind: Any, make: Any) -> None:
    with pytest.raises((psycopg2.Error, pymysql.err.Error)) as told:
        make()
    found = translated(kind, told.value)
    assert not isinstance(found, StoreBusy) and not found.transient
    assert str(told.value) in found.message


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (PostgresStore, psycopg2.ProgrammingError("no results to fetch")),
        (PostgresStore, psycopg2.NotSupportedError("not in this mode")),
        (MySQLStore, pymysql.err.ProgrammingError("execute() first")),
        (MySQLStore, pymysql.err.NotSupportedError("no such thing")),
    ],
)
def test_a_driver_that_is_used_wrongly_does_not_pass(kind: Any, error: BaseException) -> None:
    assert not isinstance(translated(kind, error), StoreBusy)


class OfServer(psycopg2.Error):
    """An error with a code of the server; psycopg2's own cannot be given one."""

    pgcode = ""

    def __init__(self, code: str) -> None:
        super().__init__(f"error {code}")
        self.pgcode = code


def raised_after(first: str | None) -> OfServer:
    """Return the error of a statement in a transaction that an earlier one has aborted, while that was handled."""
    try:
        try:
            if first is not None:
                try:
                    raise OfServer(first)
                except OfServer as error:
                    raise translated(PostgresStore, error) from error
        finally:
            raise OfServer("25P02")
    except OfServer as error:
        return error


@pytest.mark.parametrize(
    ("first", "passes"), [("55P03", True), ("40P01", True), ("23505", False), (None, False)]
)
def test_a_statement_in_an_aborted_transaction_passes_only_where_what_aborted_it_does(
    first: str | None, passes: bool
) -> None:
    found = translated(PostgresStore, raised_after(first))
    assert isinstance(found, StoreBusy) == passes and not isinstance(found, RowRefused)
    assert not passes or found.deadlock == (first == "40P01")  # type: ignore[attr-defined]
