"""What each site of a crowd had, and the server that does nothing but refuse."""

from __future__ import annotations

import requests

from benchmarks.crowd import refuser, shares
from benchmarks.load import Answered


def test_the_longest_time_without_a_turn_counts_from_the_beginning_to_the_end() -> None:
    answers = [Answered(0, 200, 0.1, 5.0), Answered(1, 200, 0.1, 1.0), Answered(0, 503, 0.1, 9.0)]
    assert shares(answers, 2, 20.0) == (0, 19.0)
    assert shares([*answers, Answered(1, 200, 0.1, 12.0)], 2, 20.0) == (0, 15.0)


def test_who_is_never_served_is_counted() -> None:
    assert shares([Answered(0, 200, 0.1, 5.0), Answered(1, 503, 0.1, 6.0)], 2, 10.0) == (1, 10.0)


def test_the_bare_server_refuses_each_connection() -> None:
    with refuser() as port:
        for _ in range(3):
            answer = requests.get(f"http://127.0.0.1:{port}/", timeout=10)
            assert answer.status_code == 503 and answer.headers["Retry-After"] == "7"
