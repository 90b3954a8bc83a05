"""How stored values are shown to people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from .datamodel import S3DataModel

NONE = "-"


def choice_label(labels: Mapping[Any, Any]) -> Callable[..., Any]:
    """Return a represent function for a value (or list of values) that has a label."""

    def represent(value: Any, row: Any = None) -> Any:
        if isinstance(value, (list, tuple)):
            return ", ".join(str(labels.get(one, one)) for one in value) or NONE
        return NONE if value is None else labels.get(value, value)

    return represent


class ReferenceLabel:
    """Represents a reference by the name of the record.

    Names are cached as long as this object lives, which is one request.
    """

    def __init__(self, s3db: S3DataModel, tablename: str) -> None:
        self.s3db = s3db
        self.tablename = tablename
        self._known: dict[int, str] = {}

    def load(self, ids: Iterable[Any]) -> None:
        """Look up many names with one query."""
        missing = {int(one) for one in ids if one} - set(self._known)
        if not missing:
            return
        table = self.s3db[self.tablename]
        wanted = self.s3db.get_config(self.tablename, "name_fields", ("name",))
        columns = [table[name] for name in wanted if name in table.fields]
        for row in self.s3db.db(table._id.belongs(missing)).select(table._id, *columns):
            parts = [str(row[column]) for column in columns if row[column]]
            self._known[row[table._id]] = " ".join(parts) or f"#{row[table._id]}"
        for one in missing:
            self._known.setdefault(one, f"#{one}")

    def __call__(self, value: Any, row: Any = None) -> str:
        if not value:
            return NONE
        ids = list(value) if isinstance(value, (list, tuple)) else [value]
        self.load(ids)
        return ", ".join(self._known[int(one)] for one in ids)
