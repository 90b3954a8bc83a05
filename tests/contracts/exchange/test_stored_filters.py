"""Conditions of a task: stored as they are on every database, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.core.errors import FilterError
from s3sync.site.tasks import filters_of, of_repository
from s3sync.site.wanted import tasks as wanted_tasks
from s3sync.site.wanted.tasks import WantedTask
from s3sync.wire.filters import parse_filter_string
from tests.support.documents import ORG
from tests.support.server_sites import EVERY_KIND, site_on
from tests.support.site import SampleSite


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SampleSite]:
    with site_on(request.param, tmp_path) as made:
        yield made


def by_identifiers(count: int) -> str:
    return "~.uuid__belongs=" + ",".join(f"urn:uuid:{number:08}" for number in range(count))


@pytest.mark.parametrize("site", EVERY_KIND, indirect=True)
def test_a_condition_that_not_every_database_would_store_is_refused_before_anything_is_written(
    site: SampleSite,
) -> None:
    key = int(site.db.sync_repository.insert(name="There"))
    known = wanted_tasks.read_filters(site, ORG, by_identifiers(20))
    with site.store.transaction():
        task_id = wanted_tasks.add(site, key, WantedTask(ORG, filters=known))
    with pytest.raises(FilterError, match="too long") as refused:
        wanted_tasks.read_filters(site, ORG, by_identifiers(60))
    assert "512" in refused.value.message and refused.value.hint
    with pytest.raises(FilterError), site.store.transaction():
        wanted_tasks.write_filters(site, task_id, ORG, parse_filter_string(by_identifiers(60)))
    (task,) = of_repository(site.db, key)
    assert filters_of(site.db, task) == list(known)
