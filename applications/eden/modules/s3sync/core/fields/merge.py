"""Merges two versions of a record field by field: one pure function.

Of each field, or of fields that belong together, the edits decide that the other version has not seen:

| unseen there | unseen here | the field |
|---|---|---|
| none | none | as the rule for whole records says: nobody knows who changed it |
| ours | none | stays |
| none | theirs | is taken; where ours may hold an edit of which nobody told, it is in dispute |
| ours | theirs | is in dispute: the later edit wins, or the policy says who; of a list both changes are joined |

Whoever merges the same versions comes to the same result, in whatever order, unless a policy prefers a side: then that
decision is an edit of its own, which has seen both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..kept import Side
from .edits import EVERY_FIELD, Edit, Edits, Stamp, next_time


@dataclass(frozen=True)
class Rules:
    """How versions of records are merged.

    Attributes:
        site: identifier of this site, for edits that a policy makes.
        now: the wall clock, in milliseconds since 1970 (UTC).
        latest: the latest time that an edit can have; one with a later time ranks below all others.
        winner: the side that wins disputes, None for the later edit.
        together: name of a field -> names of all the fields that are merged as one with it.
        lists: fields whose members are merged one by one.
        untold: the time of our version where it may hold edits of which nobody told, in milliseconds since 1970; None
            where all are known.
    """

    site: str
    now: int
    latest: int
    winner: Side | None = None
    together: Mapping[str, frozenset[str]] = field(default_factory=dict)
    lists: Collection[str] = ()
    untold: int | None = None


class Undated(NamedTuple):
    """What becomes of fields that differ although no edit says why.

    Attributes:
        take: whether the incoming values are taken.
        disputed: whether both sites changed the record.
    """

    take: bool
    disputed: bool


LEFT = Undated(False, False)


class Dispute(NamedTuple):
    """Fields that both sites edited without knowing of each other, to different values.

    Attributes:
        fields: their names: one, or several that belong together.
        ours, theirs: the two edits, None where it is not known.
        winner: whose values the record gets.
    """

    fields: tuple[str, ...]
    ours: Edit | None
    theirs: Edit | None
    winner: Side


class Merge(NamedTuple):
    """How two versions go together.

    Attributes:
        taken: the fields whose incoming values the record gets.
        joined: lists whose members are put together.
        disputes: what both sites edited.
        learned: edits that were not known here, and of which fields each is the last one now: of none where it was
            replaced already, or lost.
        decided: the edit by which a policy chose, or lists were joined, with its fields; None for none.
        ahead: whether the merged version has seen edits that the incoming one has not: it must go back.
        unexplained: whether fields differed that no edit explains.
    """

    taken: frozenset[str]
    joined: frozenset[str]
    disputes: tuple[Dispute, ...]
    learned: tuple[tuple[Edit, tuple[str, ...]], ...]
    decided: tuple[Stamp, tuple[str, ...]] | None
    ahead: bool
    unexplained: bool


_NONE: frozenset[str] = frozenset()


def together(groups: Iterable[Collection[str]]) -> dict[str, frozenset[str]]:
    """Return name of a field -> all fields of its group; groups that share a field are one."""
    found: dict[str, frozenset[str]] = {}
    for group in groups:
        members = frozenset(group).union(*(found.get(name, frozenset()) for name in group))
        found.update(dict.fromkeys(members, members))
    return found


def merge(
    ours: Edits,
    theirs: Edits,
    differing: Collection[str],
    rules: Rules,
    undated: Undated = LEFT,
    every: Collection[str] = (),
) -> Merge:
    """Merge an incoming version into ours.

    Args:
        ours, theirs: the edits of both versions.
        differing: names of the fields with different values.
        rules: how.
        undated: what becomes of fields that differ although no edit says why.
        every: names of all fields that travel, for edits of unknown fields.
    """
    simple = following(ours, theirs, differing) if rules.untold is None else None
    return simple or _Merging(ours, theirs, rules).merge(differing, undated, every)


def following(ours: Edits, theirs: Edits, differing: Collection[str]) -> Merge | None:
    """Return the merge of a version that has seen all of ours and explains all differences: it is taken as it is.

    That is the usual case, and the result is that of the general rules.

    Args:
        ours, theirs, differing: as in ``merge``.

    Returns:
        None where it is not that simple.
    """
    fields, known = theirs.fields, ours.seen
    if EVERY_FIELD in fields or not theirs.covers(ours):
        return None
    for name in differing:
        if name not in fields:
            return None
    last: dict[Stamp, tuple[Edit, list[str]]] = {}
    before: Edit | None = None
    names: list[str] | None = None
    for name, edit in fields.items():
        # Fields that were edited together have one and the same edit.
        if edit is not before:
            before = edit
            time, site = stamp = edit.stamp
            names = None if time <= known.get(site, -1) else last.setdefault(stamp, (edit, []))[1]
        if names is not None:
            names.append(name)
        elif name in differing:
            return None
    told = last.keys()
    learned = [(edit, tuple(sorted(names))) for edit, names in last.values()]
    for site, time in theirs.seen.items():
        if time > known.get(site, -1) and (time, site) not in told:
            learned.append((Edit(Stamp(time, site)), ()))
    if len(learned) > 1:
        learned.sort()
    return Merge(frozenset(differing), _NONE, (), tuple(learned), None, False, False)


class _Merging:
    """One merge, while it is made."""

    def __init__(self, ours: Edits, theirs: Edits, rules: Rules) -> None:
        self._ours = ours
        self._theirs = theirs
        self._rules = rules
        self._last: dict[Edit, list[str]] = {}
        self._taken: set[str] = set()
        self._joined: set[str] = set()
        self._chosen: set[str] = set()
        self._disputes: list[Dispute] = []
        self._unexplained = False

    def merge(self, differing: Collection[str], undated: Undated, every: Collection[str]) -> Merge:
        different = frozenset(differing)
        for unit in self._units(different):
            self._judge(unit, unit & different, undated)
        self._agree(different, every)
        seen = {**self._ours.seen}
        for site, time in self._theirs.seen.items():
            seen[site] = max(time, seen.get(site, time))
        decided = None
        if self._chosen:
            decided = Stamp(next_time(self._rules.now, seen), self._rules.site), tuple(sorted(self._chosen))
            seen[self._rules.site] = decided[0].time
        return Merge(
            frozenset(self._taken),
            frozenset(self._joined),
            tuple(self._disputes),
            tuple(self._learned()),
            decided,
            any(time > self._theirs.seen.get(site, -1) for site, time in seen.items()),
            self._unexplained,
        )

    def _units(self, different: frozenset[str]) -> Iterable[frozenset[str]]:
        together = self._rules.together
        return dict.fromkeys(together.get(name, frozenset((name,))) for name in sorted(different))

    def _judge(self, unit: frozenset[str], different: frozenset[str], undated: Undated) -> None:
        mine = self._latest(unit, self._ours, self._theirs)
        yours = self._latest(unit, self._theirs, self._ours)
        if mine is not None and yours is not None:
            self._settle(unit, different, mine, yours)
        elif yours is not None:
            if self._is_untold(unit):
                self._doubt(unit, different, yours)
            else:
                self._take(unit, different)
        elif mine is None:
            self._unexplained = True
            if undated.disputed:
                winner = Side.THEIRS if undated.take else Side.OURS
                self._disputes.append(Dispute(tuple(sorted(different)), None, None, winner))
            if undated.take:
                self._take(unit, different)

    def _settle(self, unit: frozenset[str], different: frozenset[str], mine: Edit, yours: Edit) -> None:
        names = tuple(sorted(different))
        if different <= frozenset(self._rules.lists):
            self._joined |= different
            self._chosen |= different
            return
        later = Side.THEIRS if self._rank(yours) > self._rank(mine) else Side.OURS
        winner = self._rules.winner or later
        self._disputes.append(Dispute(names, mine, yours, winner))
        if winner is Side.THEIRS:
            self._take(unit, different)
        if winner is not later:
            self._chosen |= unit

    def _is_untold(self, unit: frozenset[str]) -> bool:
        """Return whether our version may hold an edit of these fields of which nobody told."""
        return self._rules.untold is not None and all(self._ours.of(name) is None for name in unit)

    def _doubt(self, unit: frozenset[str], different: frozenset[str], yours: Edit) -> None:
        """Let the later one count where nobody knows whether ours holds an edit: the other value is kept."""
        assert self._rules.untold is not None
        later = Side.OURS if yours.stamp.time <= self._rules.untold else Side.THEIRS
        winner = self._rules.winner or later
        self._disputes.append(Dispute(tuple(sorted(different)), None, yours, winner))
        if winner is Side.THEIRS:
            self._take(unit, different)
        else:
            self._chosen |= unit

    def _take(self, unit: frozenset[str], different: frozenset[str]) -> None:
        self._taken |= different
        for name in unit:
            edit = self._theirs.of(name)
            if edit is not None:
                self._last.setdefault(edit, []).append(name)

    def _agree(self, different: frozenset[str], every: Collection[str]) -> None:
        """Let the later edit count where both versions have the same value."""
        names = [*self._theirs.fields]
        if EVERY_FIELD in self._theirs.fields:
            names = list(dict.fromkeys((*names, *every)))
        for name in names:
            theirs, ours = self._theirs.of(name), self._ours.of(name)
            if (
                name == EVERY_FIELD
                or name in different
                or theirs is None
                or self._ours.has_seen(theirs.stamp)
            ):
                continue
            if ours is None or self._theirs.has_seen(ours.stamp) or self._rank(theirs) > self._rank(ours):
                self._last.setdefault(theirs, []).append(name)

    def _learned(self) -> Iterable[tuple[Edit, tuple[str, ...]]]:
        """Yield what was not known here, so that afterwards all is known that the incoming version has seen."""
        known = self._ours.seen
        edits = {edit.stamp: edit for edit in self._theirs.fields.values()}
        stamps = {stamp for stamp in edits if not self._ours.has_seen(stamp)}
        stamps |= {
            Stamp(time, site) for site, time in self._theirs.seen.items() if time > known.get(site, -1)
        }
        chosen = self._chosen
        for stamp in sorted(stamps):
            edit = edits.get(stamp) or Edit(stamp)
            yield edit, tuple(sorted({*self._last.get(edit, ())} - chosen))

    def _latest(self, unit: frozenset[str], version: Edits, other: Edits) -> Edit | None:
        """Return the highest edit of these fields that the other version has not seen."""
        edits = (version.of(name) for name in unit)
        unseen = [edit for edit in edits if edit is not None and not other.has_seen(edit.stamp)]
        return max(unseen, key=self._rank, default=None)

    def _rank(self, edit: Edit) -> tuple[bool, Stamp]:
        return edit.stamp.time <= self._rules.latest, edit.stamp
