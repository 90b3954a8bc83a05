"""A prescription as it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from s3sync.core.errors import BadRequest
from s3sync.core.policy import Policy
from s3sync.core.task import Mode
from s3sync.wire.protocol.invitation import InvitedResource
from s3sync.wire.protocol.news import NewsAnswer, NewsQuestion
from s3sync.wire.protocol.prescription import Prescription, digest_of

ONE = Prescription(
    (InvitedResource("b", Mode.PULL, False, "~.name=A"), InvitedResource("a", Mode.BOTH)),
    Policy.NEWER,
    Policy.OTHER,
    30,
)


def test_it_is_read_as_it_was_told_and_its_digits_do_not_hang_on_an_order() -> None:
    told = json.loads(json.dumps(ONE.to_json()))
    read = Prescription.from_json({**told, "further": 1})
    assert set(read.resources) == set(ONE.resources) and read.minutes == 30
    assert (read.update_policy, read.conflict_policy) == (Policy.NEWER, Policy.OTHER)
    turned = Prescription(ONE.resources[::-1], Policy.NEWER, Policy.OTHER, 30)
    assert ONE.digest == turned.digest == digest_of(told) and len(ONE.digest) == 16
    assert Prescription().digest != ONE.digest


@pytest.mark.parametrize(
    "told",
    [
        None, [], "x", {}, {"resources": 5}, {"resources": [[1]], "policies": ["NEWER", "NEWER"]},
        {"resources": [["a", 3, True, ""]] * 2, "policies": ["NEWER", "NEWER"]},
        {"resources": [["a", 3, True, ""]], "policies": ["NEWER"]},
        {"resources": [["a", 3, True, ""]], "policies": ["NEWER", "SOMETIMES"]},
        {"resources": [["", 3, True, ""]], "policies": ["NEWER", "NEWER"]},
        {"resources": [["a\n", 3, True, ""]], "policies": ["NEWER", "NEWER"]},
        {"resources": [["a", 7, True, ""]], "policies": ["NEWER", "NEWER"]},
        {"resources": [[f"t{n}", 3, True, ""] for n in range(201)], "policies": ["NEWER", "NEWER"]},
    ],
)  # fmt: skip
def test_anything_else_is_none(told: Any) -> None:
    with pytest.raises(ValueError):
        Prescription.from_json(told)


def test_a_question_tells_what_is_followed_and_an_answer_may_be_another_one() -> None:
    for follows in (None, "", ONE.digest, ONE.digest + "-"):
        asked = NewsQuestion.whole([], follows)
        assert NewsQuestion.from_body(asked.to_body()).follows == follows
        assert NewsQuestion.from_body(asked.short.to_body()).follows == follows
    for wrong in ("x", ONE.digest + "--", "0" * 15, 5):
        with pytest.raises(BadRequest):
            NewsQuestion.from_body(json.dumps({"digest": "0" * 32, "token": "t", "follows": wrong}).encode())
    plain = NewsAnswer.from_json(NewsAnswer().to_json())
    assert not plain.prescribes
    for told in (None, ONE.to_json()):
        read = NewsAnswer.from_json(NewsAnswer(prescribed=told, prescribes=True).to_json())
        assert read.prescribes and read.prescribed == told
