"""What two sites tell each other around a run, and what each of them says of the other one afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.cursor import Checkpoint, Cursor, Handed, acknowledge
from s3sync.core.errors import BadRequest, PeerUnreachable
from s3sync.core.kept import OpenKind, OpenRecord
from s3sync.core.repository_state import Reason
from s3sync.database import open_there as open_there
from s3sync.passive import standing as passive_standing
from s3sync.wire.protocol.standing import MOST_LISTED, OpenList, StandingReport
from tests.support.exchange import Pair
from tests.support.site import SampleSite
from tests.support.standing import check_words, has_address, says, takes_not_everybody

ORG = "org_organisation"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """A field office that begins, and headquarters; neither takes an organisation that is called Nobody."""
    own = SampleSite(tmp_path / "own", configure=takes_not_everybody)
    other = SampleSite(tmp_path / "other", configure=takes_not_everybody)
    pair = Pair(own, other, ORG)
    has_address(pair)
    yield pair
    own.close()
    other.close()


def add(site: SampleSite, uuid: str, name: str) -> None:
    site.s3db[ORG].insert(uuid=uuid, name=name)
    site.db.commit()


def run(pair: Pair) -> None:
    pair.run()
    pair.own.db.sync_run.insert(
        repository_id=pair.repository.id, state="completed", finished_on=pair.own.clock.now()
    )
    pair.own.db.commit()
    check_words(pair.own, pair.other)


def test_both_are_in_step_after_one_run_and_say_so(pair: Pair) -> None:
    add(pair.own, "a", "From the field")
    add(pair.other, "b", "From headquarters")
    assert says(pair.other, pair.own) is Reason.NEVER_FETCHED
    run(pair)
    assert says(pair.own, pair.other) is Reason.EQUAL
    assert says(pair.other, pair.own) is Reason.EQUAL, "it was told, and need not wait for the next run"


def test_what_was_refused_here_is_listed_there_with_its_reason(pair: Pair) -> None:
    add(pair.other, "bad", "Nobody")
    run(pair)
    assert says(pair.own, pair.other) is Reason.UNDECIDED
    assert says(pair.other, pair.own) is Reason.REFUSED_THERE
    (listed,) = open_there.listed(pair.other.db, 1, 10)
    assert (listed.kind, listed.tablename, listed.uuid) == ("rejected", ORG, "bad") and listed.reason
    pair.other.clock.step(60)
    pair.other.db(pair.other.s3db[ORG].uuid == "bad").update(name="Somebody")
    pair.other.db.commit()
    run(pair)
    assert says(pair.own, pair.other) is says(pair.other, pair.own) is Reason.EQUAL
    assert open_there.listed(pair.other.db, 1, 10) == []


def test_what_the_other_site_refused_is_listed_here(pair: Pair) -> None:
    add(pair.own, "bad", "Nobody")
    run(pair)
    assert says(pair.own, pair.other) is Reason.REFUSED_THERE
    assert says(pair.other, pair.own) is Reason.UNDECIDED
    assert [row.uuid for row in open_there.listed(pair.own.db, pair.repository.id, 10)] == ["bad"]


def test_an_idle_run_tells_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    add(pair.own, "a", "From the field")
    run(pair)
    told: list[Any] = []
    monkeypatch.setattr(pair.peer, "standing", told.append)
    run(pair)
    assert told == []


def test_a_run_that_could_not_tell_fails_and_the_next_one_tells(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(pair.other, "bad", "Nobody")

    def cut(report: StandingReport) -> OpenList:
        raise PeerUnreachable("no route")

    with monkeypatch.context() as patched:
        patched.setattr(pair.peer, "standing", cut)
        with pytest.raises(PeerUnreachable):
            pair.run()
    assert says(pair.other, pair.own) is not Reason.EQUAL
    run(pair)
    assert says(pair.other, pair.own) is Reason.REFUSED_THERE


def test_a_late_report_changes_nothing(pair: Pair) -> None:
    add(pair.own, "a", "From the field")
    run(pair)
    old = StandingReport(pair.own.journal.identity(), 1, False, open=OpenList({OpenKind.REJECTED: 9}))
    passive_standing.take(pair.other, pair.peer.uuid, old)
    assert says(pair.other, pair.own) is Reason.EQUAL


def test_a_clock_that_is_off_is_known_at_both_ends(pair: Pair) -> None:
    pair.own.clock.step(7200)
    add(pair.own, "a", "From the field")
    run(pair)
    assert says(pair.other, pair.own) is Reason.CLOCK


def test_a_database_that_was_put_back_is_not_in_step(pair: Pair) -> None:
    add(pair.own, "a", "From the field")
    run(pair)
    with pair.other.store.transaction():
        pair.other.db(pair.other.db.sync_journal_state).update(identity="another")
    assert says(pair.other, pair.own) is not Reason.EQUAL


def test_only_a_cursor_that_was_handed_out_and_is_ahead_is_acknowledged() -> None:
    held = Checkpoint(5, (Handed(5, "a"), Handed(9, "b")))
    assert acknowledge(held, Cursor("me", 9, "b"), "me").acknowledged == 9
    for cursor in (None, Cursor("me", 9, "x"), Cursor("you", 9, "b"), Cursor("me", 5, "a")):
        assert acknowledge(held, cursor, "me") == held


def test_a_report_says_what_it_said_and_more_is_counted() -> None:
    found = OpenList(
        {OpenKind.FILE: 3, OpenKind.REJECTED: 0}, [OpenRecord(OpenKind.FILE, ORG, "u", "file: a.txt")]
    )
    report = StandingReport("j", 7, True, None, (ORG,), {ORG: "j.1.t"}, found)
    read = StandingReport.from_body(report.to_body())
    assert (read.journal, read.number, read.complete, read.cursors) == ("j", 7, True, {ORG: "j.1.t"})
    assert read.open.records == list(found.records) and read.open.unlisted == {OpenKind.FILE: 2}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"[" * 100_000, b'{"journal": 1, "number": 1}', b'{"journal": "j", "number": -1}'],
)
def test_a_report_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        StandingReport.from_body(body)


def test_what_is_odd_in_a_report_is_left_out() -> None:
    rows = [["rejected", "t", "u", "r"], ["odd", "t", "u", "r"], ["file"], 7, ["file", 1, None, {}]]
    read = OpenList.from_json(
        {"counts": {"file": True, "odd": 3, "rejected": -1}, "records": rows * MOST_LISTED}
    )
    assert {each.kind for each in read.records} == {OpenKind.REJECTED, OpenKind.FILE}
    assert len(read.records) <= MOST_LISTED and set(read.counts.values()) == {0}
