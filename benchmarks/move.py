"""A site moves into another database and back: how long it takes, all comparing with it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Callable

from launcher.configuration import read_configuration
from launcher.moves.make import move_database

from .sites import Site, connect, fresh_database
from .table import Row

SERVERS = {
    "PostgreSQL": "postgres://postgres@127.0.0.1/postgres",
    "MariaDB": "mysql://root:@127.0.0.1/mysql",
}


def measure_moves(
    site: Callable[..., AbstractContextManager[Site]],
    fill: Callable[..., None],
    folder: Path,
    records: int,
) -> Iterator[Row]:
    """Measure moves of one site from SQLite to each server of this machine, from one to the other, and
    back into a file.

    Args:
        site: makes a site on SQLite.
        fill: fills a site with organisations.
        folder: for measurements that write files.
        records: how many organisations.
    """
    with site("moved") as moved:
        fill(moved, records)
        moved.stop()  # A worker notes each minute that it lives.
        yield from _go_round(
            moved.home, [each for each in SERVERS.items() if _is_here(each[1])], records, "SQLite"
        )


def _go_round(home: Path, servers: list[tuple[str, str]], records: int, former: str) -> Iterator[Row]:
    """Move to the first server, from there to the others, and from the last one back."""
    if not servers:
        if former != "SQLite":
            yield _move(home, "sqlite://back.sqlite", records, f"{former} to SQLite")
        return
    (name, uri), *others = servers
    with fresh_database(uri) as target:
        yield _move(home, target, records, f"{former} to {name}")
        yield from _go_round(home, others, records, name)


def _move(home: Path, target: str, records: int, way: str) -> Row:
    configuration = read_configuration(home)
    assert configuration is not None
    began = time.monotonic()
    told = move_database(home, configuration, target, _ignore)
    seconds = time.monotonic() - began
    assert told["records"] > records
    return Row(f"{way}: a site with {records:,} organisations, {told['records']:,} rows", seconds, "s")


def _is_here(uri: str) -> bool:
    """Return whether a server answers, and has a driver here."""
    try:
        connect(uri).close()
    except Exception:  # each driver has exceptions of its own
        return False
    return True


def _ignore(news: Mapping[str, Any]) -> None:
    """Tell nobody."""
