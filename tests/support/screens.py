"""What tests of the screens share: sites with accounts, and the people who use them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.webserver import PASSWORD, WebSite, running_site

#: Account of another site.
PEER, SECRET = "peer@example.com", "a-secret-password"
#: Account of a person who administers nothing.
CLERK = "clerk@example.com"
#: Makes these accounts.
ACCOUNTS = f"""
from applications.eden.modules.s3db.setup import create_user
create_user(globals(), {PEER!r}, {SECRET!r}, roles=("Synchronization",))
create_user(globals(), {CLERK!r}, {PASSWORD!r})
"""


def served(folders: pytest.TempPathFactory, name: str, prepare: str = "") -> Iterator[WebSite]:
    """Yield a running site, and see that nothing failed in it; the whole of a fixture.

    Args:
        folders: makes its folder.
        name: of the folder.
        prepare: Python that is run with the site's models before the site starts.
    """
    with running_site(folders.mktemp(name) / "site", prepare) as site:
        yield site
        assert site.tickets() == []
