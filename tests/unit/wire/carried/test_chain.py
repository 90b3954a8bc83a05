"""Which page is read next, and which ones need not be written again."""

from __future__ import annotations

from s3sync.wire.carried.chain import is_interrupted, next_page, still_of_use, waiting
from s3sync.wire.carried.state import Page


def page(seq: int, start: str, cursor: str, *, restart: bool = False) -> Page:
    return Page(seq, start, cursor, count=seq, size=1, sha256="x", restart=restart)


CHAIN = [page(1, "", "a"), page(2, "a", "b"), page(3, "b", "c")]


def test_the_page_that_begins_at_the_cursor_is_next() -> None:
    assert next_page(CHAIN, "") == CHAIN[0] and next_page(CHAIN, "b") == CHAIN[2]


def test_after_the_last_page_nothing_is_next_whatever_copy_comes() -> None:
    assert next_page(CHAIN, "c") is None and not is_interrupted(CHAIN, "c")
    assert next_page(CHAIN[:1], "b") is None, "an older copy, which ends before the cursor"
    assert next_page([], "") is None and not is_interrupted([], "x")


def test_what_does_not_follow_the_cursor_is_not_read() -> None:
    assert next_page(CHAIN[1:], "") is None and is_interrupted(CHAIN[1:], "")


def test_an_exchange_that_begins_anew_is_read_once_whatever_was_read_before() -> None:
    anew = [page(4, "", "n", restart=True), page(5, "n", "o")]
    assert next_page(anew, "c") == anew[0] and next_page(anew, "n") == anew[1]
    assert next_page(anew, "o") is None


def test_a_page_that_ends_where_it_begins_never_ends() -> None:
    assert next_page([page(1, "a", "a")], "a") is None


def test_the_progress_counts_what_is_to_come() -> None:
    assert waiting(CHAIN, CHAIN[1]) == 5


def test_pages_stay_as_far_as_they_follow_each_other_are_known_and_whole() -> None:
    everything = {"a", "b", "c"}
    assert still_of_use(CHAIN, "a", everything, lambda each: True) == CHAIN[1:]
    assert still_of_use(CHAIN, "", everything, lambda each: each.seq != 2) == CHAIN[:1]
    assert still_of_use(CHAIN, "", {"a", "c"}, lambda each: True) == CHAIN[:1]
    assert still_of_use(CHAIN, "x", everything, lambda each: True) == []
