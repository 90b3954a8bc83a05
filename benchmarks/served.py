"""The overview of headquarters, and what is on every page, with more and more sites that it serves."""

from __future__ import annotations

from collections.abc import Callable

from .browser import Browser, median
from .sites import Site
from .table import Row

#: Screens of sites that begin all exchange themselves; the names in braces come from ``served.py``.
SCREENS = {
    "overview": "/sync/index",
    "overview, last page": "/sync/index?page={last}",
    "overview, those behind": "/sync/index?state=waiting",
    "overview, searched": "/sync/index?q=office+0001",
    "overview, by name": "/sync/index?sort=name",
    "overview, by last success": "/sync/index?sort=-success",
    "one site": "/sync/repository/{repository}",
    "exchanges that they began": "/sync/begun",
    "log": "/sync/log",
    "home page": "/default/index",
}


def measure_served(site: Site, tell: Callable[[Row], None], seconds: float) -> None:
    """Measure the screens with 100, 1,000 and 10,000 sites; ``seconds`` is not used.

    Args:
        site: headquarters, with records.
        tell: is called with each row.
    """
    browser = Browser(site)
    for count in (100, 1_000, 10_000):
        made = site.script("served", sites=count)
        for name, path in SCREENS.items():
            address = path.format(**made)
            # The first one of all makes what a page needs once.
            browser.look_at(address, times=1)
            found = median(browser.look_at(address, times=5)) * 1000
            tell(Row(f"{count:,} served sites: {name}", found, "ms", None, 200, False))
