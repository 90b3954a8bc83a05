"""Decisions by rule on the screen: what a request cannot finish is the worker's."""

from __future__ import annotations

from typing import Any

import pytest
from gluon.storage import Storage

from s3sync import jobs
from s3sync.deciding import sweep
from s3sync.errors import StoreBusy
from s3sync.screens import conflicts
from s3sync.screens.desk import Desk


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
    monkeypatch.setattr(sweep, "work", work)
    monkeypatch.setattr(sweep, "queue", lambda db, application, key, timeout: asked.append(key))
    monkeypatch.setattr(jobs, "wake_workers", lambda db: None)
    host = Storage(settings=Storage(get_sync_task_timeout=lambda: 60))
    desk = Desk(Storage(host=host), str, Storage(application="eden"), None, Storage())
    conflicts.go_on(desk, 7)
    assert asked == queued
    assert (desk.session.flash or "").startswith(told or "") and bool(desk.session.flash) == bool(told)
