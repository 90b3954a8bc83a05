"""When the daily cleanup forgets from which values fields were changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from s3sync.worker import cleanup as cleanup
from tests.support.documents import ORG, org
from tests.support.exchange import Pair
from tests.support.site import NOW, Clock, SampleSite

CONTACT, PERSON = "pr_contact", "pr_person"


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[tuple[SampleSite, SampleSite]]:
    clock = Clock()
    made = [SampleSite(tmp_path / name, clock=clock) for name in ("hub", "field")]
    yield made[0], made[1]
    for each in made:
        each.close()


def edit(site: SampleSite, **values: Any) -> None:
    with site.store.transaction():
        site.db(site.s3db[ORG].uuid == "u").update(**values)


def former(site: SampleSite) -> list[Any]:
    """Return what is known of the former values of the name."""
    key = site.row(ORG, "u").id
    return [each.fields.get("name") for each in site.changes.of(ORG, [key]).get(key, [])]


def test_former_values_go_after_their_days(sites: tuple[SampleSite, SampleSite]) -> None:
    hub, _ = sites
    hub.push(org("u", "A"), ORG, repository_id=None)
    edit(hub, name="B")
    hub.clock.step(86_400 * 89)
    edit(hub, name="C")
    cleanup.tidy(hub)
    assert former(hub) == [["A"], ["B"]]
    hub.clock.step(86_400 * 2)
    cleanup.tidy(hub)
    assert former(hub) == [["B"]]
    hub.clock.step(86_400 * 90)
    cleanup.tidy(hub)
    assert former(hub) == [[]]


def test_the_setting_says_how_many_days(tmp_path: Path) -> None:
    (tmp_path / "own" / "private").mkdir(parents=True)
    (tmp_path / "own" / "private" / "appconfig.ini").write_text("[sync]\nchange_days = 400\n")
    site = SampleSite(tmp_path / "own")
    site.push(org("u", "A"), ORG, repository_id=None)
    edit(site, name="B")
    site.clock.step(86_400 * 399)
    cleanup.tidy(site)
    assert former(site) == [["A"]]
    site.clock.step(86_400 * 2)
    cleanup.tidy(site)
    assert former(site) == [[]]
    site.close()


@pytest.mark.parametrize("pulled", [False, True], ids=["pushed", "pulled"])
def test_they_stay_for_a_site_in_contact_that_has_not_received_the_edit(
    sites: tuple[SampleSite, SampleSite], pulled: bool
) -> None:
    hub, field = sites
    pair = Pair(field, hub, ORG) if pulled else Pair(hub, field, ORG)
    hub.push(org("u", "A"), ORG, repository_id=None)
    for _ in range(3):
        pair.run()
    hub.clock.step()
    edit(hub, name="B")
    hub.clock.step(86_400 * 91)
    hub.db(hub.db.sync_repository.id > 0).update(last_connected=hub.clock.now())
    cleanup.tidy(hub)
    assert former(hub) == [["A"]]
    for _ in range(3):
        pair.run()
    cleanup.tidy(hub)
    assert field.row(ORG, "u").name == "B" and former(hub) == [[]]


def test_nobody_waits_for_a_site_that_is_gone_nor_for_ever(sites: tuple[SampleSite, SampleSite]) -> None:
    hub, field = sites
    pair = Pair(hub, field, ORG)
    hub.push(org("u", "A"), ORG, repository_id=None)
    pair.run()
    hub.clock.step()
    edit(hub, name="B")
    repositories = hub.db(hub.db.sync_repository.id > 0)
    hub.clock.moment = NOW + timedelta(days=361)
    repositories.update(last_connected=hub.clock.now() - timedelta(days=1))
    hub.clock.moment = NOW + timedelta(days=359)
    cleanup.tidy(hub)
    assert former(hub) == [["A"]]
    repositories.update(last_connected=NOW)
    cleanup.tidy(hub)
    assert former(hub) == [[]]
    edit(hub, name="C")
    hub.clock.step(86_400 * 361)
    repositories.update(last_connected=hub.clock.now())
    cleanup.tidy(hub)
    assert former(hub) == [[]]


def test_a_component_waits_with_its_master(sites: tuple[SampleSite, SampleSite]) -> None:
    hub, field = sites
    pair = Pair(hub, field, PERSON)
    person = int(hub.s3db[PERSON].insert(uuid="p", first_name="Ann"))
    hub.s3db.update_super(PERSON, hub.s3db[PERSON][person])
    entity = hub.row(PERSON, "p").pe_id
    contact = int(hub.s3db[CONTACT].insert(uuid="c", pe_id=entity, contact_method="SMS", value="+1"))
    hub.db.commit()
    pair.run()
    hub.clock.step()
    with hub.store.transaction():
        hub.db(hub.s3db[CONTACT].uuid == "c").update(value="+2")
    hub.clock.step(86_400 * 91)
    hub.db(hub.db.sync_repository.id > 0).update(last_connected=hub.clock.now())
    for expected in (["+1"], []):
        cleanup.tidy(hub)
        (found,) = hub.changes.of(CONTACT, [contact])[contact]
        assert found.fields["value"] == expected
        pair.run()
