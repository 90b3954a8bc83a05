"""Resolves a conflict by a person: a kept version becomes the record, as a whole or field by field.

Where both sites know who edited which field, only the fields in dispute are written: the others were merged.

It is written as a change made here and now, so it is newer than what it replaces, and travels to the other sites. The
decision and the user are stored with the version and in the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from ..core.clock import later
from ..core.errors import BadRequest
from ..core.kept import SUPERSEDABLE, Kept, Resolution, Side
from ..core.policy import Policy, Terms
from ..core.records import Record
from ..core.schema import Table
from ..core.task import Activity, LogAction, Result
from ..database.log import OUTGOING
from ..exchange.disputes import Disagreement
from ..exchange.importer import Report
from ..site import Site
from ..site import waiting_deletions as waiting_deletions
from ..wire.s3xml import Decoder, parse_fragment
from . import decisions as decisions
from .owners import without_owner

_WORDS = {Side.OURS: "our version", Side.THEIRS: "the other site's version", Side.NOW: "as it is"}


class _Rejected(Exception):
    """Rolls back a restoration that was rejected."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


class Present(NamedTuple):
    """The present state of a record.

    Attributes:
        key: its key, None if it never was here.
        deleted: whether it was deleted.
        modified_on: its time (UTC), None if it has none.
    """

    key: int | None
    deleted: bool = False
    modified_on: datetime | None = None

    @property
    def is_here(self) -> bool:
        """Whether the record exists here, and is not deleted."""
        return self.key is not None and not self.deleted

    def after(self, site: Site) -> datetime:
        """Return a time for a version that replaces this one: it must be the latest."""
        old = None if self.key is None else self.modified_on
        return later(old, site.clock.now(), site.is_possible)


def restore(
    site: Site, kept_id: int, side: Side, user_id: int | None = None, *, quiet: bool = False
) -> Report:
    """Make a kept version the record again.

    Args:
        site: this site.
        kept_id: row of sync_kept.
        side: which version.
        user_id: the user who decides.
        quiet: whether the caller writes the log entry.

    Returns:
        the outcome: updated or created, unchanged if the record has this content already, or rejected with the
        reason. A rejected version stays open, and nothing is changed.

    If the record is here, only the record itself is restored: its components may have changed since. Of a conflict that
    is known by field, only the fields in dispute are. A record that is not here is restored with all components in the
    version.

    Raises:
        BadRequest: there is no such version.
    """
    with site.store.transaction():
        kept = known(site, kept_id)
        record = _side(site, kept, kept_id, side)
        present = here(site, site.schema.table(record.table), kept.uuid)
        found = _in_dispute(site, kept, present)
        if found is not None:
            record = decisions.part_of(record, found.units)
        report = _take(site, kept_id, kept, record, present, user_id, Resolution(side), found)
        if not quiet and not report.failures:
            fields = "" if found is None else f" of {', '.join(sorted(found.fields))}"
            _tell(site, kept, user_id, _WORDS[side] + fields)
        return report


def combine(
    site: Site,
    kept_id: int,
    choices: Mapping[str, Side],
    user_id: int | None = None,
    *,
    quiet: bool = False,
) -> Report:
    """Make a record of fields chosen from both versions.

    Args:
        site: this site.
        kept_id: row of sync_kept.
        choices: field name -> version whose value to use. Other fields stay.
        user_id: the user who decides.
        quiet: whether the caller writes the log entry.

    Returns:
        as ``restore``.

    Raises:
        BadRequest: there is no such version or field, or the record is not here.
    """
    with site.store.transaction():
        kept = known(site, kept_id)
        table = site.schema.table(kept.table)
        present = here(site, table, kept.uuid)
        if not present.is_here:
            raise BadRequest(
                f"The record {kept.table} {kept.uuid} is not here, so its fields cannot be chosen one by one.",
                hint="Use one of the versions as a whole.",
            )
        record = Record(table.name, kept.uuid)
        sides: dict[Side, Record] = {}
        for name, side in choices.items():
            if side is Side.NOW:
                continue
            if side not in sides:
                sides[side] = _side(site, kept, kept_id, side)
            _copy(name, sides[side], record)
        found = _in_dispute(site, kept, present)
        report = _take(site, kept_id, kept, record, present, user_id, Resolution.FIELDS, found)
        if not quiet and not report.failures:
            chosen = ", ".join(f"{name}: {_WORDS[side]}" for name, side in sorted(choices.items()))
            _tell(site, kept, user_id, f"field by field ({chosen})")
        return report


def accept(site: Site, kept_id: int, user_id: int | None = None) -> None:
    """Close a kept version without changing the record: the decision of the policy was right.

    Raises:
        BadRequest: there is no such version.
    """
    with site.store.transaction():
        kept = known(site, kept_id)
        table = site.schema.get(kept.table)
        present = Present(None) if table is None else here(site, table, kept.uuid)
        waiting_deletions.close(site, [kept_id], user_id, Resolution.KEEP)
        _note(site, kept, present, user_id, _in_dispute(site, kept, present))
        _tell(site, kept, user_id, "the record stays as it is")


