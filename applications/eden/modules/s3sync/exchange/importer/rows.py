"""Converts new records to rows of their table."""

from __future__ import annotations

from typing import Any

from ..ports import Row
from .items import Item, TablePlan

#: Columns that are written with every new record if its table has them.
META = (
    "uuid",
    "mci",
    "deleted",
    "created_on",
    "modified_on",
    "created_by",
    "modified_by",
    "owned_by_user",
    "owned_by_group",
    "approved_by",
    "realm_entity",
)


class NewRows:
    """How new records of one table become rows, computed once.

    Args:
        plan: the table.

    Attributes:
        columns: the columns of a row, in order.
    """

    def __init__(self, plan: TablePlan) -> None:
        fields = plan.table.fields
        self._plan = plan
        self._initial = plan.table.initial
        self._meta = [at for at, name in enumerate(META) if name in fields]
        self.columns: tuple[str, ...] = (
            *(name for name in META if name in fields),
            *plan.data,
            *plan.references,
            *plan.table.super_keys,
            *(self._initial.fields if self._initial is not None else ()),
        )
        self._place: dict[str, int] = {name: at for at, name in enumerate(self.columns)}
        # The columns after the meta-fields, with their values if the document has none.
        self._unsaid: list[Any] = [plan.fixed_defaults.get(name) for name in self.columns[len(self._meta) :]]

    def row(self, item: Item, meta: tuple[Any, ...]) -> Row:
        """Return the row of an item.

        Args:
            item: the item, with its changes and super keys.
            meta: values for META.
        """
        row = [*(meta if len(self._meta) == len(meta) else [meta[at] for at in self._meta]), *self._unsaid]
        place = self._place
        for values in (self._plan.made_defaults(), item.changes, item.super_keys):
            for name, value in values.items():
                at = place.get(name)
                if at is not None:
                    row[at] = value
        if self._initial is not None:
            derived = self._initial.compute(dict(zip(self.columns, row)))
            row[-len(derived) or len(row) :] = derived
        return tuple(row)
