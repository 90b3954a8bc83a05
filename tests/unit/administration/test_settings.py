"""What the settings page may not change."""

from __future__ import annotations

import pytest

from s3sync.administration.settings import path_where_it_was_started
from s3sync.host.settings import SyncSettings


@pytest.mark.parametrize(
    ("started", "wanted", "path"),
    [
        ("https://example.org/relief", "https://other.example.org/relief/", None),
        ("https://example.org/relief", "https://example.org", "/relief"),
        ("https://example.org", "https://example.org/relief", "/"),
        ("https://example.org", "https://eden.example.org", None),
        ("https://example.org/relief", "", None),
        (None, "https://example.org/relief", None),
    ],
)
def test_the_path_of_all_pages_is_that_of_the_start(
    started: str | None, wanted: str, path: str | None
) -> None:
    decided = {("site", "public_url"): "https://decided.example.org/other"}
    settings = SyncSettings(None, lambda section, key: started, lambda: decided)
    assert path_where_it_was_started(settings, wanted) == path
