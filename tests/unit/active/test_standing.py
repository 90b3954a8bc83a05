"""What two sites tell each other around a run, and what each of them says of the other one afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from s3sync import VERSION
from s3sync.active.local_site import LocalSite
from s3sync.active.standing import StandingExchange
from s3sync.conflicts import resolve as resolve
from s3sync.core.cursor import Checkpoint, Cursor, Handed, acknowledge
from s3sync.core.errors import PeerUnreachable
from s3sync.core.kept import OpenKind
from s3sync.core.repository_state import Reason
from s3sync.database import open_there as open_there
from s3sync.passive import standing as passive_standing
from s3sync.wire.filters import parse_filter
from s3sync.wire.protocol.names import CAPABILITIES
from s3sync.wire.protocol.standing import (
    OpenList,
    StandingAnswer,
    StandingReport,
)
from tests.support.exchange import Pair
from tests.support.field_office import add, field_and_headquarters, run_to_its_end
from tests.support.site import SampleSite
from tests.support.standing import check_words, has_address, says, status_of

ORG = "org_organisation"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with field_and_headquarters(tmp_path) as pair:
        yield pair


def run(pair: Pair) -> None:
    run_to_its_end(pair)
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


def leave_so(site: SampleSite) -> None:
    """Let a person keep the only open record as it is."""
    (row,) = site.db(site.db.sync_kept.state == "open").select()
    resolve.accept(site, row.id)
    site.db.commit()


@pytest.mark.parametrize("where", ["own", "other"])
def test_a_rejected_record_that_a_person_leaves_so_is_told_at_both_sites_until_it_changes(
    pair: Pair, where: str
) -> None:
    site, sender = (pair.own, pair.other) if where == "own" else (pair.other, pair.own)
    add(sender, "bad", "Nobody")
    run(pair)
    leave_so(site)
    assert says(site, sender) is Reason.BY_DECISION, "the sites differ, as somebody decided"
    run(pair)
    assert says(site, sender) is says(sender, site) is Reason.BY_DECISION
    (listed,) = open_there.listed(sender.db, sender.repository(str(site.config().uuid)).id, 10)
    assert (listed.kind, listed.tablename, listed.uuid) == ("left", ORG, "bad") and listed.reason
    site.kept_versions.purge(site.clock.now() + timedelta(days=9999))
    assert says(site, sender) is Reason.BY_DECISION, "it is told as long as they differ"
    edit(pair, sender, "bad", name="Somebody")
    run(pair)
    assert says(site, sender) is says(sender, site) is Reason.EQUAL
    assert [row.state for row in site.db(site.db.sync_kept).select()] == ["superseded"]


def test_what_was_left_so_and_is_deleted_there_is_not_said_to_differ(pair: Pair) -> None:
    add(pair.other, "bad", "Nobody")
    run(pair)
    leave_so(pair.own)
    pair.other.clock.step(60)
    pair.other.s3db.delete(pair.other.s3db[ORG], [pair.other.row(ORG, "bad").id])
    pair.other.db.commit()
    run(pair)
    assert says(pair.own, pair.other) is says(pair.other, pair.own) is Reason.EQUAL


def test_what_is_sent_and_rejected_anew_has_to_be_decided_anew(pair: Pair) -> None:
    add(pair.other, "bad", "Nobody")
    run(pair)
    leave_so(pair.own)
    edit(pair, pair.other, "bad", comments="Still nobody")
    run(pair)
    assert says(pair.own, pair.other) is Reason.UNDECIDED
    states = [
        row.state for row in pair.own.db(pair.own.db.sync_kept).select(orderby=pair.own.db.sync_kept.id)
    ]
    assert states == ["superseded", "open"]


def named_nobody(pair: Pair) -> None:
    """Let somebody at headquarters give a record of both a name that the field office does not take."""
    add(pair.own, "a", "From the field")
    run(pair)
    edit(pair, pair.other, "a", name="Nobody")
    run(pair)


@pytest.mark.parametrize("before", [True, False])
def test_what_a_person_left_so_is_exchanged_as_anything_else_once_it_is_edited_here(
    pair: Pair, before: bool
) -> None:
    named_nobody(pair)
    if before:
        edit(pair, pair.own, "a", name="Somebody")
    leave_so(pair.own)
    if not before:
        run(pair)
        assert says(pair.own, pair.other) is says(pair.other, pair.own) is Reason.BY_DECISION
        edit(pair, pair.own, "a", name="Somebody")
    assert says(pair.own, pair.other) is not Reason.EQUAL
    run(pair)
    assert [row.name for site in (pair.own, pair.other) for row in site.rows(ORG)] == ["Somebody"] * 2
    assert says(pair.other, pair.own) is Reason.UNDECIDED, "both edited the name"
    leave_so(pair.other)
    run(pair)
    assert says(pair.own, pair.other) is says(pair.other, pair.own) is Reason.EQUAL


def test_what_is_merged_there_with_an_edit_and_rejected_here_has_to_be_decided_anew(pair: Pair) -> None:
    named_nobody(pair)
    leave_so(pair.own)
    edit(pair, pair.own, "a", comments="Edited in the field")
    run(pair)
    assert [row.comments for row in pair.other.rows(ORG)] == ["Edited in the field"]
    assert says(pair.own, pair.other) is Reason.UNDECIDED
    assert says(pair.other, pair.own) is Reason.REFUSED_THERE


def test_an_idle_run_tells_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    add(pair.own, "a", "From the field")
    run(pair)
    told: list[Any] = []
    monkeypatch.setattr(pair.peer, "standing", told.append)
    run(pair)
    assert told == []


def edit(pair: Pair, site: Any, uuid: str, **values: Any) -> None:
    for each in (pair.own, pair.other):
        each.clock.step(60)
    site.db(site.s3db[ORG].uuid == uuid).update(**values)
    site.db.commit()


def edits_at_push(pair: Pair, site: Any, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> None:
    """Let somebody edit a record at a site while the run pushes, before or after the push is taken."""
    numbers = count(1)

    def edited(push: Any, *arguments: Any) -> Any:
        if after:
            result = push(*arguments)
        edit(pair, site, "a", phone=f"0{next(numbers)}")
        return result if after else push(*arguments)

    for name in ("push", "push_together"):
        monkeypatch.setattr(pair.peer, name, partial(edited, getattr(pair.peer, name)))


def test_what_a_push_is_merged_with_is_fetched_in_the_same_run(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(pair.own, "a", "From the field")
    run(pair)
    edit(pair, pair.own, "a", comments="Edited in the field")
    edits_at_push(pair, pair.other, monkeypatch, after=False)
    run(pair)
    assert [(row.comments, row.phone) for row in pair.own.rows(ORG)] == [("Edited in the field", "01")]
    assert says(pair.own, pair.other) is says(pair.other, pair.own) is Reason.EQUAL


def test_what_changes_there_again_and_again_is_fetched_once_more_and_then_waits(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(pair.own, "a", "From the field")
    run(pair)
    pull = pair.peer.pull
    told: list[Any] = []

    def busy(*arguments: Any) -> Any:
        told.append(pull(*arguments))
        edit(pair, pair.other, "a", phone=f"0{len(told)}")
        return told[-1]

    monkeypatch.setattr(pair.peer, "pull", busy)
    add(pair.own, "b", "From the field, too")
    run(pair)
    assert len(told) == 2, "a run ends, whatever goes on at the other site"
    assert says(pair.own, pair.other) is Reason.INCOMING and says(pair.other, pair.own) is Reason.BEHIND
    monkeypatch.setattr(pair.peer, "pull", pull)
    run(pair)
    assert says(pair.own, pair.other) is says(pair.other, pair.own) is Reason.EQUAL


def test_the_other_site_is_told_what_was_edited_here_after_the_push(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(pair.own, "a", "From the field")
    edits_at_push(pair, pair.own, monkeypatch, after=True)
    run(pair)
    assert says(pair.own, pair.other) is Reason.OUTGOING
    assert says(pair.other, pair.own) is Reason.INCOMING
    monkeypatch.undo()
    run(pair)
    assert says(pair.own, pair.other) is says(pair.other, pair.own) is Reason.EQUAL


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Pair]:
    """Sites that ask for the news of two resources in one request."""
    own, other = SampleSite(tmp_path / "own"), SampleSite(tmp_path / "other")
    pair = Pair(own, other, ORG, "org_office")
    has_address(pair)
    yield pair
    own.close()
    other.close()


def makes_after_news(pair: Pair, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let somebody at the other site make a record right after it has told what is new."""
    news = pair.peer.news

    def told(*arguments: Any) -> Any:
        monkeypatch.undo()
        found = news(*arguments)
        add(pair.other, name, name)
        return found

    monkeypatch.setattr(pair.peer, "news", told)


