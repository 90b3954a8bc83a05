"""Sites: they belong to their organisations."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from .affiliations import SITES, Affiliations
from .counterpart import Eden
from .rows import read

#: Functions of an Eden that lead here.
USES = ("org_update_affiliations", "org_site_update_affiliations")


def affiliate(eden: Eden, table: Any, key: str, keys: Collection[int]) -> set[int]:
    """Let sites belong to their organisations.

    Args:
        eden: the Eden.
        table: the pydal table of the sites.
        key: the field by which they are named.
        keys: its values.

    Returns:
        those that are left to Eden, because they belonged to another organisation.
    """
    rows = read(eden.db, table[key].belongs(keys), table[key], table.pe_id, table.organisation_id)
    above = _entities(eden, {organisation for _, _, organisation in rows if organisation})
    links = Affiliations(eden)
    former = links.existing({entity for _, entity, _ in rows if entity}, (SITES,), ("org_organisation",))
    left, pairs = set(keys) - {row[0] for row in rows}, []
    for each, entity, organisation in sorted(rows, key=_position(keys)):
        giver = above.get(organisation)
        others = former.get(entity, set()) - {(SITES, giver)}
        if others:
            left.add(each)
        elif entity and giver and entity not in former:
            pairs.append((giver, entity))
    links.add(pairs, SITES)
    return left


def _entities(eden: Eden, organisations: Collection[int]) -> dict[int, int]:
    table = eden.s3db.org_organisation
    rows = read(eden.db, table.id.belongs(organisations), table.id, table.pe_id) if organisations else []
    return dict(rows)


def _position(keys: Iterable[int]) -> Any:
    places = {key: place for place, key in enumerate(keys)}
    return lambda row: places[row[0]]
