"""What is said of files that have not come: who is asked for them, and what a person can do."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.site.awaited import Awaited
from s3sync.web.screens.words.awaited import explained
from tests.support.site import SampleSite


@pytest.mark.parametrize(
    ("url", "capabilities", "expected"),
    [
        ("http://127.0.0.1:9/eden", [], "They are asked for again until they come"),
        ("http://127.0.0.1:9/eden", ["files"], "They are asked for again until they come"),
        (None, ["cursor", "files"], "its next run does"),
        (None, [], "Enter its address and an account at Configuration"),
    ],
)
def test_it_says_how_the_files_come(
    tmp_path: Path, url: str | None, capabilities: list[str], expected: str
) -> None:
    site = SampleSite(tmp_path)
    key = site.db.sync_repository.insert(name="other", uuid="other", url=url, capabilities=capabilities)
    told = explained(str, site.repository(key))
    assert expected in str(told[Awaited.FILES])
    assert set(told) == set(Awaited)
    site.close()
