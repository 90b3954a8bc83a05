"""A person decides otherwise: a version that was put aside becomes the record.

It is written as a change made here and now, so it is newer than what it replaces, and travels to the other sites.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Optional, Tuple

from .codec import Decoder, parse_fragment
from .errors import BadRequest
from .importer import Report
from .policy import Policy, Terms
from .ports import Kept
from .records import Record
from .site import Site

_TICK = timedelta(seconds=1)


class _Rejected(Exception):
    """Takes back what a restoration has written before it was rejected."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


def restore(site: Site, kept_id: int, side: str, user_id: Optional[int] = None) -> Report:
    """Make a kept version the record again.

    Args:
        site: this site.
        kept_id: row of sync_kept.
        side: "ours" or "theirs": which of its two versions.
        user_id: who decides.

    Returns:
        what became of it: updated or created, unchanged where the record says the same already, or rejected with
        the reason. A rejected version stays open, and nothing is changed then.

    Of a record that is here, only the record itself is restored: what belongs to it may have changed since. One
    that is not here comes with everything that was kept with it.

    Raises:
        BadRequest: there is no such version.
    """
    try:
        with site.store.transaction():
            kept = site.ledger.version(kept_id)
            record = _record(site, kept, kept_id, side)
            is_here, record.modified_on = _present(site, record)
            terms = Terms(update_policy=Policy.OTHER, components=not is_here)
            report = site.importer.retry([record], record.table, terms, site.context(None, None))
            if report.failures:
                raise _Rejected(report)
            if kept is not None and not is_here:
                for each in record.walk():
                    if each.uuid:
                        site.ledger.release(
                            kept.repository_id, each.table, [each.uuid], ("rejected", "refused")
                        )
            site.ledger.resolve(kept_id, user_id)
    except _Rejected as rejected:
        return rejected.report
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


def _present(site: Site, record: Record) -> Tuple[bool, datetime]:
    """Return whether the record is here, and a time at which its restored version is the latest."""
    table = site.schema.table(record.table)
    rows = site.store.fetch(table, ("modified_on", "deleted"), "uuid", [record.uuid])
    now = site.clock.now()
    if not rows:
        return False, now
    changed, deleted = rows[0]
    return not deleted, now if changed is None else max(now, changed + _TICK)


def _unknown(kept_id: int) -> BadRequest:
    return BadRequest(
        f"There is no kept version {kept_id}.", hint="It may have been resolved and purged; look at the log."
    )
