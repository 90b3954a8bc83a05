"""Records are written after what they refer to, whatever the order they arrive in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from s3sync.core.write_order import Edge, arrange


def test_without_references_everything_is_one_level() -> None:
    assert arrange(["a", "b"], []).levels == [["a", "b"]]
    assert arrange([], []).levels == []


def test_a_chain_takes_a_level_each() -> None:
    edges = [Edge("child", "parent", "mother", True), Edge("mother", "parent", "grandmother", False)]
    order = arrange(["child", "mother", "grandmother"], edges)
    assert order.levels == [["grandmother"], ["mother"], ["child"]]
    assert not order.deferred and not order.impossible


def test_a_circle_is_opened_at_an_optional_reference() -> None:
    edges = [Edge("a", "x", "b", False), Edge("b", "y", "a", True)]
    order = arrange(["a", "b"], edges)
    assert order.levels == [["b"], ["a"]]
    assert order.deferred == [edges[1]]


def test_a_reference_to_itself_is_written_afterwards() -> None:
    edge = Edge("a", "root", "a", True)
    order = arrange(["a"], [edge])
    assert order.levels == [["a"]]
    assert order.deferred == [edge]


def test_a_circle_of_mandatory_references_is_impossible_and_takes_its_followers_along() -> None:
    edges = [
        Edge("a", "x", "b", False),
        Edge("b", "y", "a", False),
        Edge("c", "z", "a", False),
        Edge("d", "d", "d", False),
    ]
    order = arrange(["a", "b", "c", "d", "e"], edges)
    assert order.levels == [["e"]]
    assert order.impossible == ["a", "b", "c", "d"]


nodes = st.integers(0, 7)


@given(st.lists(st.tuples(nodes, st.sampled_from("xyz"), nodes, st.booleans()), max_size=20))
def test_every_record_is_written_once_and_after_what_it_needs(
    links: list[tuple[int, str, int, bool]],
) -> None:
    edges = [Edge(*link) for link in dict.fromkeys(links)]
    everything = list(range(8))
    order = arrange(everything, edges)
    level_of: dict[int, int] = {}
    for number, level in enumerate(order.levels):
        for node in level:
            assert node not in level_of
            level_of[node] = number
    assert sorted([*level_of, *order.impossible]) == everything
    for edge in edges:
        if edge in order.deferred:
            assert edge.optional
        elif edge.source in level_of and edge.target in level_of:
            assert level_of[edge.target] < level_of[edge.source]
        elif edge.source in level_of:
            assert edge.optional, "a record that needs an impossible one is impossible itself"
