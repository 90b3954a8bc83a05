"""How a person goes through the screens: opens, presses, reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable

from tests.support.chromium import Person, person
from tests.support.stage import Stage

#: Is called with the name of a screen and the person before it.
Visitor = Callable[[str, Person], None]


@dataclass
class Walk:
    """The administrator of the field office before the screens.

    Args:
        stage: both sites.
        address: of headquarters, over a line that is slow enough to watch a run.
        browser: from ``chromium``.
        visit: looks at each screen.
    """

    stage: Stage
    address: str
    browser: Any
    visit: Visitor

    def __post_init__(self) -> None:
        self.admin = person(self.browser, self.stage.field.url)
        self.repository = ""

    @property
    def page(self) -> Any:
        return self.admin.page

    def at(self, name: str, *words: str) -> None:
        """Somebody is at a screen, which says these words."""
        text = self.admin.text()
        for each in words:
            assert each.lower() in text.lower(), f"{name}: {each!r} is not in {text!r}"
        self.visit(name, self.admin)

    def open(self, path: str) -> None:
        answer = self.admin.open(path)
        assert answer.ok, f"{path}: HTTP {answer.status}: {self.admin.text()}"

    def press(self, label: str) -> None:
        """Press a button, or follow a link, by what it says."""
        main = self.page.locator("main")
        found = main.get_by_role("button", name=label, exact=True)
        if not found.count():
            found = main.get_by_role("link", name=label, exact=True)
        found.first.click()
        self.page.wait_for_load_state()

    def tab(self, label: str) -> None:
        self.page.locator("main .nav-tabs").get_by_role("link", name=label, exact=True).click()
        self.page.wait_for_load_state()
