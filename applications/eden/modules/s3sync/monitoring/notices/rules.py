"""When people are told: pure rules over figures. Once when it becomes true, as a reminder, and once when it is over."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

#: Stands for this site where otherwise the key of a repository stands.
THIS_SITE = 0
#: By which part of its limit a figure has to be better again before it is said to be over: free space and clocks
#: move a little all the time, and nobody wants a mail for each time.
MARGIN = 0.1


class Kind(str, enum.Enum):
    """What a rule looks at."""

    FAILED = "failed"
    SILENT = "silent"
    CLOCK = "clock"
    DISK = "disk"
    CONFLICTS = "conflicts"


#: Kinds of which this site has one figure.
OF_THIS_SITE = frozenset((Kind.DISK, Kind.CONFLICTS))
#: Kinds that a rule can bind to one repository.
OF_A_REPOSITORY = frozenset(Kind) - {Kind.DISK}
_WAVERING = frozenset((Kind.DISK, Kind.CLOCK))


class Step(str, enum.Enum):
    """What happens to a notice. DROPPED is told to nobody: its rule or its repository is gone."""

    RAISED = "raised"
    REMINDED = "reminded"
    OVER = "over"
    DROPPED = "dropped"


class Rule(NamedTuple):
    """A rule as far as it decides.

    Attributes:
        id: its key.
        kind: what it looks at.
        limit: failed runs in a row, hours of silence, seconds between clocks, free megabytes, or open decisions.
        repository_id: the only repository it is about, None for all of them, or for this site.
        remind_hours: hours after which it is told again while it lasts; 0 for never.
    """

    id: int
    kind: Kind
    limit: float
    repository_id: int | None = None
    remind_hours: float = 0


class Figure(NamedTuple):
    """What is known.

    Attributes:
        kind: of which kind of rule.
        subject: key of the repository, or THIS_SITE.
        value: in the unit of the limit; None where it is not known just now.
    """

    kind: Kind
    subject: int
    value: float | None


class Raised(NamedTuple):
    """A notice that holds.

    Attributes:
        since: when it was raised (UTC).
        told_on: when people were told last (UTC).
    """

    since: datetime
    told_on: datetime


class Change(NamedTuple):
    """What is to be told, or dropped.

    Attributes:
        rule_id: key of the rule.
        subject: as in ``Figure``.
        step: what happens.
        value: the figure; None if the notice is dropped.
        since: when it was raised (UTC).
    """

    rule_id: int
    subject: int
    step: Step
    value: float | None
    since: datetime


def holds(rule: Rule, value: float, is_raised: bool) -> bool:
    """Return whether a figure is one to tell of.

    Args:
        rule: the rule.
        value: the figure.
        is_raised: whether it has been told: then it has to be better by MARGIN, where it wavers.
    """
    margin = MARGIN * abs(rule.limit) if is_raised and rule.kind in _WAVERING else 0.0
    if rule.kind is Kind.DISK:
        return value < rule.limit + margin
    if rule.kind is Kind.CLOCK:
        return abs(value) > rule.limit - margin
    return value >= rule.limit


def is_about(rule: Rule, figure: Figure) -> bool:
    """Return whether a rule looks at a figure."""
    if figure.kind is not rule.kind:
        return False
    if rule.repository_id is not None and rule.kind in OF_A_REPOSITORY:
        return figure.subject == rule.repository_id
    return (figure.subject == THIS_SITE) == (rule.kind in OF_THIS_SITE)


def changes(
    rules: Iterable[Rule],
    figures: Iterable[Figure],
    raised: Mapping[tuple[int, int], Raised],
    now: datetime,
) -> list[Change]:
    """Return what has to be told now.

    A figure that is not known leaves a notice as it is.

    Args:
        rules: the rules that are switched on.
        figures: what is known.
        raised: (rule, subject) -> the notices that hold so far.
        now: the current time (UTC).
    """
    known = list(figures)
    looked_at: set[tuple[int, int]] = set()
    found: list[Change] = []
    for rule in rules:
        for figure in known:
            if is_about(rule, figure):
                place = (rule.id, figure.subject)
                looked_at.add(place)
                found += _of_one(rule, figure, raised.get(place), now)
    gone = sorted(raised.keys() - looked_at)
    return [*found, *(Change(*place, Step.DROPPED, None, raised[place].since) for place in gone)]


def _of_one(rule: Rule, figure: Figure, former: Raised | None, now: datetime) -> Iterator[Change]:
    if figure.value is None:
        return
    place = (rule.id, figure.subject)
    if not holds(rule, figure.value, former is not None):
        if former is not None:
            yield Change(*place, Step.OVER, figure.value, former.since)
    elif former is None:
        yield Change(*place, Step.RAISED, figure.value, now)
    elif rule.remind_hours and now - former.told_on >= timedelta(hours=rule.remind_hours):
        yield Change(*place, Step.REMINDED, figure.value, former.since)
