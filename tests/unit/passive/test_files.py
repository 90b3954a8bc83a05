"""What is copied from a body, and where it ends."""

from __future__ import annotations

import io

import pytest

from s3sync.core.errors import DocumentTooLarge
from s3sync.passive.files import copy_limited


def test_a_body_of_just_the_size_that_is_taken_is_copied() -> None:
    target = io.BytesIO()
    assert copy_limited([b"abc", b"de"], target, 5) == 5
    assert target.getvalue() == b"abcde"


@pytest.mark.parametrize("hint", [None, "Make the file smaller."])
def test_a_larger_body_is_refused_before_what_is_too_much_is_written(hint: str | None) -> None:
    target = io.BytesIO()
    with pytest.raises(DocumentTooLarge) as refused:
        copy_limited([b"abc", b"def"], target, 5, hint)
    assert refused.value.hint == (hint or DocumentTooLarge.default_hint)
    assert target.getvalue() == b"abc"
