"""Parts of files: only what web2py answers rightly reaches it."""

from __future__ import annotations

import pytest

from s3sync.web.front.ranges import beyond, keep_plain


@pytest.mark.parametrize("asked", ["bytes=0-9", "bytes=10-", "bytes=5-5"])
def test_one_part_from_the_beginning_is_left_to_web2py(asked: str) -> None:
    environ = {"HTTP_RANGE": asked}
    keep_plain(environ)
    assert environ == {"HTTP_RANGE": asked}


@pytest.mark.parametrize("asked", ["bytes=-500", "bytes=0-1,5-6", "bytes=9-3", "lines=1-2", "bytes=٣-", ""])
def test_for_any_other_part_the_whole_file_is_sent(asked: str) -> None:
    environ = {"HTTP_RANGE": asked}
    keep_plain(environ)
    assert environ == {}


def test_a_part_that_begins_after_the_end_is_refused() -> None:
    assert beyond("206 PARTIAL CONTENT", "0", "bytes 1537-1536/1537") == "bytes */1537"
    assert beyond("206 PARTIAL CONTENT", "-10", "bytes 1547-1536/1537") == "bytes */1537"
    assert beyond("206 PARTIAL CONTENT", "1", "bytes 1536-1536/1537") is None
    assert beyond("200 OK", "0", "") is None
