"""Whether other sites have a record as it is here, as far as that is known: for everybody who may read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from ..adapters import USUAL, adapter_types
from ..core.kept import KeptKind, KeptState, OpenKind
from ..core.schema import Table
from ..core.text import TextEnum
from ..database import own_rows as own_rows
from ..site import Site
from ..site.scoping.not_allowed import not_allowed_in
from ..site.tasks import filters_of, find
from ..wire.protocol.news import read_pulls
from .record_history import Partner, noted_row, partners

#: Of what another site has in this way it has not taken our version, or not all of it.
_NOT_TAKEN = tuple(
    each.value for each in (OpenKind.REJECTED, OpenKind.REFUSED, OpenKind.WAITING, OpenKind.LEFT)
)


class AtOther(TextEnum):
    """What is known of a record at another site."""

    HAS = "has"
    WAITS = "waits"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


class Whereabouts(NamedTuple):
    """A record at one other site.

    Attributes:
        name: of the repository.
        known: what is known.
        exchanged_on: when its resource was last exchanged with that site (UTC), None for never.
    """

    name: str
    known: AtOther
    exchanged_on: datetime | None


def at_others(site: Site, table: Table, row: Any, most: int | None = None) -> list[Whereabouts]:
    """Return where a record is, at each site that its table is exchanged with, in the order of their names.

    Args:
        site: this site.
        table: its table.
        row: the record.
        most: of more sites than this nothing is returned; each takes some statements.
    """
    found = partners(site, table, noted_row(site.db, table, int(row[table.key])))
    if most is not None and len({each.repository_id for each in found}) > most:
        return []
    apart = _apart(site, table, row.uuid)
    best: dict[int, Whereabouts] = {}
    for each in found:
        known = AtOther.DIFFERS if each.repository_id in apart else _known(site, each)
        if each.repository_id not in best or best[each.repository_id].known is AtOther.UNKNOWN:
            times = [moment for moment in (each.last_pull, each.last_push) if moment is not None]
            best[each.repository_id] = Whereabouts(each.name, known, max(times, default=None))
    return list(best.values())


def _known(site: Site, partner: Partner) -> AtOther:
    if partner.brought:
        return AtOther.HAS
    if partner.has_it is None:
        return AtOther.UNKNOWN
    if not partner.has_it:
        return AtOther.WAITS
    return AtOther.UNKNOWN if _may_be_held_back(site, partner) else AtOther.HAS


def _may_be_held_back(site: Site, partner: Partner) -> bool:
    """Return whether a record may not be there although its change was sent: a filter or a scope passes it over.

    Of a folder nobody confirms that it was read.
    """
    task = find(site.db, partner.task_id)
    if task is None or filters_of(site.db, task):
        return True
    (repository,) = own_rows.read(site.db, "sync_repository", {"id": partner.repository_id})
    if repository.scope_id is not None or not_allowed_in(repository.settings or {}):
        return True
    kind = adapter_types().get(repository.apitype or USUAL)
    if kind is not None and not kind.confirms:
        return True
    states = site.repository(partner.repository_id).states
    if states.pushed(partner.resource).position >= partner.position:
        return False
    # It was fetched from there, by rules that we know from the last question at most.
    _, pulls = states.question()
    asked = [each for each in read_pulls(pulls) if each.resource == partner.resource]
    return not asked or any(each.filters for each in asked)


def _apart(site: Site, table: Table, uuid: str) -> set[int]:
    """Return the repositories that are known to hold the record otherwise."""
    there = own_rows.read(site.db, "sync_open_there", {"tablename": table.name, "uuid": uuid})
    here = own_rows.read(
        site.db,
        "sync_kept",
        {
            "tablename": table.name,
            "uuid": uuid,
            "kind": KeptKind.REJECTED.value,
            "state": KeptState.OPEN.value,
        },
    )
    return {row.repository_id for row in there if row.kind in _NOT_TAKEN} | {
        row.repository_id for row in here
    }
