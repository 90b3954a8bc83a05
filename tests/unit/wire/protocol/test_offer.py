"""The offer of another site is kept within bounds: pages show it, and the database holds it."""

from __future__ import annotations

from typing import Any

from s3sync.core.limits import MOST_WORDS
from s3sync.wire.protocol.offer import read_offer


def test_an_offer_is_kept_within_bounds() -> None:
    told: dict[str, Any] = {
        "status": "success",
        "sender": "urn:x",
        "name": "n" * 100_000,
        "version": "v" * 100_000,
        "capabilities": [f"c{number}" for number in range(50_000)],
        "resources": [{"name": f"r_{number}", "title": "t" * 5000} for number in range(15_000)],
        "datasets": [{"code": f"d{number}", "resources": ["r"] * 3000} for number in range(2100)],
    }
    offer = read_offer(told)
    assert len(offer.name) == 255 and offer.version is not None and len(offer.version) == 255
    assert len(offer.resources) == len(offer.datasets) == 2000
    assert len(offer.capabilities) == MOST_WORDS
    assert all(len(each.title) == 255 for each in offer.resources)
    assert all(len(each.resources) == 2000 for each in offer.datasets)
    told["resources"] = [{"name": "x" * 5000, "title": "too long to be a table"}]
    assert read_offer(told).resources == ()
