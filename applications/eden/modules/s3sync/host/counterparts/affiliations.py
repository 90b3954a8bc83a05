"""Who belongs to which entity: roles of an entity, and the entities that have one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .counterpart import Eden
from .rows import insert, read

#: A role whose members are units of the entity that gives it.
UNITS = 1
SITES = "Sites"
#: Functions of an Eden that lead here.
USES = ("pr_add_affiliation", "pr_get_pe_id", "pr_add_to_role")


class Affiliations:
    """Adds affiliations for many entities at once.

    Args:
        eden: the Eden.
    """

    def __init__(self, eden: Eden) -> None:
        self._eden, self._db = eden, eden.db
        self._roles, self._table = eden.s3db.pr_role, eden.s3db.pr_affiliation

    def existing(
        self, entities: Collection[int], roles: Sequence[str], types: Sequence[str]
    ) -> Mapping[int, Any]:
        """Return entity -> (role, entity that gives it) of those that it has, as a set.

        Args:
            entities: keys of entities.
            roles: names of roles.
            types: tables of the entities that give the roles.
        """
        table, given, entity = self._table, self._roles, self._eden.s3db.pr_pentity
        query = (
            table.pe_id.belongs(entities)
            & (table.deleted != True)  # noqa: E712 - as an Eden asks: also where it is NULL it is no True
            & (given.deleted != True)  # noqa: E712
            & (given.id == table.role_id)
            & given.role.belongs(roles)
            & (entity.pe_id == given.pe_id)
            & entity.instance_type.belongs(types)
        )
        found: dict[int, set[tuple[str, int]]] = {}
        for key, role, giver in read(self._db, query, table.pe_id, given.role, given.pe_id):
            found.setdefault(key, set()).add((role, giver))
        return found

    def add(self, pairs: Iterable[tuple[int, int]], role: str) -> None:
        """Give entities a role of others, where they do not have it.

        Args:
            pairs: (entity that gives the role, entity that gets it), in the order in which they are made.
            role: name of the role, which is made where it is missing.
        """
        wanted = list(dict.fromkeys(pairs))
        role_of = {giver: self._role(giver, role) for giver in dict.fromkeys(giver for giver, _ in wanted)}
        table, entities = self._table, {entity for _, entity in wanted}
        query = table.pe_id.belongs(entities) & table.role_id.belongs(set(role_of.values()))
        known = set(read(self._db, query, table.role_id, table.pe_id)) if wanted else set()
        missing = [
            (role_of[giver], entity) for giver, entity in wanted if (role_of[giver], entity) not in known
        ]
        insert(table, ({"role_id": role_id, "pe_id": entity} for role_id, entity in missing))
        self._rebuild({entity for _, entity in missing})

    def _role(self, giver: int, role: str) -> int:
        table = self._roles
        query = (table.pe_id == giver) & (table.role == role) & (table.deleted != True)  # noqa: E712
        found = read(self._db, query, table.id)
        return found[0][0] if found else int(table.insert(pe_id=giver, role=role, role_type=UNITS))

    def _rebuild(self, entities: Collection[int]) -> None:
        """Let Eden work out the paths of the roles that entities give which now belong elsewhere."""
        table = self._roles
        query = table.pe_id.belongs(entities) & (table.role_type == UNITS) & (table.deleted != True)  # noqa: E712
        for entity in sorted({row[0] for row in read(self._db, query, table.pe_id)} if entities else ()):
            self._eden.s3db.pr_rebuild_path(entity, clear=True)
