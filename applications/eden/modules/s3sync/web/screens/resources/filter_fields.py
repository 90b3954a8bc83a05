"""The fields for filters, with labels: of the resource, of its references, of its components."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ....core.errors import SyncError
from ....core.schema import META_FIELDS, Field, Table
from ....host.validators import flattened
from ....site import Site
from ....site.labels import Translate, resource_title
from ....site.wanted import tasks as wanted_tasks
from ....wire.filters import Filter
from .filter_rows import COMPARISONS, NOTHING, FieldEntry, row_of

_KINDS: dict[str, str] = {
    "string": "text",
    "text": "text",
    "integer": "number",
    "bigint": "number",
    "double": "number",
    "decimal": "number",
    "date": "date",
    "datetime": "datetime",
    "time": "time",
    "boolean": "yesno",
    "list:string": "list",
    "list:integer": "list",
}
_TEMPORAL = ("date", "datetime", "time")


class FieldGroup(NamedTuple):
    """The fields of one table.

    Attributes:
        title: title of the table.
        entries: its fields.
    """

    title: Any
    entries: list[FieldEntry]


class FilterFields:
    """The fields of one resource.

    Args:
        site: this site.
        T: web2py's translator.
        table: the resource.
    """

    def __init__(self, site: Site, T: Translate, table: Table) -> None:
        self._site = site
        self._T = T
        self._table = table

    def groups(self) -> list[FieldGroup]:
        """Return the fields to choose from."""
        table = self._table
        found = [self._own()]
        found += [self._referred(each) for each in table.data_fields() if each.target is not None]
        found += [self._component(alias) for alias in table.components]
        return [each for each in found if each.entries]

    def entries_of(self, filters: Iterable[Filter]) -> dict[str, FieldEntry]:
        """Return the fields that filters name, by selector, without collecting those of all related tables."""
        table = self._table
        groups: dict[tuple[str, str], FieldGroup] = {}
        for filter in filters:
            alias, path = filter.selectors[0]
            far = path[0] if len(path) == 2 else ""
            if (alias, far) in groups or len(path) > 2:
                continue
            if alias != "~":
                groups[alias, far] = self._component(alias)
            elif far:
                field = table.fields.get(far)
                groups[alias, far] = self._referred(field) if field is not None else FieldGroup("", [])
            else:
                groups[alias, far] = self._own()
        return by_selector(groups.values())

    def _own(self) -> FieldGroup:
        table = self._table
        return FieldGroup(self._title(table.name), [*self._entries(table, "~.", ""), *self._times(table)])

    def _referred(self, field: Field) -> FieldGroup:
        table = self._table
        target = self._site.schema.get(field.target) if field.target is not None else None
        if target is None or field.name in table.computed:
            return FieldGroup("", [])
        label = self._label(table, field)
        title = self._T("%(field)s (%(table)s)") % {"field": label, "table": self._title(target.name)}
        return FieldGroup(title, list(self._entries(target, f"~.{field.name}$", label)))

    def _component(self, alias: str) -> FieldGroup:
        component = self._table.components.get(alias)
        member = self._site.schema.get(component.table) if component is not None else None
        if component is None or member is None:
            return FieldGroup("", [])
        title = self._title(member.name)
        own = f"{alias}.{component.fkey}"
        entries = self._entries(member, f"{alias}.", title)
        return FieldGroup(title, [each for each in entries if each.selector != own])

    def _title(self, name: str) -> Any:
        return resource_title(self._site, name)

    def _label(self, table: Table, field: Field) -> str:
        return str(self._site.host.table(table.name)[field.name].label)

    def _entries(self, table: Table, prefix: str, outer: Any) -> Iterator[FieldEntry]:
        for field in table.data_fields():
            column = self._site.host.table(table.name)[field.name]
            if (
                not column.readable
                or field.name in table.computed
                or (table.is_super and field.name == table.key)
            ):
                continue
            kind = "presence" if field.is_reference else _KINDS.get(field.kind, "presence")
            if kind == "presence" and outer:
                continue  # "is set" of a distant field is no help
            options = self._options(table, field)
            if options:
                kind = "list" if kind == "list" else "choice"
            label = self._label(table, field)
            shown = self._T("%(outer)s: %(inner)s") % {"outer": outer, "inner": label} if outer else label
            yield FieldEntry(f"{prefix}{field.name}", shown, kind, options)

    def _times(self, table: Table) -> Iterator[FieldEntry]:
        T = self._T
        for name, label in (("modified_on", T("Changed on")), ("created_on", T("Made on"))):
            if name in table.fields and name in META_FIELDS:
                yield FieldEntry(f"~.{name}", label, "datetime")

    def _options(self, table: Table, field: Field) -> Mapping[str, Any]:
        if field.is_reference or field.kind == "boolean":
            return {}
        for validator, _ in flattened(self._site.host.table(table.name)[field.name].requires):
            labels = getattr(validator, "s3_labels", None)
            if labels is not None:
                return {str(value): label for value, label in labels.items()}
            if type(validator).__name__ == "IS_IN_SET":
                return {str(value): label for value, label in validator.options(zero=False)}
        return {}

    # --- in words ---------------------------------------------------------------------------------------

    def sentences(self, filters: Sequence[Filter]) -> list[str]:
        """Return filters in words; those that no row of the form can express as they are written."""
        entries = self.entries_of(filters)
        return [self._sentence(each, entries) for each in filters]

    def _sentence(self, filter: Filter, entries: Mapping[str, FieldEntry]) -> str:
        row = row_of(filter, entries)
        entry = entries.get(row.selector)
        if entry is None:
            return row.text
        given: dict[str, Any] = {"field": entry.label}
        if COMPARISONS[row.comparison].takes != NOTHING:
            shown = [self._value(entry, each) for each in row.values]
            given["value"] = ", ".join(str(each) for each in shown)
        return str(_sentences(self._T, entry.kind)[row.comparison] % given)

    def _value(self, entry: FieldEntry, value: str) -> Any:
        if entry.kind == "yesno":
            return self._T("yes") if value == "true" else self._T("no")
        if entry.kind in ("datetime", "time"):
            value = f"{value.replace('T', ' ')} UTC"
        return entry.options.get(value, value)


def by_selector(groups: Iterable[FieldGroup]) -> dict[str, FieldEntry]:
    """Return the fields of groups by selector."""
    return {entry.selector: entry for group in groups for entry in group.entries}


def _sentences(T: Translate, kind: str) -> dict[str, Any]:
    words: dict[str, Any] = {
        "is": T("%(field)s is %(value)s"),
        "is_not": T("%(field)s is not %(value)s"),
        "one_of": T("%(field)s is one of: %(value)s"),
        "none_of": T("%(field)s is none of: %(value)s"),
        "contains": T("%(field)s contains %(value)s"),
        "not_contains": T("%(field)s does not contain %(value)s"),
        "begins": T("%(field)s begins with %(value)s"),
        "ends": T("%(field)s ends with %(value)s"),
        "like": T("%(field)s looks like %(value)s"),
        "ge": T("%(field)s is at least %(value)s"),
        "le": T("%(field)s is at most %(value)s"),
        "gt": T("%(field)s is more than %(value)s"),
        "lt": T("%(field)s is less than %(value)s"),
        "any_of": T("%(field)s has any of: %(value)s"),
        "all_of": T("%(field)s has all of: %(value)s"),
        "unset": T("%(field)s is empty"),
        "set": T("%(field)s is not empty"),
    }
    if kind in _TEMPORAL:
        words.update(
            ge=T("%(field)s is on or after %(value)s"),
            le=T("%(field)s is on or before %(value)s"),
            gt=T("%(field)s is after %(value)s"),
            lt=T("%(field)s is before %(value)s"),
        )
    return words


def comparison_words(T: Translate, kind: str) -> dict[str, Any]:
    """Return the labels of the comparisons; dates and times are earlier or later, not smaller."""
    words: dict[str, Any] = {
        "is": T("is"),
        "is_not": T("is not"),
        "one_of": T("is one of these (separate by commas)"),
        "none_of": T("is none of these (separate by commas)"),
        "contains": T("contains"),
        "not_contains": T("does not contain"),
        "begins": T("begins with"),
        "ends": T("ends with"),
        "like": T("looks like (* any characters, ? one)"),
        "ge": T("is at least"),
        "le": T("is at most"),
        "gt": T("is more than"),
        "lt": T("is less than"),
        "any_of": T("has any of these"),
        "all_of": T("has all of these"),
        "unset": T("is empty"),
        "set": T("is not empty"),
    }
    if kind in _TEMPORAL:
        words.update(ge=T("is on or after"), le=T("is on or before"), gt=T("is after"), lt=T("is before"))
    if kind == "choice":
        words.update(one_of=T("is one of these"), none_of=T("is none of these"))
    return words


def problem_of(T: Translate, error: SyncError, kind: str) -> Any:
    """Return the message about a row that is no valid filter.

    Args:
        T: web2py's translator.
        error: the error of the filter.
        kind: kind of the row's entry; "" for a filter written by hand.
    """
    told = {
        "number": T("Enter a number."),
        "date": T("Enter a day as year-month-day, such as 2026-01-31."),
        "datetime": T("Enter a day and a time (UTC), such as 2026-01-31T18:30."),
        "time": T("Enter a time of day (UTC), such as 18:30."),
        "yesno": T("Choose yes or no."),
    }
    return told.get(kind) or error.explain()


def is_valid(site: Site, table: Table, filter: Filter) -> SyncError | None:
    """Return the error of a filter, None if it is valid."""
    try:
        wanted_tasks.check_filter(site, table, filter)
    except SyncError as error:
        return error
    return None
