"""Versions that the effects of a deletion or merge take away: they are kept, and a person can put them back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ...core.kept import Kept, KeptKind, Side
from ...core.policy import DecisionReason
from ...core.records import Record
from ...core.schema import Schema, Table
from ...wire.s3xml import encode_record


class Snapshot(Protocol):
    """Writes records of this site as S3XML."""

    def __call__(self, table: Table, keys: Sequence[int], *, before: bool = False) -> dict[int, str]:
        """Return records by key; ``before``: deleted ones as they were before that."""
        ...


class Losses:
    """Collects what the effects of one import take away.

    Args:
        schema: tables of this site.
        snapshot: writes our version of records.
        repository_id: the repository whose records have these effects.
    """

    def __init__(self, schema: Schema, snapshot: Snapshot, repository_id: int | None) -> None:
        self._schema = schema
        self._snapshot = snapshot
        self._repository_id = repository_id
        self._kept: list[Kept] = []

    def deleted(self, table: Table, records: Mapping[int, tuple[str, datetime]], *, newer: bool) -> None:
        """Keep records before they are deleted.

        Args:
            table: their table.
            records: key -> uuid, and time of the deletion that takes them along.
            newer: whether they changed here later than that; otherwise something that belongs to them did.
        """
        reason = DecisionReason.TAKEN_ALONG if newer else DecisionReason.TOOK_ALONG
        for key, version in self._snapshot(table, list(records)).items():
            uuid, moment = records[key]
            gone = encode_record(Record(table.name, uuid, deleted=True, modified_on=moment), self._schema)
            self._keep(table, uuid, key, reason, Side.THEIRS, version, gone, moment)

    def folded(self, table: Table, records: Mapping[int, tuple[int, str]]) -> None:
        """Keep records before they are merged into the one that stays, because there can be only one.

        Args:
            table: their table.
            records: key -> key and uuid of the one that stays.
        """
        staying = {key for key, _ in records.values()}
        versions = self._snapshot(table, list({*records, *staying}))
        for key, (stays, uuid) in records.items():
            self._keep(
                table, uuid, stays, DecisionReason.ONLY_ONE, Side.OURS, versions[stays], versions[key], None
            )

    def take(self) -> list[Kept]:
        """Return what was collected since the last call."""
        found, self._kept = self._kept, []
        return found

    def _keep(
        self,
        table: Table,
        uuid: str,
        key: int,
        reason: DecisionReason,
        winner: Side,
        ours: str,
        theirs: str,
        moment: datetime | None,
    ) -> None:
        digest = hashlib.sha256("\n".join((table.name, uuid, ours, theirs)).encode("utf-8", "surrogatepass"))
        self._kept.append(
            Kept(
                kind=KeptKind.CONFLICT,
                table=table.name,
                uuid=uuid,
                key=key,
                repository_id=self._repository_id,
                winner=winner,
                reason=reason.value,
                ours=ours,
                theirs=theirs,
                modified_on=moment,
                fingerprint=digest.hexdigest()[:32],
            )
        )


class NoLosses(Losses):
    """Keeps nothing: a person here decided on the effects."""

    def __init__(self) -> None:
        self._kept = []

    def deleted(self, table: Table, records: Mapping[int, tuple[str, datetime]], *, newer: bool) -> None:
        """Keep nothing."""

    def folded(self, table: Table, records: Mapping[int, tuple[int, str]]) -> None:
        """Keep nothing."""
