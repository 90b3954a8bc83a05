"""What holds for all tests: whatever sites run, what they say of each other is true when a test has ended."""

from __future__ import annotations

import gc
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.support.webserver import RUNNING


def pytest_configure(config: pytest.Config) -> None:
    """Look for garbage less often (pydal keeps all that was opened: to look at it took a third of the time)."""
    gc.set_threshold(100_000, 10, 10)
    # How long an example takes says how busy the machine is, and nothing of what is tested.
    settings.register_profile("any machine", parent=settings(), deadline=None)
    settings.load_profile("any machine")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Ask them before the fixtures of the test stop them; a test that failed has said enough."""
    result = yield
    if len(RUNNING) > 1:
        from tests.support.true_words import check_running_sites

        check_running_sites()
    return result
