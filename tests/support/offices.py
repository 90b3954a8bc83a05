"""People at two real sites that exchange organisations, each before the form of the same one."""

from __future__ import annotations

import time
from typing import Any, Callable

from tests.support.browser import Browser
from tests.support.form_filling import opened, organisation, send
from tests.support.stage import Stage
from tests.support.webserver import EMAIL, PASSWORD, WebSite


class Office:
    """A person at one of the two sites, before the form of one organisation.

    Args:
        site: the site.
        name: of the organisation.
    """

    def __init__(self, site: WebSite, name: str) -> None:
        self.browser = Browser(site.url).login(EMAIL, PASSWORD)
        self.name = name
        self.path = ""

    def find(self) -> bool:
        """Look whether the organisation has arrived."""
        page = self.browser.page(f"/org/organisation?q={self.name.replace(' ', '+')}")
        found = [part.partition('"')[0] for part in page.split('href="/eden/org/organisation/')[1:]]
        keys = [each for each in found if each.isdigit()]
        self.path = f"/org/organisation/{keys[0]}/update" if keys else ""
        return bool(keys)

    def form(self) -> dict[str, Any]:
        return opened(self.browser, self.path)

    def save(self, form: dict[str, Any] | None = None, **values: str) -> Any:
        return send(self.browser, self.path, form or self.form(), **values)

    def shows(self, **values: str) -> Callable[[], bool]:
        return lambda: values.items() <= self.form().items()


def eventually(check: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.5)


def offices(stage: Stage, first: WebSite, name: str) -> tuple[Office, Office]:
    """Enter an organisation at one site; return the people at both, when the other one has it."""
    second = stage.field if first is stage.headquarters else stage.headquarters
    here, there = Office(first, name), Office(second, name)
    organisation(here.browser, name=name, phone="11", comments="old", year="1950")
    assert here.find()
    eventually(there.find)
    return here, there
