"""The counterpart of what an Eden does with a person."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .counterpart import Counterpart
from .rows import read


class Persons(Counterpart):
    """Nothing is to be done with a person who has no account here and no date of death."""

    def fits(self) -> bool:
        """See Counterpart: with labels, each person gets one."""
        return not self.eden.settings.get_pr_generate_pe_label()

    def handle(self, keys: Sequence[int]) -> Collection[int]:
        """See Counterpart."""
        table, link = self.eden.s3db.pr_person, self.eden.s3db.pr_person_user
        mine = table.id.belongs(keys)
        died = read(self.db, mine & (table.date_of_death != None), table.id)  # noqa: E711 - an SQL expression
        users = read(self.db, mine & (link.pe_id == table.pe_id), table.id)
        return {key for (key,) in (*died, *users)}
