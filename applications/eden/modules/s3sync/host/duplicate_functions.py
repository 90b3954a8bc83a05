"""Asks an Eden's own functions for duplicates, which take an item of its import and change it.

Such a function finds the attributes of Eden's import items (modules/core/resource/importer.py of eden-asp,
modules/s3/s3import.py of the classic one): it reads ``data``, ``table`` and ``components``, sets ``id`` and ``method``
where it knows the record, ``skip`` where nothing of that may be changed, and ``accepted`` or ``error`` where the record
must not come in.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Callable
from xml.etree.ElementTree import Element

from gluon.storage import Storage

from ..core.schema import Candidate, Found
from .port import DataModel

_METHODS = Storage(CREATE="create", UPDATE="update", DELETE="delete", MERGE="merge")


class ImportItem:
    """A record as Eden's functions know it.

    Args:
        table: its table, of pydal.
        values: its fields.
        uuid: its uuid, if it came with one.
    """

    METHOD = _METHODS

    def __init__(self, table: Any, values: Mapping[str, Any], uuid: str | None = None) -> None:
        self.table = table
        self.tablename = str(table._tablename)
        self.data = Storage(values)
        self.uid = uuid
        self.id: Any = None
        self.method: str | None = None
        self.original = None
        self.element = Element("resource", name=self.tablename)
        self.components: list[ImportItem] = []
        #: What it refers to is in its data where it is here already.
        self.references: list[Any] = []
        self.job = SimpleNamespace(items={})
        self.parent = None
        self.skip = False
        self.accepted: bool | None = None
        self.error: Any = None


def finder(model: Callable[[], DataModel], name: str, rule: Any) -> Callable[[Candidate], Found] | None:
    """Return what asks the rule of a table where it is a function, None for others.

    Args:
        model: returns the data model of the current request: a rule may be bound to what another one had open.
        name: the table.
        rule: its rule now. One that names fields is compared for a page at once.
    """
    if not callable(rule) or hasattr(rule, "primary"):
        return None

    def find(candidate: Candidate) -> Found:
        return ask(model(), name, candidate)

    return find


def ask(model: DataModel, name: str, candidate: Candidate) -> Found:
    """Ask the function of a table which record here an incoming one is.

    Args:
        model: the data model.
        name: the table.
        candidate: the record.

    Raises:
        CallbackFailed: the function failed.
    """
    item = ImportItem(model.table(name), candidate.values, candidate.uuid)
    item.components = [ImportItem(model.table(each), values) for each, values in candidate.components]
    model.call(model.config(name, "deduplicate"), name, [item])
    if item.accepted is False or item.error:
        return Found(refused=str(item.error or "It was refused by the rule for duplicates of its table."))
    return Found(int(item.id) if item.id else None, stays=item.skip)
