"""Tells in the log of conflicts here on which a person decided at another site."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.kept import DecidedElsewhere, Resolution
from ..core.messages import Sentence, Text
from . import Site
from .names_of_sites import SiteName, names_of_sites

_DECISIONS = {
    Resolution.OURS: Sentence.OUR_VERSION,
    Resolution.THEIRS: Sentence.THEIR_VERSION,
    Resolution.FIELDS: Sentence.FIELD_BY_FIELD,
}


def lines_about(site: Site, decided: Sequence[DecidedElsewhere]) -> list[Text]:
    """Return a line for each decision: on which record, what, by whom, where and when.

    Args:
        site: this site.
        decided: the decisions.
    """
    if not decided:
        return []
    names = names_of_sites(site)
    return [_line(each, names.of(each.site)) for each in decided]


def _line(decided: DecidedElsewhere, where: SiteName) -> Text:
    table, uuid, name = decided.conflict.table, decided.conflict.uuid, decided.conflict.name
    known = None if decided.decision is None else _DECISIONS.get(decided.decision)
    return Sentence.CONFLICT_DECIDED.say(
        record=f"{table} {name!r} ({uuid})" if name else f"{table} {uuid}",
        decision=(known or Sentence.CHANGED_AGAIN).say(),
        who=decided.by or "?",
        site=where.name or where.identifier,
        time=f"{decided.decided_on:%Y-%m-%d %H:%M:%S}",
    )
