"""The counterparts of what an Eden does with the records that stand for others: entities, and sites."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence

from . import affiliations, sites
from .counterpart import Counterpart
from .rows import read, update

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CONSONANTS = "BCDFGHJKLMNPQRSTVWXYZ"
_SUFFIX = "1234567890" + _CONSONANTS
#: Characters at the end of a site's code that are chosen at random.
_RANDOM = 4
_LONGEST = 10


class Entities(Counterpart):
    """Lets new entities that are sites belong to their organisations."""

    uses = (*sites.USES, *affiliations.USES)

    def handle(self, keys: Sequence[int]) -> Collection[int]:
        """See Counterpart."""
        table = self.eden.s3db.pr_pentity
        by_type: dict[str, set[int]] = {}
        for key, kind in read(self.db, table.pe_id.belongs(keys), table.pe_id, table.instance_type):
            by_type.setdefault(kind, set()).add(key)
        left: set[int] = set()
        for kind, found in by_type.items():
            instances = self.eden.s3db.table(kind, None)
            if instances is not None and {"site_id", "organisation_id"} <= set(instances.fields):
                ordered = [key for key in keys if key in found]
                left |= sites.affiliate(self.eden, instances, "pe_id", ordered)
        return left


class SiteCodes(Counterpart):
    """Gives new sites a code of their own: letters of the name, and an end by chance."""

    def further(self) -> Sequence[object]:
        """See Counterpart: the code is made by a method of the same class."""
        return (getattr(getattr(self.callback, "__self__", None), "generate_site_code", None),)

    def handle(self, keys: Sequence[int]) -> Collection[int]:
        """See Counterpart."""
        table = self.eden.s3db.org_site
        rows = read(self.db, table.site_id.belongs(keys), table.site_id, table.name, table.code)
        nameless = [(key, name) for key, name, code in rows if name and not code]
        length = min(self.eden.settings.get_org_site_code_len(), _LONGEST)
        if length < _RANDOM:
            return keys
        codes = {key: _code(name, length) for key, name in nameless}
        wanted = set(codes.values())
        taken = {row[0] for row in read(self.db, table.code.belongs(wanted), table.code)} if wanted else set()
        taken |= _repeated(codes.values())
        update(table, ("code",), ((code, key) for key, code in codes.items() if code not in taken))
        return {key for key, code in codes.items() if code in taken}


def _code(name: str, length: int) -> str:
    # Vowels count in the first two letters of the name alone.
    letters = [each for each in name[:2].upper() if each in _LETTERS]
    letters += [each for each in name[2:].upper() if each in _CONSONANTS]
    if not letters:
        letters = random.choices(_LETTERS, k=length)
    start = ("".join(letters) + "X" * length)[:length]
    return start[:-_RANDOM] + "".join(random.choices(_SUFFIX, k=_RANDOM))


def _repeated(codes: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    return {code for code in codes if code in seen or seen.add(code)}  # type: ignore[func-returns-value]
