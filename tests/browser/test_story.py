"""Two real sites in a real browser: the whole story, and every screen of it open to everybody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.faults import slow_line
from tests.browser.story import Story
from tests.support.chromium import LAPTOP, PHONE, Person, chromium, missing
from tests.support.stage import Stage, staged

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage")) as both:
        yield both


def look(name: str, somebody: Person) -> None:
    """Check a screen by the rules of WCAG 2.2 AA, light and dark, on a laptop and on a phone.

    Raises:
        AssertionError: axe finds something, a script complains, or a phone has to scroll sideways.
    """
    page = somebody.page
    for size in (LAPTOP, PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert somebody.overflow() <= 0, f"{name}: wider than {size[0]} pixels"
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = somebody.violations()
            assert not found, f"{name}, {scheme}, {size[0]} pixels wide:\n" + "\n".join(found)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": LAPTOP[0], "height": LAPTOP[1]})
    assert not somebody.complaints, f"{name}: {somebody.complaints}"


def test_the_whole_story(stage: Stage) -> None:
    with slow_line(stage.headquarters) as address, chromium() as browser:
        story = Story(stage, address, browser, look)
        for scene in story.scenes():
            scene()
    assert stage.tickets() == []
