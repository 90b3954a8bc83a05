"""Addresses of files for an Eden: they open one file, for some hours, and cannot be made by others."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from s3sync.core.errors import NotPermitted
from s3sync.wire.protocol.file_address import HOLDS, FileAddresses

STORED = "doc_document.file.00000000000000aa.bm90ZS50eHQ=.txt"
NOW = datetime(2026, 3, 1, 12)


class Site:
    """The addresses of a site with a clock that can be set."""

    def __init__(self, key: bytes = b"secret") -> None:
        self.now = NOW
        self.addresses = FileAddresses(lambda: key, lambda: self.now)

    def parts(self, stored: str = STORED) -> list[str]:
        """Return until, signature and stored name of an address."""
        return self.addresses.path(stored).split("/")[2:]


def test_an_address_ends_with_the_stored_name_and_holds_for_some_hours() -> None:
    site = Site()
    assert site.addresses.path(STORED).startswith("sync/download/")
    parts = site.parts()
    assert parts[2] == STORED
    site.addresses.check(*parts)
    site.now += HOLDS
    site.addresses.check(*parts)
    site.now += timedelta(seconds=1)
    with pytest.raises(NotPermitted, match="holds no longer"):
        site.addresses.check(*parts)


@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("value", ["", "0", "9" * 30, "x", "ä", "\ud800", "A" * 64])
def test_what_this_site_did_not_give_is_refused(part: int, value: str) -> None:
    site = Site()
    parts = site.parts()
    parts[part] = value
    with pytest.raises(NotPermitted, match="was not given by this site"):
        site.addresses.check(*parts)


def test_the_address_of_another_site_opens_nothing() -> None:
    with pytest.raises(NotPermitted):
        Site(b"another secret").addresses.check(*Site().parts())


def test_that_it_holds_longer_cannot_be_said_by_who_has_it() -> None:
    site = Site()
    until, signature, stored = site.parts()
    with pytest.raises(NotPermitted):
        site.addresses.check(str(int(until) + 1), signature, stored)
