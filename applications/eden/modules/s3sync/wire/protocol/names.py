"""Paths, parameters, capabilities and limits of the protocol."""

from __future__ import annotations

#: The capability of a peer that can dry-run a push.
LOOK = "look"


SYNC_PATH = "sync/sync.xml"
REGISTER_PATH = "sync/repository/register.json"
FILE_PATH = "sync/file"
OFFER_PATH = "sync/offer.json"

CAPABILITIES: tuple[str, ...] = ("cursor", "gzip", "files", "nulls", LOOK)
"""What this version announces: pages with cursors, packed bodies, uploads by PUT, the ``null`` attribute, and
requests that only look."""

MOST_PER_PAGE = 100_000
LONGEST_UUID, LONGEST_JOURNAL, LONGEST_VERSION = 128, 64, 64
