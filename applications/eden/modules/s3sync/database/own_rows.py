"""Reads rows of our own tables with few steps.

pydal builds each query anew from its expressions, and an object per row that can update itself: for a row of
sync_repository that takes twenty times as long as the database. What is read with every request is read here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple, Union

from ..core.schema import Field
from .store import JournalRows, open_store
from .store.column_types import Converter

__all__ = ["among", "read", "write"]

#: Of which repositories: one, some, or all.
Repositories = Union[int, Collection[int], None]


class _Plan(NamedTuple):
    """How the rows of a table are read and written.

    Attributes:
        select: the query without its conditions.
        decoders: name of each column -> what reads its values, None where nothing is to be done.
        encoders: name of each column -> what writes its values, None where nothing is to be done.
    """

    select: str
    decoders: dict[str, Converter | None]
    encoders: dict[str, Converter | None]


#: Kind and address of a database, and table -> its plan: our tables are the same in each request of a process.
_plans: dict[tuple[type[JournalRows], str, str], _Plan] = {}


def read(db: Any, table: str, where: Mapping[str, Any], *, limit: int | None = None) -> list[Any]:
    """Return the rows of a table whose columns have these values, by their keys; columns are attributes.

    Where there are many values to choose from, ``store.by_keys`` is the better way.

    Args:
        db: the DAL, with the tables of ``tables.define``.
        table: name of one of our tables.
        where: column -> value, None for NULL, or a few values of which it has one.
        limit: maximum number of rows, None for all.
    """
    store = open_store(db)
    plan = _plan(db, store, table)
    condition, given = _condition(store, plan, where)
    ending = "" if limit is None else f" LIMIT {int(limit)}"
    sql = f"{plan.select}{condition} ORDER BY id{ending}"
    return [
        SimpleNamespace(
            **{
                name: value if decode is None or value is None else decode(value)
                for (name, decode), value in zip(plan.decoders.items(), row)
            }
        )
        for row in store.rows(sql, given)
    ]


def write(db: Any, table: str, key: int, values: Mapping[str, Any]) -> None:
    """Store columns of a row within the current transaction.

    Args:
        db, table: as in ``read``.
        key: the row's key.
        values: column -> value.
    """
    store = open_store(db)
    plan = _plan(db, store, table)
    quote = store.columns.name
    assigned = ", ".join(f"{quote(name)} = {store.mark}" for name in values)
    store.begin_if_needed()
    store.run(
        f"UPDATE {quote(table)} SET {assigned} WHERE {quote('id')} = {store.mark}",
        (*(_encoded(plan, name, value) for name, value in values.items()), key),
    )


def _plan(db: Any, store: JournalRows, table: str) -> _Plan:
    key = (type(store), str(getattr(db._adapter, "dbpath", db._uri)), table)
    if key not in _plans:
        fields = [Field(each.name, each.type, each.type.partition(" ")[0]) for each in db[table]]
        columns = store.columns
        selected = ", ".join(columns.plain(columns.name(each.name), each) for each in fields)
        _plans[key] = _Plan(
            f"SELECT {selected} FROM {columns.name(table)}",
            {each.name: columns.decoder(each) for each in fields},
            {each.name: columns.encoder(each) for each in fields},
        )
    return _plans[key]


def _condition(store: JournalRows, plan: _Plan, where: Mapping[str, Any]) -> tuple[str, list[Any]]:
    parts: list[str] = []
    given: list[Any] = []
    for name, value in where.items():
        column = store.columns.name(name)
        if value is None:
            parts.append(f"{column} IS NULL")
            continue
        values = value if isinstance(value, (list, tuple)) else (value,)
        parts.append(f"{column} IN ({store.marks(len(values)) or 'NULL'})")
        given += [_encoded(plan, name, each) for each in values]
    return (f" WHERE {' AND '.join(parts)}" if parts else ""), given


def _encoded(plan: _Plan, name: str, value: Any) -> Any:
    encode = plan.encoders[name]
    return value if encode is None or value is None else encode(value)


def among(store: Any, column: str, only: Repositories) -> tuple[str, tuple[int, ...]]:
    """Return the condition that a column names one of some repositories, and its parameters.

    Args:
        store: of the database.
        column: the column, as it stands in the statement.
        only: the repositories, None for all.
    """
    if only is None:
        return "1 = 1", ()
    keys = (only,) if isinstance(only, int) else tuple(only)
    return (f"{column} IN ({store.marks(len(keys))})", keys) if keys else ("1 = 0", ())
