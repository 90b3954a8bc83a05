"""The counterpart of what an Eden does with an office."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from . import affiliations, sites
from .counterpart import Counterpart


class Offices(Counterpart):
    """Lets offices belong to their organisations."""

    uses = (*sites.USES, *affiliations.USES)

    def handle(self, keys: Sequence[int]) -> Collection[int]:
        """See Counterpart."""
        return sites.affiliate(self.eden, self.eden.s3db.org_office, "id", keys)
