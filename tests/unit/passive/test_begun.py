"""Exchanges that another site began: which requests belong together, and how they end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from s3sync.core.errors import BadRequest, DocumentTooLarge, StoreBusy
from s3sync.core.task import RunState
from s3sync.passive import begun as begun
from s3sync.passive.begun import Begun, BegunExchanges
from s3sync.passive.registration import register
from s3sync.wire.protocol.registration import RegistrationRequest
from tests.support.site import SampleSite

PEER = "urn:uuid:peer"


class Heard:
    """One site that asks, at times of our choosing."""

    def __init__(self, site: SampleSite) -> None:
        self.site = site
        register(site, RegistrationRequest(PEER, "Field office"))
        site.db(site.db.sync_served).delete()
        self.repository = site.known_repository(PEER)
        self.exchanges = BegunExchanges(self.repository)

    def later(self, **span: float) -> BegunExchanges:
        self.site.clock.step(timedelta(**span).total_seconds())
        return self.exchanges

    @property
    def rows(self) -> list[Begun]:
        table = self.site.db.sync_served
        return begun.read(self.site.db, self.site.db(table).select(orderby=table.id))


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Heard]:
    site = SampleSite(tmp_path)
    yield Heard(site)
    site.close()


def test_what_comes_in_one_run_is_one_exchange_with_its_records_by_resource(peer: Heard) -> None:
    peer.exchanges.heard()
    peer.later(seconds=2).note("org_organisation", sent=3)
    peer.later(minutes=9).note("org_organisation", outcomes={"created": 2, "conflict": 1})
    peer.later(seconds=5).note("org_organisation", outcomes={"updated": 1, "unchanged": 4})
    peer.later(seconds=5).note("org_office", sent=1)
    peer.later(seconds=5).end()
    (row,) = peer.rows
    assert row.state is RunState.COMPLETED and row.moved
    assert set(row.tables) == {"org_office", "org_organisation"} and row.sent == 4
    found = row.tables["org_organisation"]
    assert [found[name] for name in ("created", "updated", "unchanged", "conflicts")] == [2, 1, 4, 1]
    assert row.finished_on - row.started_on == timedelta(minutes=9, seconds=17)


def test_a_site_that_asks_in_vain_every_minute_leaves_one_row(peer: Heard) -> None:
    for _ in range(200):
        peer.later(minutes=1).heard()
        peer.exchanges.end()
    (row,) = peer.rows
    assert not row.moved and row.finished_on - row.started_on == timedelta(minutes=199)
    # A silence is no stretch of asking.
    peer.later(hours=3).heard()
    assert len(peer.rows) == 2


def test_records_after_hours_without_any_are_an_exchange_of_their_own(peer: Heard) -> None:
    peer.exchanges.heard()
    peer.later(hours=1).heard()
    peer.later(seconds=1).note("org_organisation", sent=1)
    first, second = peer.rows
    assert not first.moved and second.moved and second.started_on > first.started_on + timedelta(hours=1)


def test_after_its_end_comes_another_exchange(peer: Heard) -> None:
    peer.exchanges.note("org_organisation", sent=1)
    peer.exchanges.end()
    peer.later(seconds=30).heard()
    assert len(peer.rows) == 1
    peer.exchanges.note("org_organisation", sent=2)
    assert [row.sent for row in peer.rows] == [1, 2]


def test_an_end_that_nobody_told_is_not_known(peer: Heard) -> None:
    peer.exchanges.note("org_organisation", sent=1)
    assert not peer.rows[0].is_over(peer.site.clock.now())
    peer.later(minutes=11).heard()
    cut_off, quiet = peer.rows
    assert cut_off.state is RunState.RUNNING and cut_off.is_over(peer.site.clock.now()) and not quiet.moved
    # Its end does not belong to the one before.
    peer.exchanges.end()
    assert peer.rows[0].state is RunState.RUNNING


def test_what_was_refused_is_told_once_with_its_reason(peer: Heard) -> None:
    peer.exchanges.note("org_organisation", sent=1)
    error = BadRequest("The number is no number.", hint="Send a number.")
    peer.later(seconds=1).refused(error)
    for _ in range(10):
        peer.later(minutes=12).refused(error)
    (first,) = peer.rows
    assert first.state is RunState.FAILED and first.moved
    assert (first.message, first.remedy, first.code) == (error.message, error.hint, error.code)
    peer.later(hours=3).refused(DocumentTooLarge("Too large."))
    assert [row.state for row in peer.rows] == [RunState.FAILED] * 2


def test_what_was_refused_once_and_then_done_is_no_reason_any_more(peer: Heard) -> None:
    peer.exchanges.note("org_organisation", sent=1)
    peer.later(seconds=1).refused(StoreBusy("The database is busy."))
    peer.later(seconds=30).note("org_organisation", sent=2)
    peer.exchanges.end()
    (row,) = peer.rows
    assert row.state is RunState.COMPLETED and row.sent == 3
    assert (row.message, row.remedy, row.code, row.params) == ("", "", None, None)


def test_a_site_is_listed_with_its_last_exchanges_that_moved_something(peer: Heard) -> None:
    for number in range(5):
        peer.later(hours=3).heard()
        peer.later(minutes=2).note("org_organisation", sent=number + 1)
        peer.exchanges.end()
    found = begun.recent(peer.site, [peer.repository.id, 99], 3)
    assert [row.sent for row in found[peer.repository.id]] == [3, 4, 5] and found[99] == []


def test_old_rows_and_too_many_go_with_their_resources(peer: Heard) -> None:
    for _ in range(6):
        peer.later(hours=3).note("org_organisation", sent=1)
        peer.exchanges.end()
    db, now = peer.site.db, peer.site.clock.now()
    begun.purge(db, now - timedelta(hours=10), 100)
    assert db(db.sync_served).count() == db(db.sync_served_table).count() == 4
    begun.purge(db, now - timedelta(days=1), 2)
    assert db(db.sync_served).count() == db(db.sync_served_table).count() == 2
