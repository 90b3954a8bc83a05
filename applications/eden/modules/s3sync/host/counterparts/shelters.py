"""The counterpart of what an Eden does with a shelter: its organisation, who is there, and its state of today."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from . import affiliations, sites
from .counterpart import Counterpart
from .rows import insert, read, update

#: What a shelter's state of a day says of it.
_TRACKED = (
    "status",
    "capacity",
    "blocked_capacity",
    "population",
    "population_adults",
    "population_children",
)
#: Settings that let an Eden count people or places in another way.
_UNCOMMON = (
    "get_cr_shelter_units",
    "get_cr_shelter_allocation",
    "get_cr_shelter_population_by_type",
    "get_cr_shelter_population_by_age_group",
    "get_cr_shelter_blocked_capacity",
)
#: What would make a state more than a row.
_FURTHER = ("super_entity", "onaccept", "create_onaccept", "update_onaccept", "owner_group", "realm_entity")
#: Of a registration of somebody who has left.
_CHECKED_OUT = 3


class Shelters(Counterpart):
    """Shelters whose people are counted by their registrations, or entered."""

    uses = (
        *sites.USES,
        *affiliations.USES,
        "Shelter.__init__",
        "Shelter.update_population",
        "Shelter.update_available_capacity",
        "Shelter.update_status",
    )

    def fits(self) -> bool:
        """See Counterpart."""
        settings, config = self.eden.settings, self.eden.s3db.get_config
        if any(getattr(settings, each)() for each in _UNCOMMON) or callable(settings.get_auth_realm_entity()):
            return False
        return not any(config("cr_shelter_status", each) for each in _FURTHER)

    def handle(self, keys: Sequence[int]) -> Collection[int]:
        """See Counterpart."""
        table = self.eden.s3db.cr_shelter
        left = sites.affiliate(self.eden, table, "id", keys)
        mine = [key for key in keys if key not in left]
        rows = read(self.db, table.id.belongs(mine), table.id, *(table[each] for each in _TRACKED))
        shelters = {row[0]: dict(zip(_TRACKED, row[1:])) for row in rows}
        if self.eden.settings.get_cr_shelter_registration():
            people = self._registered(mine)
            for key, values in shelters.items():
                values["population"] = people.get(key, 0)
        for values in shelters.values():
            values["capacity"], values["population"] = values["capacity"] or 0, values["population"] or 0
        free = {key: max(each["capacity"] - each["population"], 0) for key, each in shelters.items()}
        update(
            table,
            ("capacity", "population", "available_capacity"),
            ((each["capacity"], each["population"], free[key], key) for key, each in shelters.items()),
        )
        self._tell({key: shelters[key] for key in mine if key in shelters})
        return left

    def _registered(self, keys: Sequence[int]) -> Mapping[int, int]:
        table = self.eden.s3db.cr_shelter_registration
        query = (
            table.shelter_id.belongs(keys)
            & (table.registration_status != _CHECKED_OUT)
            & (table.deleted == False)  # noqa: E712 - an SQL expression
        )
        people: dict[int, set[Any]] = {}
        for key, person in read(self.db, query, table.shelter_id, table.person_id):
            people.setdefault(key, set()).add(person)
        return {key: len(found - {None}) for key, found in people.items()}

    def _tell(self, shelters: Mapping[int, Mapping[str, Any]]) -> None:
        """Write down the state of today."""
        table, today = self.eden.s3db.cr_shelter_status, self.eden.current.request.utcnow.date()
        query = table.shelter_id.belongs(shelters) & (table.date == today) & (table.deleted == False)  # noqa: E712
        told: dict[int, int] = {}
        for key, shelter in sorted(read(self.db, query, table.id, table.shelter_id)):
            told.setdefault(shelter, key)
        update(
            table,
            _TRACKED,
            ((*(shelters[shelter][each] for each in _TRACKED), key) for shelter, key in told.items()),
        )
        user = self.eden.auth.user
        owner = {"owned_by_user": user.id} if user and table.owned_by_user.default is None else {}
        new = [key for key in shelters if key not in told]
        insert(table, ({**shelters[key], **owner, "shelter_id": key, "date": today} for key in new))
