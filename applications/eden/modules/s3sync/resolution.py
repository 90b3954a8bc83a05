"""A person decides otherwise: a version that was put aside becomes the record.

It is written as a change made here and now, so it is newer than what it replaces, and travels to the other sites.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Optional

from .codec import Decoder, parse_fragment
from .errors import BadRequest
from .importer import Report
from .policy import Policy, Terms
from .ports import Kept
from .records import Record
from .site import Site

_TICK = timedelta(seconds=1)


def restore(site: Site, kept_id: int, side: str, user_id: Optional[int] = None) -> Report:
    """Make a kept version the record again.

    Args:
        site: this site.
        kept_id: row of sync_kept.
        side: "ours" or "theirs": which of its two versions.
        user_id: who decides.

    Returns:
        what became of it: updated or created, unchanged where the record says the same already, or rejected with
        the reason. A rejected version stays open.

    Raises:
        BadRequest: there is no such version.
    """
    with site.store.transaction():
        kept = site.ledger.version(kept_id)
        record = _record(site, kept, kept_id, side)
        record.modified_on = _later(site, record)
        context = site.context(None, None)
        report = site.importer.retry([record], record.table, Terms(update_policy=Policy.OTHER), context)
        if not report.failures:
            site.ledger.resolve(kept_id, user_id)
    return report


def accept(site: Site, kept_id: int, user_id: Optional[int] = None) -> None:
    """Close a kept version without changing the record: what was decided by policy is right.

    Raises:
        BadRequest: there is no such version.
    """
    with site.store.transaction():
        if site.ledger.version(kept_id) is None:
            raise _unknown(kept_id)
        site.ledger.resolve(kept_id, user_id)


def _record(site: Site, kept: Optional[Kept], kept_id: int, side: str) -> Record:
    if kept is None:
        raise _unknown(kept_id)
    text = {"ours": kept.ours, "theirs": kept.theirs}.get(side)
    if not text:
        raise BadRequest(f"Of the version {kept_id} of {kept.table} {kept.uuid} there is no side {side!r}.")
    record = Decoder(site.schema).decode(parse_fragment(text.encode("utf-8")))
    # Both versions name the record by what it is called here.
    record.uuid = kept.uuid
    return record


def _later(site: Site, record: Record) -> datetime:
    table = site.schema.table(record.table)
    rows = site.store.fetch(table, ("modified_on",), "uuid", [record.uuid])
    now = site.clock.now()
    changed: Optional[datetime] = rows[0][0] if rows else None
    return now if changed is None else max(now, changed + _TICK)


def _unknown(kept_id: int) -> BadRequest:
    return BadRequest(
        f"There is no kept version {kept_id}.", hint="It may have been resolved and purged; look at the log."
    )
