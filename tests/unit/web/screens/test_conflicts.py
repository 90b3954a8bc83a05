"""Decisions by rule on the screen: what a request cannot finish is the worker's."""

from __future__ import annotations

from typing import Any

import pytest
from gluon.storage import Storage

from s3sync.conflicts import resolve_many as resolve_many
from s3sync.core.errors import StoreBusy
from s3sync.scheduler import queue as queue
from s3sync.web.screens import conflicts as conflicts
from s3sync.web.screens.context import ScreenContext


@pytest.mark.parametrize(
    ("outcome", "queued", "told"),
    [
        (True, [], None),
        (False, [7], None),
        (StoreBusy("Busy."), [7], "The worker goes on with it: Busy."),
    ],
)
def test_what_is_left_is_for_the_worker(
    monkeypatch: pytest.MonkeyPatch, outcome: Any, queued: list[int], told: str
) -> None:
    def work(site: Any, key: int, seconds: float) -> bool:
        if isinstance(outcome, Exception):
            raise outcome
        return bool(outcome)

    asked: list[int] = []
    monkeypatch.setattr(resolve_many, "work", work)
    monkeypatch.setattr(resolve_many, "queue", lambda site, key, timeout: asked.append(key))
    monkeypatch.setattr(queue, "wake_workers", lambda db: None)
    host = Storage(settings=Storage(get_sync_task_timeout=lambda: 60))
    screen = ScreenContext(Storage(host=host), str, Storage(application="eden"), None, Storage())
    conflicts.go_on(screen, 7)
    assert asked == queued
    assert (screen.session.flash or "").startswith(told or "") and bool(screen.session.flash) == bool(told)