def known(site: Site, kept_id: int) -> Kept:
    """Return a kept version.

    Raises:
        BadRequest: there is no such version.
    """
    kept = site.kept_versions.version(kept_id)
    if kept is None:
        raise BadRequest(
            f"There is no kept version {kept_id}.",
            hint="It may have been decided and removed since; look at the log.",
        )
    return kept


def here(site: Site, table: Table, uuid: str | None) -> Present:
    """Return the present state of a record."""
    found = all_here(site, table, [] if uuid is None else [uuid])
    return next(iter(found.values()), Present(None))


def all_here(site: Site, table: Table, uuids: Sequence[str]) -> dict[str, Present]:
    """Return uuid -> present state of records, without those that never were here."""
    columns = (table.key, "uuid", "deleted", "modified_on")
    return {
        uuid: Present(int(key), bool(deleted), modified_on)
        for key, uuid, deleted, modified_on in site.store.fetch(table, columns, "uuid", uuids)
    }


def tell(site: Site, repository_id: int | None, resource: str | None, result: Result, message: str) -> None:
    """Write a log entry about a decision.

    Args:
        site: this site.
        repository_id: the repository of the versions; entries about a deleted one have none.
        resource: table, None for several.
        result: SUCCESS or WARNING.
        message: what was decided, and by whom.
    """
    if repository_id is not None and site.db.sync_repository(repository_id) is None:
        repository_id = None
    site.log(repository_id, OUTGOING).task(resource, Activity.DECIDE, LogAction.DECIDE, result, message)


def person(site: Site, user_id: int | None) -> str:
    """Return the name of an account for the log."""
    return (site.accounts.email(user_id) or f"account {user_id}") if user_id else "this site"


def _tell(site: Site, kept: Kept, user_id: int | None, decided: str) -> None:
    name = site.name_of(kept)
    label = f"{kept.table} {name!r} ({kept.uuid})" if name else f"{kept.table} {kept.uuid}"
    what = f"{kept.kind} version" if kept.kind in SUPERSEDABLE else kept.kind
    tell(
        site,
        kept.repository_id,
        kept.table,
        Result.SUCCESS,
        f"Decided by {person(site, user_id)} on the {what} of {label}: {decided}.",
    )


def _take(
    site: Site,
    kept_id: int,
    kept: Kept,
    record: Record,
    present: Present,
    user_id: int | None,
    decision: Resolution,
    found: Disagreement | None,
) -> Report:
    record.modified_on = present.after(site)
    context = site.context(None, None)
    if found is not None:
        record.modified_by = site.accounts.email(user_id)
        context = replace(context, decides=found.settles)
    try:
        with site.store.savepoint():
            terms = Terms(update_policy=Policy.OTHER, components=not present.is_here)
            report = site.importer.retry([record], record.table, terms, context)
            if report.failures:
                raise _Rejected(report)
            rejection = without_owner(site, record)
            if rejection is not None:
                raise _Rejected(rejection)
            if not present.is_here:
                for each in record.walk():
                    if each.uuid:
                        site.kept_versions.release(kept.repository_id, each.table, [each.uuid], SUPERSEDABLE)
            waiting_deletions.close(site, [kept_id], user_id, decision)
            _note(site, kept, present, user_id, found)
    except _Rejected as rejected:
        return rejected.report
    return report


def _in_dispute(site: Site, kept: Kept, present: Present) -> Disagreement | None:
    """Return the fields that a conflict is about, None where whole versions are: also if the record is not here."""
    return decisions.known_by_field(site, kept) if present.is_here else None


def _note(site: Site, kept: Kept, present: Present, user_id: int | None, found: Disagreement | None) -> None:
    if found is not None and present.key is not None:
        table = site.schema.table(kept.table)
        decisions.note(site, table, [decisions.Decided(present.key, found)], user_id)


def _side(site: Site, kept: Kept, kept_id: int, side: Side) -> Record:
    text = {Side.OURS: kept.ours, Side.THEIRS: kept.theirs}.get(side)
    if not text:
        raise BadRequest(f"Of the version {kept_id} of {kept.table} {kept.uuid} there is no side {side!r}.")
    record = Decoder(site.schema).decode(parse_fragment(text.encode("utf-8")))
    # Both versions name the record by its identifier here.
    record.uuid = kept.uuid
    return record


def _copy(name: str, version: Record, record: Record) -> None:
    """Copy a field.

    Raises:
        BadRequest: the version does not contain the field, or its value cannot be read.
    """
    if name in version.values:
        record.values[name] = version.values[name]
    elif name in version.references:
        record.references[name] = version.references[name]
    else:
        raise BadRequest(f"The version says nothing about {name[:64]!r} that could be used.")
