"""Finds versions that come back: echoes, our own former versions; and what goes round.

When we win a conflict, the other site takes our version. It had changed the record itself, so it cannot know that we
have this version already, and sends it back once. If a person here has decided otherwise meanwhile, that is no second
conflict: the version was here before and was replaced on purpose. The versions kept for the conflict identify it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from ...core.policy import Version
from ...core.records import Record, Reference, ReferenceValue, differs
from ...core.schema import Schema
from ...wire.s3xml import Decoder, parse_fragment
from ..kept_ports import KeptVersions
from .gather import Gatherer
from .items import Item, plain


class Overruled:
    """Remembers which versions a policy has put above later ones of ours.

    Policies may contradict each other in a ring: each site takes the version of the next one, and two versions go round
    for ever. Where the same two meet again, one of them has been round: from then on the later one stays. So each pair
    is decided against the order of time once at each site, and that ends.

    Args:
        schema: tables of this site.
        kept_versions: remembers them.
    """

    def __init__(self, schema: Schema, kept_versions: KeptVersions) -> None:
        self._decoder = Decoder(schema)
        self._kept_versions = kept_versions
        self._found: dict[tuple[str, str], list[tuple[str, str]]] = {}

    def prepare(self, items: Iterable[Item]) -> None:
        """Look up what was decided before on records of a batch."""
        self._found = {}
        asked: dict[str, list[str]] = defaultdict(list)
        for item in items:
            if item.original is not None and item.named_uuid is not None and _is_earlier(item):
                asked[item.plan.table.name].append(item.named_uuid)
        for table, uuids in asked.items():
            found = self._kept_versions.overruled(table, uuids)
            self._found.update(((table, uuid), pairs) for uuid, pairs in found.items())

    def was_decided(self, item: Item, ours: Version, theirs: Version) -> bool:
        """Return whether theirs was put above ours before."""
        found = self._found.get((item.plan.table.name, item.named_uuid or ""), ())
        wanted = tuple((each.modified_on, each.deleted) for each in (ours, theirs))
        return any(tuple(map(self._read, pair)) == wanted for pair in found)

    def _read(self, version: str) -> tuple[datetime | None, bool]:
        record = self._decoder.decode(parse_fragment(version.encode("utf-8")))
        return record.modified_on, record.deleted


def _is_earlier(item: Item) -> bool:
    ours, theirs = item.ours("modified_on"), item.record.modified_on
    return ours is not None and theirs is not None and theirs <= ours


class Echoes:
    """Finds our former versions among the records that a repository sends.

    Args:
        schema: tables of this site.
        kept_versions: the versions kept for conflicts.
        gatherer: resolves identifiers.
        repository_id: the repository.
    """

    def __init__(
        self, schema: Schema, kept_versions: KeptVersions, gatherer: Gatherer, repository_id: int | None
    ) -> None:
        self._decoder = Decoder(schema)
        self._kept_versions = kept_versions
        self._gatherer = gatherer
        self._repository_id = repository_id

    def among(self, items: Sequence[Item]) -> set[int]:
        """Return the id() of the items with a version that was ours.

        Args:
            items: existing records that changed here since the last exchange. The usual rules apply to components
                and deletions.
        """
        asked: dict[str, dict[str, Item]] = defaultdict(dict)
        for item in items:
            plain_record = item.component is None and not item.record.deleted and not item.record.errors
            if plain_record and not item.ours("deleted"):
                asked[item.plan.table.name][item.ours("uuid")] = item
        found: set[int] = set()
        for table, by_uuid in asked.items():
            kept = self._kept_versions.our_versions(self._repository_id, table, list(by_uuid))
            for uuid, versions in kept.items():
                item = by_uuid[uuid]
                if any(self._is_same(item, version) for version in versions):
                    found.add(id(item))
        return found

    def _is_same(self, item: Item, version: str) -> bool:
        theirs, ours = item.record, self._decoder.decode(parse_fragment(version.encode("utf-8")))
        return (
            ours.modified_on == theirs.modified_on
            and not ours.deleted
            and not any(
                differs(plain(ours.values.get(name)), plain(value)) for name, value in theirs.values.items()
            )
            and all(
                self._named(ours, name) == self._identifiers(value)
                for name, value in theirs.references.items()
            )
        )

    def _named(self, record: Record, name: str) -> tuple[str | None, ...]:
        return self._identifiers(record.references.get(name))

    def _identifiers(self, value: ReferenceValue) -> tuple[str | None, ...]:
        if value is None:
            return ()
        references: list[Reference] = [value] if isinstance(value, Reference) else list(value)
        return tuple(self._gatherer.reference_uuid(each) for each in references)
