"""Calls a function for each table of a DAL when pydal defines it."""

from __future__ import annotations

from typing import Any, Callable

Callback = Callable[[Any], None]


def on_define(db: Any, callback: Callback) -> None:
    """Call a function with each table of a DAL when pydal defines it; lazy tables stay lazy.

    Args:
        db: the DAL; models may declare tables before and after this call.
        callback: is called with the table.
    """
    lazy = db._LAZY_TABLES
    for name in list(db.tables):
        if name in lazy:
            tablename, fields, options = lazy[name]
            lazy[name] = (tablename, fields, _with(options, callback))
        else:
            callback(db[name])
    define = db.define_table

    def define_table(tablename: str, *fields: Any, **options: Any) -> Any:
        return define(tablename, *fields, **_with(options, callback))

    # pydal refuses to set an existing name of the DAL.
    vars(db)["define_table"] = define_table


def _with(options: dict[str, Any], callback: Callback) -> dict[str, Any]:
    first = options.get("on_define")

    def call(table: Any) -> None:
        if first is not None:
            first(table)
        callback(table)

    return {**options, "on_define": call}
