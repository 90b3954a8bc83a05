"""What can be exchanged with a repository: the tables of this site and the offer of the other one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ....active.registration import known_offer
from ....core.schema import Schema, Table
from ....core.text import TextEnum
from ....site import Repository
from ....site.labels import resource_title


class Offered(TextEnum):
    """Which site has a table; UNKNOWN if the other one never said."""

    BOTH = "both"
    HERE = "here"
    THERE = "there"
    UNKNOWN = "unknown"


class CatalogueItem(NamedTuple):
    """A table that may be exchanged.

    Attributes:
        name: name of the table.
        title: title of its records.
        here, there: numbers of records at each site; None if the site has no such table, or did not say.
        offered: which site has it.
        travels_with: titles of the resources with which its records travel as components.
        task_id: id of the task that exchanges it already.
    """

    name: str
    title: str
    here: int | None
    there: int | None
    offered: Offered
    travels_with: list[str]
    task_id: int | None


class CatalogueGroup(NamedTuple):
    """The items of a module.

    Attributes:
        title: title of the module.
        items: its items, sorted by title.
    """

    title: str
    items: list[CatalogueItem]


class Catalogue:
    """The tables that can be exchanged with a repository.

    Args:
        repository: the repository.
        names: the tables to include, None for all.
    """

    def __init__(self, repository: Repository, names: Collection[str] | None = None) -> None:
        site = self._site = repository.site
        known = known_offer(repository)
        self.asked_on: datetime | None = known.asked_on if known is not None else None
        self._there: dict[str, Any] | None = (
            {each.name: each for each in known.offer.resources} if known is not None else None
        )
        self._sets = known.offer.datasets if known is not None else ()
        self._tasks = {row.resource: row.id for row in repository.task_rows}
        tables = [
            table for table in site.schema if not table.is_super and (names is None or table.name in names)
        ]
        self._here = site.record_counts.counts(tables)

    def sets(self) -> dict[str, list[str]]:
        """Return the data sets of the other site: name -> tables that can be added here."""
        sets = {each.name: [name for name in each.resources if self.can_add(name)] for each in self._sets}
        return {name: tables for name, tables in sets.items() if tables}

    def can_add(self, name: str) -> bool:
        """Return whether a table can be added: this site has it, not only as a component, and without a task yet."""
        return name in self._here and name not in self._tasks

    def item(self, name: str) -> CatalogueItem:
        """Return the item of a table."""
        table = self._site.schema.get(name)
        there = self._there.get(name) if self._there is not None else None
        if self._there is None:
            offered = Offered.UNKNOWN
        elif table is None:
            offered = Offered.THERE
        else:
            offered = Offered.HERE if there is None else Offered.BOTH
        return CatalogueItem(
            name,
            resource_title(self._site, name) if table is not None or there is None else there.title,
            self._here.get(name),
            there.records if there is not None else None,
            offered,
            [] if table is None else self._masters(table),
            self._tasks.get(name),
        )

    def _masters(self, table: Table) -> list[str]:
        found: set[str] = set()
        for name, component in self._site.schema.masters(table.name):
            if component.travels and name != table.name:
                master = self._site.schema.table(name)
                found.update(master.instance_types or (name,))
        return sorted(resource_title(self._site, name) for name in found)

    def shelves(self) -> list[CatalogueGroup]:
        """Return all tables by module, also those that only the other site has."""
        names = {*self._here, *(self._there or ())}
        modules: dict[str, list[CatalogueItem]] = {}
        for name in names:
            modules.setdefault(name.partition("_")[0], []).append(self.item(name))
        shelves = [
            CatalogueGroup(self._site.host.module_title(prefix), sorted(items, key=_by_title))
            for prefix, items in modules.items()
        ]
        return sorted(shelves, key=lambda shelf: shelf.title.lower())


def _by_title(item: CatalogueItem) -> Any:
    return bool(item.travels_with), item.title.lower()


# --- what belongs together ----------------------------------------------------------------------------------


def referred(schema: Schema, table: Table) -> list[str]:
    """Return the tables that the records of a table, or required references of their components, refer to."""
    parts = [schema.get(each.table) for each in table.components.values() if each.travels]
    names = {table.name, *(part.name for part in parts if part is not None)}
    found: dict[str, None] = {}
    for part in (table, *parts):
        for field in part.data_fields() if part is not None else ():
            target = schema.get(field.target) if field.target is not None else None
            if target is None or target.is_super or target.name in names:
                continue
            if part is table or field.notnull:
                found[target.name] = None
    return list(found)


def suggestions(schema: Schema, chosen: Sequence[str]) -> dict[str, list[str]]:
    """Return suggestions for chosen tables: suggested table -> tables that refer to it.

    Args:
        schema: the tables of this site.
        chosen: names of the chosen tables; they are not suggested.
    """
    because: dict[str, list[str]] = {}
    todo = list(chosen)
    while todo:
        name = todo.pop(0)
        table = schema.get(name)
        for target in referred(schema, table) if table is not None else ():
            if target not in chosen:
                if target not in because:
                    todo.append(target)
                because.setdefault(target, []).append(name)
    return because


def in_order(schema: Schema, names: Sequence[str]) -> list[str]:
    """Return tables sorted so that referenced ones come first, and references arrive after their targets."""
    ordered: list[str] = []
    open_: set[str] = set()

    def place(name: str) -> None:
        if name in ordered or name in open_:
            return
        open_.add(name)
        table = schema.get(name)
        for target in referred(schema, table) if table is not None else ():
            place(target)
        ordered.append(name)

    for name in names:
        place(name)
    return [name for name in ordered if name in names]
