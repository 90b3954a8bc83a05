"""By which rules a push is taken."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.core.policy import Method, Policy, Terms
from s3sync.passive import push as push_module
from s3sync.passive.push import push_terms
from s3sync.wire.protocol.push import PushRequest
from tests.support.site import SampleSite

RESOURCE = "org_organisation"


@pytest.fixture()
def site(tmp_path: Path) -> Iterator[SampleSite]:
    found = SampleSite(tmp_path / "own")
    found.db.sync_repository.insert(name="Other", uuid="urn:other")
    yield found
    found.close()


def test_our_own_task_decides_what_the_sender_leaves_open(site: SampleSite) -> None:
    repository = site.repository("urn:other")
    assert push_terms(PushRequest(RESOURCE), repository) == Terms()
    site.db.sync_task.insert(
        repository_id=repository.id, resource_name=RESOURCE, strategy=["create"], conflict_policy="OTHER"
    )
    assert push_terms(PushRequest(RESOURCE), repository) == Terms(
        frozenset((Method.CREATE,)), conflict_policy=Policy.OTHER
    )


def test_an_eden_tells_its_policies_as_they_are_there_and_one_of_ours_as_they_are_here(
    site: SampleSite,
) -> None:
    repository = site.repository("urn:other")
    by_eden = PushRequest(RESOURCE, update_policy=Policy.THIS, conflict_policy=Policy.MASTER)
    by_ours = PushRequest(
        RESOURCE, update_policy=Policy.THIS, conflict_policy=Policy.MASTER, journal="journal"
    )
    assert push_terms(by_eden, repository) == Terms(update_policy=Policy.OTHER, conflict_policy=Policy.MASTER)
    assert push_terms(by_ours, repository) == Terms(update_policy=Policy.THIS, conflict_policy=Policy.MASTER)


def test_a_filter_of_ours_that_cannot_be_read_refuses_nothing_that_comes(site: SampleSite) -> None:
    repository = site.repository("urn:other")
    task = site.db.sync_task.insert(repository_id=repository.id, resource_name=RESOURCE)
    site.db.sync_resource_filter.insert(task_id=task, tablename=RESOURCE, filter_string="no filter")
    assert push_terms(PushRequest(RESOURCE), repository) == Terms()


@pytest.mark.parametrize(("more", "tried"), [("true", 0), ("false", 1)])
def test_deletions_that_wait_are_tried_once_a_push_not_once_a_page(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch, more: str, tried: int
) -> None:
    seen: list[object] = []
    monkeypatch.setattr(push_module, "settle_deletions", lambda *args, **options: seen.append(args))
    request = PushRequest(RESOURCE, repository="urn:other", journal="theirs", checkpoint="")
    push_module.push(site, request, io.BytesIO(f'<s3xml more="{more}"></s3xml>'.encode()))
    assert len(seen) == tried
