"""Filters as SQL conditions.

A condition is about the row of the filtered table with the alias ``t``. A foreign key that a selector follows, or a
component it begins with, becomes a sub-select, so that no record is found twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...core.errors import FilterError
from ...core.schema import Field, Schema, Table
from ...exchange.scope import Accessible
from ...wire.filters import Filter, Operator, Path, typed_values, validate

if TYPE_CHECKING:
    from .matching import ByContents

#: The depth to which ``typeof`` follows a hierarchy.
DEEPEST = 20

_COMPARISONS = {Operator.LT: "<", Operator.LE: "<=", Operator.GT: ">", Operator.GE: ">="}


class SqlCondition(NamedTuple):
    """A part of a WHERE clause.

    Attributes:
        sql: the text, in parentheses if needed.
        parameters: the values of its parameter marks, in the driver's form.
    """

    sql: str
    parameters: tuple[Any, ...] = ()


def joined(conditions: Sequence[SqlCondition], word: str) -> SqlCondition:
    """Return conditions joined by AND or OR."""
    if len(conditions) == 1:
        return conditions[0]
    sql = f" {word} ".join(each.sql for each in conditions)
    return SqlCondition(f"({sql})", tuple(value for each in conditions for value in each.parameters))


class Conditions:
    """Translates filters for one database.

    Args:
        schema: the tables.
        store: the store, for quoting, parameter marks and the conventions of columns.
    """

    def __init__(self, schema: Schema, store: ByContents) -> None:
        self._schema = schema
        self._store = store
        self._columns = store.columns
        self._mark = store.mark
        self._name = store.columns.name
        self._aliases = 0

    def __call__(self, table: Table, filter: Filter, alias: str) -> SqlCondition:
        """Return the condition of a filter.

        Args:
            table: the table to read.
            filter: a filter for this table.
            alias: alias of the table in the query.

        Raises:
            FilterError: it names something that does not exist, or compares values that cannot be compared.
        """
        if isinstance(filter, Accessible):
            return self._among(filter, table, alias)
        paths = validate(filter, self._schema, table)
        found = joined([self._along(path, filter, table, alias) for path in paths], "OR")
        if filter.negate:
            # A comparison with NULL is neither true nor false; its negation must be true.
            return SqlCondition(f"(NOT COALESCE({found.sql}, {self._false()}))", found.parameters)
        return found

    def _among(self, filter: Accessible, table: Table, alias: str) -> SqlCondition:
        keys = str(filter.values[0])
        if self._mark == "%s":
            keys = keys.replace("%", "%%")
        return SqlCondition(f"{alias}.{self._name(table.key)} IN ({keys})")

    def _false(self) -> str:
        return "FALSE" if self._store.dialect == "postgres" else "0"

    def _along(self, path: Path, filter: Filter, table: Table, alias: str) -> SqlCondition:
        if path.component is None:
            return self._hop(path, 0, filter, table, alias)
        component = path.component
        member = self._schema.table(component.table)
        inner = self._alias()
        condition = self._hop(path, 0, filter, member, inner)
        if _asks_for_nothing(filter):
            # "No e-mail address" is also true for a master without any component record.
            holds = self._hop(path, 0, _of_something(filter), member, inner)
            wanted = filter.operator is Operator.NE
            exists = self._exists(member, inner, component.fkey, alias, component.pkey, holds)
            return exists if wanted else SqlCondition(f"(NOT {exists.sql})", exists.parameters)
        return self._exists(member, inner, component.fkey, alias, component.pkey, condition)

    def _exists(
        self, member: Table, inner: str, fkey: str, alias: str, pkey: str, condition: SqlCondition
    ) -> SqlCondition:
        name = self._name
        return SqlCondition(
            f"EXISTS (SELECT 1 FROM {name(member.name)} {inner} WHERE {inner}.{name(fkey)} = {alias}.{name(pkey)} "
            f"AND {self._store.live(member, f'{inner}.')} AND {condition.sql})",
            condition.parameters,
        )

    def _hop(self, path: Path, at: int, filter: Filter, table: Table, alias: str) -> SqlCondition:
        if at == len(path.hops):
            return self._compare(path.field, filter, table, f"{alias}.{self._name(path.field.name)}")
        field, target = path.hops[at]
        inner = self._alias()
        column = f"{alias}.{self._name(field.name)}"
        condition = self._hop(path, at + 1, filter, target, inner)
        key = f"{inner}.{self._name(target.key)}"
        linked = f"{column} = {key}"
        if field.kind == "list:reference":
            linked = self._is_listed(column, key)
        found = SqlCondition(
            f"EXISTS (SELECT 1 FROM {self._name(target.name)} {inner} WHERE {linked} AND {condition.sql})",
            condition.parameters,
        )
        if filter.operator is not Operator.NE and _asks_for_nothing(filter):
            return SqlCondition(f"({column} IS NULL OR {found.sql})", found.parameters)
        return found

    def _alias(self) -> str:
        self._aliases += 1
        return f"f{self._aliases}"

    def _is_listed(self, column: str, key: str) -> str:
        if self._columns.native_lists:
            return f"{key} = ANY({column})"
        # No LIKE: the driver would take a percent sign in the text for a parameter.
        if self._store.dialect == "mysql":
            return f"INSTR({column}, CONCAT('|', {key}, '|')) > 0"
        if self._store.dialect == "postgres":
            return f"POSITION('|' || {key} || '|' IN {column}) > 0"
        return f"INSTR({column}, '|' || {key} || '|') > 0"

    # --- comparing -----------------------------------------------------------------------------------------

    def _compare(self, field: Field, filter: Filter, table: Table, column: str) -> SqlCondition:
        values = typed_values(filter, field)
        operator = filter.operator
        if operator is Operator.TYPEOF:
            return self._typeof(field, table, values, column)
        if operator in (Operator.CONTAINS, Operator.ANYOF):
            word = "AND" if operator is Operator.CONTAINS else "OR"
            return joined([self._contains(field, value, column) for value in values], word)
        if operator is Operator.LIKE:
            return joined([self._like(field, value, column) for value in values], "OR")
        if field.kind == "json" or field.kind.startswith("list:"):
            return self._of_list(field, operator, values, column, filter)
        if operator in _COMPARISONS:
            sign = _COMPARISONS[operator]
            parts = [
                SqlCondition(f"{column} {sign} {self._mark}", (self._encoded(field, value),))
                for value in values
            ]
            return joined(parts, "OR")
        equal = self._equal(field, values, column)
        if operator is Operator.NE:
            return SqlCondition(f"(NOT COALESCE({equal.sql}, {self._false()}))", equal.parameters)
        return equal

    def _equal(self, field: Field, values: Sequence[Any], column: str) -> SqlCondition:
        parts = []
        given = [self._encoded(field, value) for value in values if value is not None]
        if len(given) == 1:
            parts.append(SqlCondition(f"{column} = {self._mark}", tuple(given)))
        elif given:
            parts.append(SqlCondition(f"{column} IN ({self._store.marks(len(given))})", tuple(given)))
        if None in values:
            parts.append(SqlCondition(f"{column} IS NULL"))
        return joined(parts, "OR")

    def _of_list(
        self, field: Field, operator: Operator, values: Sequence[Any], column: str, filter: Filter
    ) -> SqlCondition:
        if operator in _COMPARISONS:
            raise FilterError(f"The filter {filter} compares {field.name}, which is a list, by size.")
        found = joined([self._contains(field, value, column) for value in values], "OR")
        if operator is Operator.NE:
            return SqlCondition(f"(NOT COALESCE({found.sql}, {self._false()}))", found.parameters)
        return found

    def _encoded(self, field: Field, value: Any) -> Any:
        encode = self._columns.encoder(field)
        return value if encode is None or value is None else encode(value)

    def _like(self, field: Field, pattern: str | None, column: str) -> SqlCondition:
        text = (pattern or "").lower()
        escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        escaped = escaped.replace("*", "%").replace("?", "_")
        lowered = self._store.lowered(self._as_text(field, column), (text,))
        return SqlCondition(f"{lowered} LIKE {self._mark} ESCAPE '!'", (escaped,))

    def _as_text(self, field: Field, column: str) -> str:
        if field.is_text or field.kind in ("upload",):
            return column
        if self._store.dialect == "mysql":
            return f"CAST({column} AS CHAR)"
        return f"CAST({column} AS TEXT)"

    def _contains(self, field: Field, value: Any, column: str) -> SqlCondition:
        """Return the condition that a list contains an element, or a text a part."""
        if value is None:
            return self._empty_list(field, column)
        if not field.kind.startswith("list:"):
            if not (field.is_text or field.kind in ("upload", "json")):
                return self._equal(field, (value,), column)
            return self._like(field, f"*{str(value).replace('*', '').replace('?', '')}*", column)
        if self._columns.native_lists:
            return SqlCondition(f"{self._mark} = ANY({column})", (value,))
        listed = self._columns.encoder(field)
        assert listed is not None
        escaped = listed([value]).replace("!", "!!").replace("%", "!%").replace("_", "!_")
        return SqlCondition(f"{column} LIKE {self._mark} ESCAPE '!'", (f"%{escaped}%",))

    def _empty_list(self, field: Field, column: str) -> SqlCondition:
        if not field.kind.startswith("list:"):
            return SqlCondition(f"{column} IS NULL")
        nothing = "'{}'" if self._columns.native_lists else "'||'"
        return SqlCondition(f"({column} IS NULL OR {column} = {nothing})")

    def _typeof(self, field: Field, table: Table, values: Sequence[Any], column: str) -> SqlCondition:
        """Return the condition that a reference's target is one of these records or below one of them.

        Eden's hierarchies have a field ``parent``. A value is the key or the name of the topmost record, or NONE.
        """
        target = self._schema.get(field.target) if field.target is not None else None
        holder, key_column = (target, column) if target is not None else (table, None)
        if holder is None or "parent" not in holder.fields:
            return self._equal(field, values, column)
        name = self._name
        given = [value for value in values if value is not None]
        parts = [SqlCondition(f"{column} IS NULL")] if None in values else []
        if given:
            topmost = holder.key if target is not None else field.name
            start = self._equal(holder.fields[topmost], given, f"h.{name(topmost)}")
            column_of = key_column or column.partition(".")[0] + "." + name(holder.key)
            parts.append(
                SqlCondition(
                    f"{column_of} IN (WITH RECURSIVE below (id, depth) AS ("
                    f"SELECT h.{name(holder.key)}, 0 FROM {name(holder.name)} h WHERE {start.sql} "
                    f"UNION SELECT h.{name(holder.key)}, below.depth + 1 FROM {name(holder.name)} h "
                    f"JOIN below ON h.{name('parent')} = below.id WHERE below.depth < {DEEPEST}) "
                    "SELECT id FROM below)",
                    start.parameters,
                )
            )
        return joined(parts, "OR")


def _asks_for_nothing(filter: Filter) -> bool:
    """Return whether the filter selects records without a value, or those with any value."""
    return filter.values == (None,) and filter.operator in (Operator.EQ, Operator.NE, Operator.BELONGS)


def _of_something(filter: Filter) -> Filter:
    return Filter(filter.table, filter.selectors, Operator.NE, filter.values)
