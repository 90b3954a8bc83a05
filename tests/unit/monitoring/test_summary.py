"""The stored states of many repositories: counted, sorted and paged as the derived ones would be."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from s3sync.core.cursor import Checkpoint
from s3sync.core.errors import StoreBusy
from s3sync.core.repository_state import State
from s3sync.database.paging import SortOrder
from s3sync.monitoring import summary as summary
from s3sync.monitoring.status import statuses
from tests.support.site import SampleSite

PAGE = 10


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SampleSite]:
    monkeypatch.setattr(summary, "FEW", 20)
    made = SampleSite(tmp_path)
    yield made
    made.close()


def add(site: SampleSite, number: int) -> None:
    key = site.db.sync_repository.insert(
        name=f"Office {number:02}",
        uuid=f"urn:uuid:{number}",
        last_connected=site.clock.now() - timedelta(hours=number),
        approval="revoked" if number % 5 == 0 else None,
    )
    if number % 5 == 1:
        site.repository(key).states.save_served("org_organisation", Checkpoint(0, ()))


def fetches(site: SampleSite, name: str) -> None:
    """Let a site that never fetched anything begin."""
    row = site.db(site.db.sync_repository.name == name).select().first()
    site.repository(row.id).states.save_served("org_organisation", Checkpoint(0, ()))


def shown(site: SampleSite, order: str = "state", state: State | None = None, page: str = "1") -> list[str]:
    found = summary.summary(
        site, None, state, SortOrder(order.lstrip("-"), order.startswith("-")), {"page": page}, PAGE
    )
    return [each.name for each in found.page.rows]


def test_few_repositories_need_no_stored_states(site: SampleSite) -> None:
    for number in range(20):
        add(site, number)
    assert not summary.has_many(site) and sum(summary.counts(site).values()) == 20
    assert site.db(site.db.sync_summary).isempty()
    add(site, 20)
    assert summary.has_many(site)


def test_many_are_counted_sorted_and_paged_as_their_states_are(site: SampleSite) -> None:
    for number in range(25):
        add(site, number)
    derived = statuses(site)
    found = summary.summary(site, None, None, SortOrder("state", False), {}, PAGE)
    assert found.counts == summary.counts(site) == Counter(each.state.condition for each in derived)
    assert len(found.counts) > 1
    urgency = list(State)
    ordered = sorted(derived, key=lambda each: (urgency.index(each.state.condition), each.name))
    pages = [shown(site, page=str(number)) for number in (1, 2, 3)]
    assert [name for page in pages for name in page] == [each.name for each in ordered]
    assert shown(site, "-name")[0] == "Office 24" and shown(site, "-success")[0] == "Office 00"
    for state, count in found.counts.items():
        names = [each.name for each in derived if each.state.condition is state]
        assert shown(site, "name", state) == names[:PAGE] and len(names) == count


def test_what_is_shown_of_each_is_of_now_and_the_counting_is_dated(site: SampleSite) -> None:
    for number in range(25):
        add(site, number)
    before = summary.summary(site, None, None, SortOrder("name", False), {}, PAGE)
    site.clock.step(60)
    fetches(site, "Office 02")
    site.db(site.db.sync_repository.name == "Office 01").update(approval="revoked")
    now = summary.summary(site, None, None, SortOrder("name", False), {}, PAGE)
    assert now.counts == before.counts and now.stored_on == before.stored_on
    assert now.page.rows[1].facts.is_revoked
    # Later, or with another repository, they are derived anew.
    site.clock.step(summary.LASTS.total_seconds())
    later = summary.summary(site, None, None, SortOrder("name", False), {}, PAGE)
    assert later.stored_on == site.clock.now() and later.counts != before.counts
    add(site, 30)
    assert sum(summary.counts(site).values()) == 26
    site.db(site.db.sync_repository.name == "Office 30").delete()
    assert sum(summary.counts(site).values()) == 25


def test_what_two_stored_at_the_same_time_is_counted_once(site: SampleSite) -> None:
    table = site.db.sync_summary
    for number in range(25):
        add(site, number)
    summary.renew(site)
    # Another process had begun before it saw these rows, and stored the same.
    for row in site.db(table).select():
        table.insert(**{name: row[name] for name in table.fields if name != "id"})
    assert sum(summary.counts(site).values()) == 25 and site.db(table).count() == 26
    site.clock.step(60)
    assert summary.ensure(site) < site.clock.now(), "they are not derived again for each page"


def test_while_an_import_writes_the_last_states_are_shown_with_their_date(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(25):
        add(site, number)
    stored_on = summary.ensure(site)
    site.clock.step(summary.LASTS.total_seconds())
    site.db.commit()

    @contextlib.contextmanager
    def busy(store: object) -> Iterator[None]:
        raise StoreBusy("Another program writes.")
        yield

    with monkeypatch.context() as writing:
        writing.setattr(type(site.store), "aside", busy)
        found = summary.summary(site, None, None, SortOrder("name", False), {}, PAGE)
        assert found.stored_on == stored_on and len(found.page.rows) == PAGE
        # A page does not wait half a minute for that, and what was never stored cannot be shown.
        site.db(site.db.sync_summary).delete()
        site.db.commit()
        with pytest.raises(StoreBusy):
            summary.ensure(site)
    assert summary.ensure(site) == site.clock.now()


def test_only_what_changed_is_written(site: SampleSite) -> None:
    table = site.db.sync_summary
    for number in range(25):
        add(site, number)
    summary.renew(site)
    ids = {row.repository_id: row.id for row in site.db(table).select()}
    site.clock.step(60)
    fetches(site, "Office 02")
    summary.renew(site)
    after = {row.repository_id: row.id for row in site.db(table).select()}
    assert len(after) == 26 and sum(after[key] != ids[key] for key in after) == 2
