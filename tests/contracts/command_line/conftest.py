"""A site whose commands are carried out in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gluon import current
from gluon.globals import Request

from s3sync.scheduler import queue as queue
from tests.support.server_sites import site_on
from tests.support.site import SampleSite


@pytest.fixture
def site(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SampleSite]:
    from gluon.scheduler import Scheduler

    with site_on(getattr(request, "param", "sqlite"), tmp_path) as made:
        Scheduler(made.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
        monkeypatch.setattr(current, "request", Request({}), raising=False)
        current.request.application = "eden"
        current.request.env.http_host = "127.0.0.1"
        monkeypatch.setattr(current, "sync_site", made, raising=False)
        yield made
