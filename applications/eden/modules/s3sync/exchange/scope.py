"""What another site may read and write here: its scope."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..core.errors import FilterError, SyncError
from ..core.messages import Sentence
from ..core.schema import Schema, Table
from ..wire.filters import Filter, Operator, filter_text, parse_filter_string, validate
from .scope_guard import Named, ScopeGuard

#: Table -> the conditions that all of its records have to meet.
Chosen = Mapping[str, Sequence[Filter]]


@dataclass(frozen=True)
class Accessible(Filter):
    """The condition that an account may use a record, by the host's own query for keys in ``values``."""

    @classmethod
    def by(cls, keys: str) -> Accessible:
        """Return the condition.

        Args:
            keys: SQL query for the keys of the records, without parameters.
        """
        return cls(None, (), Operator.EQ, (keys,))


class OfAccount(Mapping[str, Sequence[Filter]]):
    """The tables of which an account may read records, found out for each that is asked for.

    Unlike in a scope, what belongs to a record has to be readable by itself.

    Args:
        rules: resource -> rule.
        parts: the same for what comes with a record: of these tables a scope may have no rule of their own.
    """

    def __init__(self, rules: Mapping[str, ScopeRule], parts: Mapping[str, ScopeRule]) -> None:
        self._rules, self._parts = rules, parts

    def of_parts(self, table: str) -> Sequence[Filter] | None:
        """Return the conditions on what comes with a record, None where nothing of a table may be read."""
        rule = self._parts.get(table)
        return rule.filters if rule is not None and rule.reads else None

    def __getitem__(self, table: str) -> Sequence[Filter]:
        rule = self._rules[table]
        if not rule.reads:
            raise KeyError(table)
        return rule.filters

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._rules if self._rules[name].reads)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class NotInScope(SyncError):
    """The scope of the asking site does not allow it."""

    code = "not_in_scope"
    default_hint = (
        "The other site decides what this one may read and write there. Stop exchanging the resource in that "
        "direction, or ask its administrator for a wider scope."
    )
    http_status = 403


class Revoked(SyncError):
    """An administrator has taken away what a site may do here."""

    code = "site_revoked"
    default_hint = "Ask an administrator of the other site, who can let this one back in."
    http_status = 403


class NotApproved(SyncError):
    """A site has registered, and no administrator has approved it yet."""

    code = "not_approved"
    default_hint = "Ask an administrator of the other site to approve this one, or for an invitation."
    http_status = 403


