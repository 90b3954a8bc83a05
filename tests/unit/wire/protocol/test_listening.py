"""What a site that listens sends, and what it is told."""

from __future__ import annotations

from typing import Any

import pytest

from s3sync.core.errors import BadRequest, PeerRefused, ProtocolError
from s3sync.wire.protocol.listening import Heard, ListenAnswer, heard_in


def test_what_was_heard_comes_back_as_it_was_told() -> None:
    heard = Heard("a.b-c", 17)
    assert heard_in({"heard": str(heard)}) == heard
    assert heard_in({}) is None and heard_in({"heard": ""}) is None


@pytest.mark.parametrize("text", ["17", "j.", ".17", "j.-1", "j.1x", "j " + "." + "1", "j." + "1" * 30])
def test_what_was_heard_otherwise_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        heard_in({"heard": text})


@pytest.mark.parametrize(
    "answer", [ListenAnswer("j.1"), ListenAnswer("j.2", True), ListenAnswer("j.3", again=60)]
)
def test_an_answer_is_read_as_it_was_written(answer: ListenAnswer) -> None:
    assert ListenAnswer.from_json(answer.to_json()) == answer


@pytest.mark.parametrize("told", [{}, {"heard": 5}, {"heard": "\ud800.1"}, {"heard": "x"}])
def test_an_answer_without_what_was_heard_is_none(told: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        ListenAnswer.from_json({"status": "success", **told})


def test_a_refusal_is_told() -> None:
    with pytest.raises(PeerRefused, match="busy"):
        ListenAnswer.from_json({"status": "failed", "message": "busy"})
