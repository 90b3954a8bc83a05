"""A site that was revoked, and the runs of this one with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.core.errors import ConfigurationError
from s3sync.site.repositories import REVOKED
from tests.support.jobs import World


def test_a_site_that_was_revoked_gets_and_brings_nothing_by_our_runs_either(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.site.repository(world.repository).update(approval=REVOKED)
    world.site.db.commit()
    assert world.run(manual=False)["state"] == "skipped" and world.last is None
    with pytest.raises(ConfigurationError) as refused:
        world.run()
    assert "brings nothing" in refused.value.message and "Scope" in refused.value.hint
    assert world.last.state == "failed"
    assert world.site.db(world.site.db.org_organisation).isempty()
    world.site.repository(world.repository).update(approval=None)
    world.site.db.commit()
    assert world.run()["state"] == "completed"
