"""What a site that listens is told: of changes that it has still to get, and of each of them once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.core.errors import NotRegistered, StoreBusy
from s3sync.passive import listening as listening
from s3sync.passive.begun import BegunExchanges
from s3sync.passive.listening import changed_for, listen
from s3sync.site.repositories import REVOKED
from s3sync.wire.filters import parse_filter
from s3sync.wire.protocol.listening import Heard
from tests.support.documents import ORG, PERSON
from tests.support.exchange import Pair
from tests.support.site import SampleSite

LOCATION = "gis_location"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    own, other = SampleSite(tmp_path / "own"), SampleSite(tmp_path / "other")
    made = Pair(own, other, ORG, PERSON)
    add(other, "at both")
    made.run()
    made.run()
    yield made
    own.close()
    other.close()


def add(site: SampleSite, name: str, table: str = ORG) -> None:
    site.s3db[table].insert(**{"first_name" if table == PERSON else "name": name})
    site.db.commit()


def listens(pair: Pair, heard: str = "") -> tuple[bool, str]:
    """Return whether the listening site is told of a change, and what it has heard then."""
    _, told = listen(pair.other, pair.peer.uuid, Heard.parse(heard))
    return told.changed, told.heard


def changed(pair: Pair, heard: str) -> bool:
    """Return whether the listening site is told while it waits."""
    key = pair.other.repository(pair.peer.uuid).id
    head, found = changed_for(pair.other, int(heard.rpartition(".")[2]), [key, 999])
    assert head == pair.other.journal.head()
    return found == [key]


def test_a_change_is_told_once_and_fetched_it_is_none_any_more(pair: Pair) -> None:
    found, heard = listens(pair)
    assert not found and not changed(pair, heard)
    add(pair.other, "new")
    assert changed(pair, heard)
    found, now = listens(pair, heard)
    assert found and now != heard
    assert listens(pair, now) == (False, now), "it has heard of it, whatever became of it"
    assert listens(pair)[0], "a worker that has just begun knows nothing"
    pair.run()
    assert not listens(pair)[0]


def test_what_it_brought_itself_is_no_news(pair: Pair) -> None:
    _, heard = listens(pair)
    add(pair.own, "ours")
    pair.run()
    assert pair.other.journal.head() > int(heard.rpartition(".")[2])
    assert not changed(pair, heard) and not listens(pair, heard)[0]


def test_what_it_does_not_fetch_is_no_news(pair: Pair) -> None:
    _, heard = listens(pair)
    add(pair.other, "Rome", LOCATION)
    assert not changed(pair, heard) and not listens(pair, heard)[0]


def test_filters_count(tmp_path: Path) -> None:
    own, other = SampleSite(tmp_path / "own"), SampleSite(tmp_path / "other")
    pair = Pair(own, other, ORG, LOCATION, filters=(parse_filter("~.name__like", "Red*"),))
    pair.run()
    _, heard = listens(pair)
    add(other, "Blue")
    assert not changed(pair, heard) and not listens(pair, heard)[0]
    add(other, "Red")
    assert changed(pair, heard) and listens(pair, heard)[0]
    own.close()
    other.close()


def test_after_a_restored_backup_everything_counts(pair: Pair) -> None:
    add(pair.other, "new")
    assert listens(pair, f"another.{10**9}")[0]


def test_a_site_without_access_is_told_nothing(pair: Pair) -> None:
    with pytest.raises(NotRegistered):
        listen(pair.other, "unknown", None)
    _, heard = listens(pair)
    pair.other.repository(pair.peer.uuid).update(approval=REVOKED)
    pair.other.db.commit()
    add(pair.other, "new")
    assert not changed(pair, heard)


def test_listening_is_no_exchange(pair: Pair) -> None:
    table, key = pair.other.db.sync_served, pair.other.repository(pair.peer.uuid).id
    pair.other.db(table).delete()
    exchanges = BegunExchanges(pair.other.repository(pair.peer.uuid))
    exchanges.note(ORG, sent=1)
    begun_on = pair.other.clock.now()
    for _ in range(20):
        pair.other.clock.step(90)
        listens(pair)
    (row,) = pair.other.db(table.repository_id == key).select()
    assert row.finished_on == begun_on, "an exchange that was cut off does not go on because its site listens"


def test_what_cannot_be_looked_at_is_looked_at_again(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    _, heard = listens(pair)
    key, after = pair.other.repository(pair.peer.uuid).id, int(heard.rpartition(".")[2])
    add(pair.other, "new")
    with monkeypatch.context() as broken:
        broken.setattr(listening, "has_changed", lambda *given: raised(StoreBusy("busy")))
        assert changed_for(pair.other, after, [key]) == (after, []), "nobody has heard of it"
    assert changed(pair, heard)


def raised(error: Exception) -> bool:
    raise error


def test_it_is_noted_as_a_contact(pair: Pair) -> None:
    repository = pair.other.repository(pair.peer.uuid)
    repository.update(last_connected=None)
    pair.other.db.commit()
    listens(pair)
    assert pair.other.repository(pair.peer.uuid).last_connected is not None
