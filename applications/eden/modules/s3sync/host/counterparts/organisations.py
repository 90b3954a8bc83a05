"""The counterpart of what an Eden does with an organisation."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .counterpart import Counterpart
from .rows import read, update


class Organisations(Counterpart):
    """Makes each organisation that is no branch its own root; a logo is a matter of forms."""

    def handle(self, keys: Sequence[int]) -> Collection[int]:
        """See Counterpart."""
        table = self.eden.s3db.org_organisation
        rootless = table.id.belongs(keys) & (table.root_organisation == None)  # noqa: E711 - an SQL expression
        update(table, ("root_organisation",), ((key, key) for (key,) in read(self.db, rootless, table.id)))
        return ()
