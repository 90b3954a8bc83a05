"""An Eden whose facts of the exchanged tables are damaged: its pages go on, the synchronisation is switched off."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from s3sync.administration import over_eden

DAMAGED = ["", "\0\0\0", '{"version": 2, "tab', "[]", "null", '{"version": 2}', '{"version": 2, "tables": 3}']


@pytest.mark.parametrize("text", DAMAGED)
def test_with_damaged_facts_nothing_is_opened_and_that_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    path = tmp_path.joinpath(*over_eden.FACTS)
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    request = SimpleNamespace(folder=str(tmp_path), controller="org", is_scheduler=False)
    for _ in range(3):
        assert over_eden.open_site(None, None, None, None, request, str) is None
    (told,) = caplog.messages
    assert str(path) in told and "./eden-sync install" in told
