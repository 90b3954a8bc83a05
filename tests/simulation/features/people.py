"""People: contacts that change their person, and staff."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ..edits import make, some
from .base import Feature

if TYPE_CHECKING:
    from ..place import Place
    from ..world import World

STAFF = "hrm_human_resource"


class MovedContacts(Feature):
    """A contact changes its person."""

    name = "moved contacts"
    fires = ("contact moved",)

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        contact, person = place.any("pr_contact", rnd), place.any("pr_person", rnd)
        if contact is None or person is None or rnd.random() < 0.2:
            make(place, "pr_person", number, rnd)
            return
        table = place.s3db["pr_contact"]
        joined = place.s3db["pr_person"][person].pe_id
        world.happened["contact moved"] += table[contact].pe_id != joined
        place.change("pr_contact", contact, pe_id=joined)


class Staff(Feature):
    """Staff refer to a person, an organisation and its office, and change all of them."""

    name = "staff"
    fires = ("staff changed", "staff deleted")
    tables = {STAFF: "code"}
    resources = (STAFF,)

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        chance = rnd.random()
        key = place.any(STAFF, rnd)
        if key is None or chance < 0.4:
            place.insert(
                STAFF,
                person_id=some(place, "pr_person", number, rnd),
                organisation_id=some(place, "org_organisation", number, rnd),
                site_id=self._site(place, number, rnd),
                uuid=f"h{number}",
                code=number,
            )
        elif chance < 0.6:
            place.change(STAFF, key, site_id=self._site(place, number, rnd))
            world.happened["staff changed"] += 1
        elif chance < 0.8:
            place.change(STAFF, key, person_id=some(place, "pr_person", number, rnd))
            world.happened["staff changed"] += 1
        else:
            world.happened["staff deleted"] += place.delete(STAFF, key)

    @staticmethod
    def _site(place: Place, number: str, rnd: random.Random) -> "int | None":
        if rnd.random() < 0.3:
            return None
        found: "int | None" = place.s3db["org_office"][some(place, "org_office", f"{number}s", rnd)].site_id
        return found
