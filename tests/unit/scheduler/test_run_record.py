"""The record of a run: what the other site tells is stored as far as a column has room for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.exchange.run.ports import Stage
from s3sync.scheduler import run_record as run_record
from tests.support.jobs import World


@pytest.mark.parametrize(("told", "stored"), [(7, 7), (2**31, 2**31 - 1), (10**30, 2**31 - 1)])
def test_a_number_of_records_that_no_column_has_ends_no_run(tmp_path: Path, told: int, stored: int) -> None:
    world = World(tmp_path)
    record = run_record.RunRecord(world.site, world.repository, None, True)
    record.stage(Stage.IMPORTING, "org_office", told)
    assert world.site.db.sync_run(record.id).total == stored
