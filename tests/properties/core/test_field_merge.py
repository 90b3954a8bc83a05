"""Sites that merge by field end equal, in whatever order they meet, and lose no value that a person entered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from s3sync.core.fields import LEFT, Change, Edits, Rules, Stamp, fold, learned, merge, next_time, together
from s3sync.core.fields.merge import _Merging, following
from s3sync.core.kept import Side

FIELDS = ("phone", "year", "lat", "lon")
LATEST = 10**6
TOGETHER = together([("lat", "lon")])


@dataclass
class Site:
    """A site with one record, as an importer treats it."""

    name: str
    ahead: int
    values: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIELDS, 0))
    changes: list[Change] = field(default_factory=list)
    kept: set[tuple[str, int]] = field(default_factory=set)

    @property
    def edits(self) -> Edits:
        return fold(self.changes)

    def edit(self, name: str, value: int, now: int) -> None:
        stamp = Stamp(next_time(now + self.ahead, self.edits.seen), self.name)
        whole = TOGETHER.get(name, (name,))
        self.changes.append(Change(1, stamp, "", {each: [self.values[each]] for each in whole}))
        self.values[name] = value

    def pull(self, other: Site, now: int, winner: Side | None = None) -> bool:
        """Take another site's version; return whether anything changed."""
        differing = [name for name in FIELDS if self.values[name] != other.values[name]]
        rules = Rules(self.name, now + self.ahead, LATEST, winner, TOGETHER)
        found = merge(self.edits, other.edits, differing, rules)
        assert not found.unexplained
        short = following(self.edits, other.edits, differing)
        assert short is None or short == _Merging(self.edits, other.edits, rules).merge(differing, LEFT, ())
        for dispute in found.disputes:
            losing = other.values if dispute.winner is Side.OURS else self.values
            self.kept |= {(name, losing[name]) for name in dispute.fields}
        news = learned(1, found, dict(self.values), "", 1)
        self.changes += news
        self.values |= {name: other.values[name] for name in found.taken}
        return bool(news)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), st.integers(0, 3), st.sampled_from(FIELDS)),
        st.tuples(st.just("pull"), st.integers(0, 3), st.integers(0, 3)),
    ),
    max_size=40,
)


def play(sites: list[Site], script: list[Any], winner: Side | None) -> dict[tuple[str, int], list[int]]:
    """Let sites edit and meet; return for each value that was entered which values its author saw replaced by it."""
    entered: dict[tuple[str, int], list[int]] = {}
    value = 0
    for now, (what, at, other) in enumerate(script, start=1000):
        site = sites[at % len(sites)]
        if what == "edit":
            value += 1
            entered[(other, value)] = [site.values[other]]
            site.edit(other, value, now)
        elif site is not sites[other % len(sites)]:
            site.pull(sites[other % len(sites)], now, winner)
    return entered


def settle(sites: list[Site], pairs: list[tuple[int, int]], now: int) -> None:
    """Let all exchange until nothing changes any more."""
    for round_ in range(50):
        changed = False
        for left, right in pairs:
            changed |= sites[left].pull(sites[right], now + round_)
            changed |= sites[right].pull(sites[left], now + round_)
        if not changed:
            return
    raise AssertionError("the sites do not come to rest")


@settings(max_examples=300, deadline=None)
@given(
    count=st.integers(2, 4),
    ahead=st.lists(st.integers(-30, 30), min_size=4, max_size=4),
    script=steps,
    ring=st.booleans(),
    winner=st.sampled_from([None, None, Side.OURS, Side.THEIRS]),
)
def test_sites_end_equal_and_every_value_is_there_replaced_or_kept(
    count: int, ahead: list[int], script: list[Any], ring: bool, winner: Side | None
) -> None:
    sites = [Site(f"s{number}", ahead[number]) for number in range(count)]
    entered = play(sites, script, winner)
    pairs = [(number, number + 1) for number in range(count - 1)] + ([(0, count - 1)] if ring else [])
    settle(sites, pairs, 2000)
    assert all(site.values == sites[0].values for site in sites)
    assert all(site.edits.fields == sites[0].edits.fields for site in sites)
    kept = set().union(*(site.kept for site in sites))
    replaced = {(name, old) for (name, _), olds in entered.items() for old in olds}
    for name, value in entered:
        assert sites[0].values[name] == value or (name, value) in kept | replaced


@settings(max_examples=100, deadline=None)
@given(script=steps)
def test_who_has_seen_everything_learns_nothing(script: list[Any]) -> None:
    sites = [Site(f"s{number}", 0) for number in range(3)]
    play(sites, script, None)
    settle(sites, [(0, 1), (1, 2)], 2000)
    for site in sites:
        for other in sites:
            found = merge(site.edits, other.edits, [], Rules(site.name, 0, LATEST))
            assert not found.learned and not found.ahead
