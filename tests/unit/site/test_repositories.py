"""A repository is one object: read in one place, with what hangs on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.core.cursor import CheckpointKind
from s3sync.core.errors import ConfigurationError, NotRegistered
from s3sync.core.policy import Method, Policy, Terms
from s3sync.core.task import Mode
from s3sync.site.exchange_state import PullState, PushState
from tests.support.site import SampleSite

RESOURCE = "org_organisation"


@pytest.fixture()
def site(tmp_path: Path) -> Iterator[SampleSite]:
    found = SampleSite(tmp_path / "own")
    yield found
    found.close()


def test_what_is_not_stored_has_a_usual_value(site: SampleSite) -> None:
    key = site.db.sync_repository.insert(name="Other", apitype=None, settings=None, capabilities=None)
    found = site.repository(key)
    assert (found.id, found.name, found.apitype) == (key, "Other", "eden")
    assert found.settings == {} and found.capabilities == frozenset() and found.skew is None
    assert not (found.synchronise_uuids or found.keep_source or found.deleted or found.can_ask)


def test_it_is_found_by_its_key_and_by_its_uuid(site: SampleSite) -> None:
    key = site.db.sync_repository.insert(name="Other", uuid="urn:other")
    assert site.repository(key) == site.repository("urn:other") == site.known_repository("urn:other")


def test_what_is_missing_is_an_error_of_who_asks(site: SampleSite) -> None:
    former = site.db.sync_repository.insert(name="Former", uuid="urn:former", deleted=True)
    for key in (former, former + 1):
        assert site.known_repository(key) is None
        with pytest.raises(ConfigurationError, match=f"no repository {key}"):
            site.repository(key)
    for uuid in ("urn:former", "urn:stranger", "un\x00printable", "", None):
        assert site.known_repository(uuid) is None
        with pytest.raises(NotRegistered):
            site.repository(uuid)


def test_no_secret_is_in_what_is_printed_of_it(site: SampleSite) -> None:
    key = site.db.sync_repository.insert(
        name="Other", password="hidden", client_secret="hidden", site_key="hidden", refresh_token="hidden"
    )
    assert "hidden" not in repr(site.repository(key))


def test_compression_is_used_only_if_this_site_wants_it(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = site.db.sync_repository.insert(name="Other", capabilities=["cursor", "gzip"])
    assert site.repository(key).usable_capabilities == {"cursor", "gzip"}
    monkeypatch.setattr(site.host.settings, "get_sync_compression", lambda: False)
    assert site.repository(key).usable_capabilities == {"cursor"}
    assert site.repository(key).capabilities == {"cursor", "gzip"}


def test_its_tasks_are_typed_and_those_that_rest_do_not_travel(site: SampleSite) -> None:
    key = site.db.sync_repository.insert(name="Other", synchronise_uuids=True)
    tasks = site.db.sync_task
    tasks.insert(repository_id=key, resource_name=RESOURCE, mode=1, strategy=["create"], update_policy="THIS")
    tasks.insert(repository_id=key, resource_name="org_office", mode=4)
    tasks.insert(repository_id=key, resource_name="pr_person", deleted=True)
    found = site.repository(key)
    first, resting = found.task_rows
    assert (first.resource, first.mode, first.rules.update_policy) == (RESOURCE, Mode.PULL, Policy.THIS)
    assert resting.mode is Mode.NONE
    (task,) = found.tasks
    assert (task.id, task.resource, task.pulls, task.pushes) == (first.id, RESOURCE, True, False)
    wanted = Terms(frozenset((Method.CREATE,)), Policy.THIS, Policy.NEWER, True, True)
    assert found.terms(task.exchange) == found.terms(first.rules) == wanted


def test_a_repository_with_which_nothing_is_exchanged_says_so(site: SampleSite) -> None:
    key = site.db.sync_repository.insert(name="Other")
    with pytest.raises(ConfigurationError, match="No resources"):
        assert site.repository(key).tasks


def test_a_task_that_starts_over_forgets_our_positions_and_keeps_those_of_the_other_site(
    site: SampleSite,
) -> None:
    key = site.db.sync_repository.insert(name="Other")
    task = site.db.sync_task.insert(repository_id=key, resource_name=RESOURCE, last_pull=site.clock.now())
    repository = site.repository(key)
    site.checkpoints.write(key, RESOURCE, CheckpointKind.SERVE, "[7, []]")
    repository.states.save_pulled(RESOURCE, PullState("cursor", head=5, number=3))
    repository.states.save_pushed(RESOURCE, PushState(6, "checkpoint", number=4))
    repository.states.save_pulled("org_office", PullState("cursor"))
    repository.start_over(RESOURCE)
    own = repository.states.identity
    assert repository.states.pulled(RESOURCE) == PullState(number=3, known=5, again="asked", own=own)
    assert repository.states.pushed(RESOURCE) == PushState(number=4, known=7, again="asked", own=own)
    assert site.checkpoints.read(key, RESOURCE, CheckpointKind.SERVE) == "[7, []]"
    assert site.db.sync_task(task).last_pull is None
    assert repository.states.pulled("org_office").cursor == "cursor"


def test_a_contact_is_noted_beside_what_else_was_learned_meanwhile(site: SampleSite) -> None:
    key = site.db.sync_repository.insert(name="Other", settings={"offer": 1})
    repository = site.repository(key)
    repository.update(settings={"offer": 2})
    repository.note_contact(-3.0)
    assert site.repository(key).settings == {
        "offer": 2,
        "skew": -3.0,
        "told": "2026-03-01T11:59:57",
    }
    assert site.repository(key).last_connected == site.clock.now()
    repository.note_contact(None, "failed")
    assert site.repository(key).skew == -3.0 and site.repository(key).last_status == "failed"
