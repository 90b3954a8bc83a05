"""Closes conflicts here on which a person decided at another site: the decision came with the edits of a record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ....core.clock import moment_of
from ....core.fields import Edit
from ....core.kept import DecidedElsewhere, OpenConflict, Resolution
from ....core.records import Record
from ....core.schema import Table
from ...disputes import disagreement, status
from ...ports import Ports
from ...versions import RecordStatus, read
from ..context import Context
from ..items import Item
from .noting import has_learned

_DECISIONS = {
    RecordStatus.OURS: Resolution.OURS,
    RecordStatus.THEIRS: Resolution.THEIRS,
    RecordStatus.BOTH: Resolution.FIELDS,
}


class _Arrived(NamedTuple):
    """A record that came with decisions.

    Attributes:
        record: as it came.
        edits: those that settle anything.
    """

    record: Record
    edits: Sequence[Edit]


class DecisionReader:
    """Closes the conflicts that decisions settle of which an import learns.

    Args:
        ports: the ports of the site.
        context: where the records come from.
    """

    def __init__(self, ports: Ports, context: Context) -> None:
        self._ports = ports
        self._context = context

    def read(self, items: Iterable[Item]) -> list[DecidedElsewhere]:
        """Close conflicts; return on which ones who decided.

        Args:
            items: a batch, after it was written and what it taught was written down.
        """
        deciding: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            if item.merge is not None and has_learned(item):
                if [edit for edit, _ in item.merge.learned if edit.settled]:
                    deciding[item.plan.table.name].append(item)
        found = [each for name, group in deciding.items() for each in self._of_table(name, group)]
        if found:
            self._ports.kept_versions.decided_elsewhere(found)
        return found

    def _of_table(self, name: str, items: Sequence[Item]) -> Iterable[DecidedElsewhere]:
        table, arrived = self._ports.schema.table(name), self._arrived(name, items)
        for conflict in self._ports.kept_versions.open_conflicts(name, list(arrived)):
            decided = self._decided(conflict, arrived[conflict.uuid], table)
            if decided is not None:
                yield decided

    def _arrived(self, name: str, items: Sequence[Item]) -> dict[str, _Arrived]:
        """Return the records by all uuids under which conflicts may be kept."""
        keys = [item.key or 0 for item in items]
        edits, further = self._ports.changes.edits(name, keys), self._ports.twins.of(name, keys)
        found: dict[str, _Arrived] = {}
        for item in items:
            key = item.key or 0
            known = [*edits[key].fields.values()] if key in edits else []
            known += (edit for edit, _ in item.merge.learned) if item.merge is not None else ()
            arrived = _Arrived(item.whole or item.record, [edit for edit in known if edit.settled])
            own = None if item.is_new else item.ours("uuid")
            found.update((uuid, arrived) for uuid in (item.uuid, own, *further.get(key, ())) if uuid)
        return found

    def _decided(self, conflict: OpenConflict, arrived: _Arrived, table: Table) -> DecidedElsewhere | None:
        """Return who decided on a conflict, None if nobody did: of several decisions the last one counts."""
        schema, domain = self._ports.schema, self._context.own_domain
        ours, theirs = read(conflict.ours, schema), read(conflict.theirs, schema)
        found = disagreement(ours, theirs, table, domain)
        if ours is None or theirs is None or found is None:
            return None
        if not found.is_settled({stamp for edit in arrived.edits for stamp in edit.settled}):
            return None
        about = [edit for edit in arrived.edits if not set(found.stamps).isdisjoint(edit.settled)]
        last = max(about, key=lambda edit: edit.stamp)
        says = status(found, arrived.record, ours, theirs, table, domain)
        # Reports need no versions.
        told = conflict._replace(ours=None, theirs=None)
        moment = moment_of(last.stamp.time)
        return DecidedElsewhere(told, _DECISIONS.get(says), last.by, last.stamp.site, moment)
