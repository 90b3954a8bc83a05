"""The files that tell what lies in a folder: whole, or nothing."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from s3sync.core.kept import OpenKind, OpenRecord
from s3sync.wire.carried.state import DamagedState, Greeting, Page, State, Stored, sealed_text
from s3sync.wire.protocol.standing import OpenList

STATE = State(
    "urn:uuid:a",
    "urn:uuid:b",
    "Here",
    7,
    3,
    "journal",
    restored=True,
    time=datetime(2026, 3, 1, 8),
    read={"org_office": "", "org_organisation": "j.4.t"},
    pages={"org_office": (Page(1, "", "j.3.t", 2, 10, "ab", restart=True, again="asked", files=("f.x",)),)},
    files={"f.x": Stored(3, "cd")},
    wanted=("g.x",),
    open=OpenList({OpenKind.REJECTED: 1}, [OpenRecord(OpenKind.REJECTED, "org_office", "u", "no")]),
)


def test_a_state_is_read_as_it_was_written() -> None:
    assert State.from_bytes(STATE.to_bytes()) == STATE


def test_a_greeting_is_read_as_it_was_written() -> None:
    greeting = Greeting("urn:uuid:a", "Here", "1.0", frozenset(("cursor",)))
    assert Greeting.from_bytes(greeting.to_bytes()) == greeting


def test_no_beginning_of_a_state_is_taken_for_one() -> None:
    text = STATE.to_bytes()
    for length in range(0, len(text), 7):
        with pytest.raises(DamagedState):
            State.from_bytes(text[:length])


def test_a_state_in_which_anything_was_changed_is_none() -> None:
    text = STATE.to_bytes()
    for position in range(len(text)):
        changed = bytearray(text)
        changed[position] ^= 1
        try:
            found = State.from_bytes(bytes(changed))
        except DamagedState:
            continue
        assert found == STATE, "blanks between the parts may change"


@pytest.mark.parametrize(
    "changes",
    [
        {"number": -1},
        {"number": True},
        {"journal": ""},
        {"read": []},
        {"pages": {"t": [{}]}},
        {"wanted": [1]},
    ],
)
def test_a_state_that_lacks_what_it_must_have_is_none(changes: dict[str, object]) -> None:
    told = json.loads(STATE.to_bytes())["told"]
    with pytest.raises(DamagedState):
        State.from_bytes(sealed_text({**told, **changes}))


def test_a_state_of_a_later_format_is_refused_by_its_number() -> None:
    text = json.loads(STATE.to_bytes())
    with pytest.raises(DamagedState, match="format 2"):
        State.from_bytes(json.dumps({**text, "format": 2}).encode())
