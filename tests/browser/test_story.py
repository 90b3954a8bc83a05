"""Two real sites in a real browser: the whole story, and every screen of it open to everybody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.faults import slow_line
from tests.browser.looking import look
from tests.browser.story import Story
from tests.support.chromium import chromium, missing
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


def test_the_whole_story(stage: Stage) -> None:
    with slow_line(stage.headquarters) as address, chromium() as browser:
        story = Story(stage, address, browser, look)
        for scene in story.scenes():
            scene()
    assert stage.tickets() == []
