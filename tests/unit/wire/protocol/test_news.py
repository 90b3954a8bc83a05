"""Questions for news are read once where they come again, within limits of memory."""

from __future__ import annotations

import tracemalloc

from s3sync.wire.protocol.news import read_pulls


def test_questions_that_are_remembered_take_little_memory_whatever_they_ask() -> None:
    count, filters = 200, "".join(f"&~.f{each % 10}__eq={each}" for each in range(60))
    tracemalloc.start()
    try:
        for length in (300, 999):
            for number in range(count):
                read_pulls([f"resource=org_office&cursor=&limit={1 + number}{filters}"[:length]])
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < count * 15_000
