"""Whatever the figures do: people hear of a thing once, of its end once, and between as often as they want."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from s3sync.monitoring.notices.rules import Figure, Kind, Raised, Rule, Step, changes, holds

NOW = datetime(2026, 3, 1, 12)
PLACE = (1, 7)
#: Minutes that pass before the next look, and what is found then.
LOOKS = st.lists(
    st.tuples(
        st.integers(1, 600), st.one_of(st.none(), st.floats(-200, 200, allow_nan=False), st.integers(0, 5))
    ),
    max_size=40,
)
KINDS = st.sampled_from([Kind.FAILED, Kind.SILENT, Kind.CLOCK])


@given(KINDS, st.integers(1, 100), st.integers(0, 12), LOOKS)
def test_each_story_is_told_from_its_beginning_to_its_end(
    kind: Kind, limit: int, remind_hours: int, looks: list[tuple[int, float | None]]
) -> None:
    rule, now = Rule(1, kind, limit, None, remind_hours), NOW
    raised: dict[tuple[int, int], Raised] = {}
    for minutes, figure in looks:
        now += timedelta(minutes=minutes)
        held = raised.get(PLACE)
        found = changes([rule], [Figure(kind, 7, figure)], raised, now)
        assert len(found) <= 1
        if figure is None:
            assert found == []
            continue
        is_true = holds(rule, figure, held is not None)
        for each in found:
            if each.step is Step.RAISED:
                assert held is None and is_true and each.since == now
                raised[PLACE] = Raised(now, now)
            elif each.step is Step.REMINDED:
                assert held is not None and remind_hours and is_true and each.since == held.since
                assert now - held.told_on >= timedelta(hours=remind_hours)
                raised[PLACE] = Raised(held.since, now)
            else:
                assert each.step is Step.OVER and held is not None and not is_true
                assert each.since == held.since
                del raised[PLACE]
        assert (PLACE in raised) == is_true, "what holds afterwards is what the figure says"


@given(LOOKS)
def test_looking_twice_at_the_same_tells_nothing_twice(looks: list[tuple[int, float | None]]) -> None:
    rule = Rule(1, Kind.CLOCK, 60, None, 1)
    for minutes, figure in looks:
        figures = [Figure(Kind.CLOCK, 7, figure)]
        held = {PLACE: Raised(NOW, NOW)} if minutes % 2 else {}
        now = NOW + timedelta(minutes=minutes)
        for each in changes([rule], figures, held, now):
            after = {PLACE: Raised(each.since, now)} if each.step in (Step.RAISED, Step.REMINDED) else {}
            assert changes([rule], figures, after, now) == []
