"""Counterparts of callbacks of a complete Eden: what they do with one record, done for all records of a page at once.

Each stands for callbacks whose code it was compared with, field by field, and for no others: ``known`` has the digests
of that code. It also knows with which settings it was compared. Where the code is another one, the settings are, or a
record has something that only Eden's own callback handles, that callback is called as ever.
"""

from __future__ import annotations

from collections.abc import Mapping

from .counterpart import Counterpart, Eden
from .entities import Entities, SiteCodes
from .locations import Locations
from .offices import Offices
from .organisations import Organisations
from .persons import Persons
from .shelters import Shelters
from .staff import Staff
from .standing import AtOnce, Reason, at_once

#: Table -> the counterpart of its ``onaccept``.
COUNTERPARTS: Mapping[str, type[Counterpart]] = {
    "cr_shelter": Shelters,
    "gis_location": Locations,
    "hrm_human_resource": Staff,
    "org_office": Offices,
    "org_organisation": Organisations,
    "org_site": SiteCodes,
    "pr_pentity": Entities,
    "pr_person": Persons,
}

__all__ = ["COUNTERPARTS", "AtOnce", "Counterpart", "Eden", "Reason", "at_once"]
