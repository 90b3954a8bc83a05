"""A function for each table of a DAL as soon as it is really defined: those there are, and those that come."""

from __future__ import annotations

from typing import Any, Callable

Callback = Callable[[Any], None]


def on_define(db: Any, callback: Callback) -> None:
    """Have a function called with each table of a DAL when it is defined; lazy tables stay lazy.

    Args:
        db: the DAL; models may define tables on it before and after.
        callback: gets the table.
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

    # pydal refuses to set a name of the DAL that is there already
    vars(db)["define_table"] = define_table


def _with(options: dict[str, Any], callback: Callback) -> dict[str, Any]:
    first = options.get("on_define")

    def call(table: Any) -> None:
        if first is not None:
            first(table)
        callback(table)

    return {**options, "on_define": call}
