"""The code of an invitation: the fingerprint of a certificate goes along, and no half of one."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from s3sync.core.errors import BadRequest
from s3sync.core.task import Mode
from s3sync.wire.protocol.invitation import BEGINNING, Invitation, InvitedResource

DIGITS = "0123456789abcdef" * 4
ONE = Invitation("https://hq.example.org/eden", "k", "urn:uuid:hq", "HQ", datetime(2026, 3, 1))


def content(code: str) -> dict[str, Any]:
    packed = code[len(BEGINNING) :]
    found: dict[str, Any] = json.loads(
        zlib.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    )
    return found


def code_of(told: dict[str, Any]) -> str:
    packed = zlib.compress(json.dumps(told).encode())
    return BEGINNING + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def test_a_fingerprint_goes_along() -> None:
    pinned = replace(ONE, certificate=DIGITS)
    assert Invitation.from_code(pinned.code) == pinned


def test_without_one_the_code_is_that_of_before() -> None:
    assert "c" not in content(ONE.code) and Invitation.from_code(ONE.code) == ONE


@pytest.mark.parametrize("wrong", [DIGITS[:-1], DIGITS.upper(), "x", f"{DIGITS}\n"])
def test_a_damaged_fingerprint_makes_no_invitation_without_one(wrong: str) -> None:
    with pytest.raises(BadRequest):
        Invitation.from_code(code_of({**content(ONE.code), "c": wrong}))


def test_one_with_more_resources_than_can_be_confirmed_is_not_cut() -> None:
    many = tuple(InvitedResource(f"table_{number}", Mode.PULL, True, "") for number in range(201))
    assert len(Invitation.from_code(replace(ONE, resources=many[:200]).code).resources) == 200
    with pytest.raises(BadRequest):
        Invitation.from_code(replace(ONE, resources=many).code)
