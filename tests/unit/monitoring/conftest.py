"""A site with the tables of web2py's scheduler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3sync.scheduler import queue as queue
from tests.support.site import SampleSite


@pytest.fixture()
def scheduled(tmp_path: Path) -> Any:
    from gluon.scheduler import Scheduler

    site = SampleSite(tmp_path)
    Scheduler(site.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
    return site