def test_what_is_made_there_during_a_run_is_fetched_though_nothing_of_its_table_ever_was(
    both: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    makes_after_news(both, monkeypatch, "b")
    run(both)
    assert [row.uuid for row in both.own.rows(ORG)] == ["b"]
    assert says(both.own, both.other) is says(both.other, both.own) is Reason.EQUAL


def test_a_site_that_got_records_and_gave_none_yet_knows_that_its_first_one_is_still_to_be_fetched(
    both: Pair,
) -> None:
    add(both.own, "a", "From the field")
    run(both)
    assert says(both.other, both.own) is Reason.EQUAL
    add(both.other, "b", "From headquarters")
    assert says(both.other, both.own) is Reason.BEHIND


@pytest.mark.parametrize("before", [True, False])
def test_what_a_filter_keeps_back_is_not_waited_for(
    both: Pair, before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    filters = (parse_filter("~.name__like", "f*"),)
    both.tasks = [
        replace(each, exchange=replace(each.exchange, filters=filters)) for each in both.tasks[:1]
    ] + (both.tasks[1:])
    both._is_plain = False
    add(both.other, "first" if before else "kept back", "first" if before else "kept back")
    both.run()
    add(both.other, "kept back, too", "kept back, too")
    add(both.own, "field", "field")
    both.run()
    assert [each.incoming for each in status_of(both.own, both.other).flows] == [0, 0]
    add(both.own, "further", "further")
    makes_after_news(both, monkeypatch, "for the field")
    both.run()
    assert "for the field" in [row.uuid for row in both.own.rows(ORG)]


def test_a_run_that_could_not_tell_fails_and_the_next_one_tells(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(pair.other, "bad", "Nobody")

    def cut(report: StandingReport) -> StandingAnswer:
        raise PeerUnreachable("no route")

    with monkeypatch.context() as patched:
        patched.setattr(pair.peer, "standing", cut)
        with pytest.raises(PeerUnreachable):
            pair.run()
    assert says(pair.other, pair.own) is not Reason.EQUAL
    run(pair)
    assert says(pair.other, pair.own) is Reason.REFUSED_THERE


def first_run(pair: Pair, start: Callable[[Callable[[], None]], None]) -> StandingExchange:
    return StandingExchange(pair.own.repository(pair.repository.id), pair.peer, list(pair.tasks), start)


def test_the_first_run_does_not_wait_for_its_report_and_stores_nothing_before_the_answer(pair: Pair) -> None:
    works: list[Callable[[], None]] = []
    states = pair.own.repository(pair.repository.id).states
    standing = first_run(pair, works.append)
    local = LocalSite(pair.own.repository(pair.repository.id), before=standing.settle)
    standing.begin()
    assert len(works) == 1 and states.standing().number == 0
    works[0]()
    assert states.standing().number == 0, "a thread touches no database"
    local.learn(frozenset(("new",)))
    assert (states.standing().number, states.standing().complete) == (1, False)
    standing.settle()
    assert states.standing().number == 1, "once"


def test_a_report_that_cannot_be_told_at_the_beginning_of_the_first_run_is_told_at_its_end(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(report: StandingReport) -> StandingAnswer:
        raise PeerUnreachable("no route")

    standing = first_run(pair, lambda work: work())
    with monkeypatch.context() as patched:
        patched.setattr(pair.peer, "standing", cut)
        standing.begin()
    standing.settle()
    assert pair.own.repository(pair.repository.id).states.standing().number == 0
    add(pair.other, "b", "From headquarters")
    run(pair)
    assert says(pair.other, pair.own) is Reason.EQUAL


def test_who_has_fetched_before_waits_for_the_answer_to_its_report(pair: Pair) -> None:
    add(pair.other, "b", "From headquarters")
    run(pair)
    states = pair.own.repository(pair.repository.id).states
    with pair.own.store.transaction():
        states.save_standing(replace(states.standing(), told="something else"))
    number = states.standing().number
    first_run(pair, lambda work: pytest.fail("The first request acknowledges what was fetched.")).begin()
    assert states.standing().number == number + 1


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


def test_what_a_site_can_do_since_it_was_upgraded_is_learnt_at_the_end_of_a_run(pair: Pair) -> None:
    assert "gzip" not in pair.own.repository(pair.repository.id).capabilities
    add(pair.own, "a", "From the field")
    run(pair)
    assert pair.own.repository(pair.repository.id).capabilities >= frozenset(CAPABILITIES)


def test_who_is_told_knows_the_version_of_the_other_site(pair: Pair) -> None:
    pair.other.db(pair.other.db.sync_repository.uuid == pair.own.uuid).update(peer_version="0.1.9")
    pair.other.db.commit()
    pair.run()
    known = pair.other.known_repository(pair.own.uuid)
    assert known is not None and known.peer_version == VERSION
