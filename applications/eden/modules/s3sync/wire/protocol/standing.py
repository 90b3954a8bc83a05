"""What two sites tell each other at the end of a run: how far one has come, and what either has not taken."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...core.errors import BadRequest
from ...core.kept import OpenKind, OpenRecord
from ...core.limits import MOST_FILES
from .names import CAPABILITIES, LONGEST_JOURNAL
from .registration import read_version
from .replies import as_count, as_text, as_texts, as_time, succeeded
from .times import format_msince
from .variables import read_words

#: Maximum number of records that are listed, and of characters of a reason; all are counted.
MOST_LISTED, LONGEST_REASON = 500, 500


@dataclass(frozen=True)
class OpenList:
    """What a site has not taken of the other one's records, or not completely.

    Attributes:
        counts: kind -> number of records.
        records: the records, at most MOST_LISTED.
    """

    counts: Mapping[OpenKind, int] = field(default_factory=dict)
    records: Sequence[OpenRecord] = ()

    def to_json(self) -> dict[str, Any]:
        """Return its part of a body."""
        return {
            "counts": {kind.value: count for kind, count in self.counts.items() if count},
            "records": [
                [each.kind.value, each.table, each.uuid, each.reason[:LONGEST_REASON]]
                for each in self.records
            ],
        }

    @classmethod
    def from_json(cls, told: Any) -> OpenList:
        """Read its part of a body; what cannot be read is left out."""
        told = told if isinstance(told, dict) else {}
        known = {each.value: each for each in OpenKind}
        counts = told["counts"] if isinstance(told.get("counts"), dict) else {}
        records = told["records"] if isinstance(told.get("records"), list) else []
        return cls(
            {known[name]: as_count(count) or 0 for name, count in counts.items() if name in known},
            [
                OpenRecord(
                    known[kind], as_text(table), as_text(uuid) or None, as_text(reason)[:LONGEST_REASON]
                )
                for kind, table, uuid, reason in (each for each in records[:MOST_LISTED] if _is_row(each))
                if kind in known
            ],
        )

    @property
    def unlisted(self) -> dict[OpenKind, int]:
        """Kind -> number of records that are counted and not listed."""
        listed = [each.kind for each in self.records]
        return {kind: count - listed.count(kind) for kind, count in self.counts.items()}


def _is_row(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and isinstance(value[0], str)


@dataclass(frozen=True)
class StandingReport:
    """What the site that began a run tells the other one.

    Attributes:
        journal: identity of its journal.
        number: number of the report, higher than that of every report before it.
        complete: whether its run was complete: nothing waits there.
        time: the time by its clock (UTC).
        fetches: the tables that it fetches.
        cursors: table -> the cursor up to which it has stored everything.
        open: what it has not taken.
        changed: table -> number of records that changed there, and that it has still to send.
        version: version of its synchronisation, None if it does not tell.
    """

    journal: str
    number: int
    complete: bool
    time: datetime | None = None
    fetches: Sequence[str] = ()
    cursors: Mapping[str, str] = field(default_factory=dict)
    open: OpenList = field(default_factory=OpenList)
    changed: Mapping[str, int] = field(default_factory=dict)
    version: str | None = None

    def to_body(self) -> bytes:
        """Return the body of the request."""
        told = {
            "journal": self.journal,
            "number": self.number,
            "complete": self.complete,
            "fetches": list(self.fetches),
            "cursors": dict(self.cursors),
            "time": format_msince(self.time) if self.time is not None else None,
            "open": self.open.to_json(),
            "changed": dict(self.changed),
            "version": self.version,
        }
        return json.dumps(told, separators=(",", ":")).encode("utf-8")

    @classmethod
    def from_body(cls, body: bytes) -> StandingReport:
        """Read the body of a request.

        Raises:
            BadRequest: it cannot be read.
        """
        try:
            told = json.loads(body)
            journal, number = told["journal"], told["number"]
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise BadRequest(
                "The report cannot be read.", hint="Send JSON with a journal and a number."
            ) from error
        if not isinstance(journal, str) or len(journal) > LONGEST_JOURNAL or as_count(number) is None:
            raise BadRequest("The report has no journal or no number.", hint="Send the name of a journal.")
        cursors = told["cursors"] if isinstance(told.get("cursors"), dict) else {}
        return cls(
            journal,
            number,
            told.get("complete") is True,
            as_time(told.get("time")),
            tuple(as_texts(told.get("fetches"))),
            {table: cursor for table, cursor in cursors.items() if isinstance(cursor, str)},
            OpenList.from_json(told.get("open")),
            _read_changed(told.get("changed")),
            read_version(told.get("version")),
        )


@dataclass(frozen=True)
class StandingAnswer:
    """What the other site answers.

    Attributes:
        open: what it has not taken.
        changed: table -> number of records that changed there after the cursors of the report.
        capabilities: what it can do beyond an Eden; empty from a site that does not tell.
        files: stored names of files that its records wait for.
    """

    open: OpenList = field(default_factory=OpenList)
    changed: Mapping[str, int] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset(CAPABILITIES)
    files: Sequence[str] = ()


def _read_changed(told: Any) -> dict[str, int]:
    told = told if isinstance(told, dict) else {}
    counts = {table: as_count(count) or 0 for table, count in told.items()}
    return {table: count for table, count in counts.items() if count}


def standing_reply(answer: StandingAnswer) -> dict[str, Any]:
    """Return the body of the answer."""
    told: dict[str, Any] = {
        "open": answer.open.to_json(),
        "changed": dict(answer.changed),
        "capabilities": sorted(answer.capabilities),
    }
    if answer.files:
        told["files"] = list(answer.files)
    return {"status": "success", "statuscode": "200", **told}


def read_standing_reply(reply: Any) -> StandingAnswer:
    """Read the body of an answer.

    Raises:
        PeerRefused: the peer says that it failed.
        ProtocolError: this is no such answer.
    """
    told = succeeded(reply)
    return StandingAnswer(
        OpenList.from_json(told.get("open")),
        _read_changed(told.get("changed")),
        read_words(told.get("capabilities")),
        tuple(as_texts(told.get("files"))[:MOST_FILES]),
    )
