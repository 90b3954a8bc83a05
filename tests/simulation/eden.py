"""A classic Sahana Eden as a site of the simulation: what it does on the line, whoever asks.

Its records are those of a ``Place``; what it sends, takes and remembers follows docs/INTEROPERABILITY.md: whole records
by time, and the later version of a record wins, with nothing kept of the other one.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlencode

from s3sync.core.errors import SyncError
from s3sync.exchange.exporter import ExportRequest
from s3sync.wire.protocol.push import PushReply
from s3sync.wire.protocol.times import format_msince, parse_msince
from s3sync.wire.s3xml import error_tree as error_tree

if TYPE_CHECKING:
    from .line import Line
    from .place import Place

#: What an Eden does not write: cleared fields are simply not there.
CLEARED = re.compile(rb'<data field="[^"]*"/>')
SYNC = "/sync/sync.xml?"
#: The table of records that it touches when it takes them.
TOUCHED = "org_organisation"


class Eden:
    """What a place does on the line if it is an Eden.

    Args:
        place: its records.
        happened: counts what it did.

    Attributes:
        compares: whether it sends everything, whatever it is asked for, and asks for everything: as after somebody
            has reset the times of its tasks.
    """

    def __init__(self, place: Place, happened: "Counter[str]") -> None:
        self._place = place
        self._happened = happened
        self._last: dict[tuple[str, str, str], datetime] = {}
        self.compares = False

    # --- it is asked ------------------------------------------------------------------------------------

    def pull(self, query: Mapping[str, str], out: BinaryIO) -> None:
        """Write one document with all records since a time."""
        self._happened["asked an Eden"] += 1
        since = query.get("msince")
        out.write(self._document(query["resource"], parse_msince(since) if since else None)[0])

    def push(self, query: Mapping[str, str], content: bytes) -> Mapping[str, Any]:
        """Take a document; return the answer."""
        return self._take(query["resource"], content)

    def _document(self, table: str, since: datetime | None) -> tuple[bytes, int]:
        out = io.BytesIO()
        request = ExportRequest(table, msince=None if self.compares else since)
        page = self._place.site.exporter.export(out, request)
        return CLEARED.sub(b"", out.getvalue()), page.count

    def _take(self, table: str, content: bytes) -> Mapping[str, Any]:
        before = self._place.live()
        report = self._place.site.take(content, table, repository_id=None)
        if table == TOUCHED:
            self._touch()
        self._forget_what_it_replaced(before)
        return PushReply(
            records=report.total,
            created=report.created,
            updated=report.updated,
            deleted=report.deleted,
            tree=error_tree([outcome for _, outcome in report.failures]),
        ).to_json()

    def _touch(self) -> None:
        """Derive a value for records that have none, which gives them a new time: as callbacks of an Eden do."""
        table = self._place.s3db[TOUCHED]
        query = (table.website == None) & (table.deleted == False)  # noqa: E711, E712
        for row in self._place.db(query).select(table.id, table.name):
            moment = self._place.clock.now()
            derived = {"website": f"http://{row.name}.example.org", "modified_on": moment}
            self._place.db(table.id == row.id).update(**derived)
            self._happened["touched by an Eden"] += 1

    def _forget_what_it_replaced(self, before: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
        """Count what an Eden had and has replaced as replaced: it keeps nothing, and passes its version on."""
        after = self._place.live()
        if after != before:
            self._happened["replaced by an Eden"] += 1
        for (table, uuid), values in before.items():
            now = after.get((table, uuid), {})
            self._place.seen |= {
                (table, uuid, name, value) for name, value in values.items() if now.get(name) != value
            }

    # --- it asks ----------------------------------------------------------------------------------------

    def ask(self, there: Place, line: Line, resources: Sequence[str]) -> bool:
        """Synchronise as its own schedule does; return whether all requests were answered."""
        try:
            for table in resources:
                self._ask_for(there, line, table)
                self._send_to(there, line, table)
        except SyncError:
            self._place.db.rollback()
            return False
        return True

    def _ask_for(self, there: Place, line: Line, table: str) -> None:
        query = self._query(there, "pull", table)
        path = line.download(f"{line.url}{SYNC}{query}&include_deleted=True").path
        assert path is not None
        content = path.read_bytes()
        if b'success="true"' in content:
            self._take(table, content)
            self._place.db.commit()
        self._note(there, "pull", table, content)

    def _send_to(self, there: Place, line: Line, table: str) -> None:
        content, count = self._document(table, self._last.get((there.uuid, "push", table)))
        if not count:
            return
        answer = line.send("POST", f"{line.url}{SYNC}{self._query(there, 'push', table)}", content)
        assert json.loads(answer.body)["status"] == "success"
        self._note(there, "push", table, content)

    def _query(self, there: Place, mode: str, table: str) -> str:
        since = self._last.get((there.uuid, mode, table))
        told = {"resource": table, "repository": self._place.uuid}
        if since is not None and not self.compares:
            told["msince"] = format_msince(since)
        return urlencode(told)

    def _note(self, there: Place, mode: str, table: str, content: bytes) -> None:
        """Remember the time of the newest record, that of its own clock where there was none."""
        found = re.findall(rb'<resource name="%s"[^>]* modified_on="([^"]*)"' % table.encode(), content)
        newest = max(found, default=None)
        moment = self._place.clock.now() if newest is None else parse_msince(newest.decode())
        self._last[(there.uuid, mode, table)] = moment + timedelta(seconds=newest is not None)