@dataclass(frozen=True)
class ScopeRule:
    """What another site may do with the records of one resource.

    Attributes:
        resource: name of the table.
        reads, writes: whether it may.
        components: whether what belongs to a record goes with it, in both directions.
        filters: conditions on the records, all of which they have to meet; none for all records.
    """

    resource: str
    reads: bool = True
    writes: bool = True
    components: bool = True
    filters: tuple[Filter, ...] = ()

    @property
    def filter_text(self) -> str:
        """The conditions as a person reads and enters them, joined by ``&``."""
        return "&".join(map(filter_text, self.filters))

    def to_json(self) -> dict[str, Any]:
        """Return the rule as it is stored and told."""
        return {
            "resource": self.resource,
            "read": self.reads,
            "write": self.writes,
            "components": self.components,
            "filters": self.filter_text,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> ScopeRule:
        """Read a rule.

        Raises:
            FilterError: its conditions cannot be read.
        """
        resource = str(told["resource"])
        found = parse_filter_string(str(told.get("filters") or ""))
        return cls(
            resource,
            told.get("read") is True,
            told.get("write") is True,
            told.get("components") is not False,
            tuple(_of_the_table(each, resource) for each in found),
        )


def _of_the_table(found: Filter, resource: str) -> Filter:
    """Return a condition on the records of a resource.

    Raises:
        FilterError: it is one on records of another table, which would choose nothing here.
    """
    if found.table not in (None, resource):
        raise FilterError(f"{found} is not about records of {resource}.", hint="Name no table in brackets.")
    return Filter(None, found.selectors, found.operator, found.values, found.negate)


@dataclass(frozen=True)
class Scope:
    """What another site may read and write. A resource without a rule is none of its business.

    Attributes:
        name: its name.
        rules: resource -> rule.
    """

    name: str
    rules: Mapping[str, ScopeRule] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, rules: Iterable[ScopeRule]) -> Scope:
        """Return a scope with these rules."""
        return cls(name, {each.resource: each for each in rules})

    @property
    def readable(self) -> Chosen:
        """The tables that may be read, with the conditions on their records."""
        return {name: rule.filters for name, rule in self.rules.items() if rule.reads}

    @property
    def writable(self) -> Chosen:
        """The tables that may be written, with the conditions on their records."""
        return {name: rule.filters for name, rule in self.rules.items() if rule.writes}

    def guard(self, barred: Collection[Named] = ()) -> ScopeGuard:
        """Return what keeps an import within this scope.

        Args:
            barred: records that would lie outside once they were written.
        """
        return ScopeGuard(self.writable, barred)

    def rules_for(self, table: str) -> Iterable[ScopeRule]:
        """Return the rules by which records of a table may come to the other site, alone or with others."""
        return self.rules.values()

    @property
    def digest(self) -> str:
        """Hexadecimal digits that stand for the rules: equal for equal rules."""
        told = [self.rules[name].to_json() for name in sorted(self.rules)]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]

    def may_read(self, resource: str) -> bool:
        """Return whether records of a resource may be read."""
        rule = self.rules.get(resource)
        return rule is not None and rule.reads

    def check_filters(self, filters: Iterable[Filter], schema: Schema, table: Table) -> None:
        """Check that records are chosen by values that may be read: others could be guessed by what comes.

        Args:
            filters: the filters of a request for a resource that may be read.
            schema: tables of this site.
            table: the resource.

        Raises:
            NotInScope: a filter looks at records that may not be read, or at not all of a table.
            FilterError: a filter names what does not exist here.
        """
        rule = self.rules.get(table.name)
        for each in filters:
            if (
                rule is not None
                and replace(each, table=None) in rule.filters
                and each.table in (None, table.name)
            ):
                # That is the scope itself.
                continue
            start = each.table or table.name
            paths = validate(each, schema, table)
            # The starting table counts, too, where a filter has come back to it: only the records asked for are met.
            seen = {hop.table.name for path in paths for hop in path.hops}
            seen |= {start} - {table.name}
            looks_at_parts = any(path.component is not None for path in paths)
            if looks_at_parts and not (start in self.rules and self.rules[start].components):
                raise NotInScope(Sentence.MAY_NOT_ASK_BY.say(filter=str(each)))
            if not all(self._may_look_at(name, schema) for name in seen):
                raise NotInScope(Sentence.MAY_NOT_ASK_BY.say(filter=str(each)))

    def _may_look_at(self, name: str, schema: Schema) -> bool:
        """Return whether all records of a table, perhaps a super-entity, may be read."""
        table = schema.get(name)
        names = (name,) if table is None or not table.is_super else table.instance_types
        return all(self.may_read(each) and not self.rules[each].filters for each in names)

    def reading(self, resource: str) -> ScopeRule:
        """Return the rule by which a resource is read.

        Raises:
            NotInScope: it may not be read.
        """
        rule = self.rules.get(resource)
        if rule is None or not rule.reads:
            raise NotInScope(Sentence.MAY_NOT_READ.say(resource=resource))
        return rule

    def writing(self, resource: str) -> ScopeRule:
        """Return the rule by which a resource is written.

        Raises:
            NotInScope: it may not be written.
        """
        rule = self.rules.get(resource)
        if rule is None or not rule.writes:
            raise NotInScope(Sentence.MAY_NOT_WRITE.say(resource=resource))
        return rule
