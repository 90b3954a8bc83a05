"""The preview: what it foretells is what a run then does, and until then nothing is written at either site."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.active import preview as previews
from s3sync.active.preview import Preview, preview
from s3sync.core.errors import NotAuthenticated, NotRegistered, PeerUnreachable, SyncError
from s3sync.core.policy import Method, Policy
from s3sync.exchange.run.ports import Task
from s3sync.site import Site
from s3sync.wire.protocol.offer import Offer
from tests.support.exchange import DirectPeer, Pair
from tests.support.site import IN_A_FILE, Clock, SampleSite

ORGANISATIONS = "org_organisation"


class Looked(DirectPeer):
    """The other site at the end of a line, for the length of a preview."""

    def __init__(self, own: Site, other: Site, eden: bool = False) -> None:
        super().__init__(own, other, eden)
        self.greeted = 0

    def __enter__(self) -> Looked:
        return self

    def __exit__(self, *exc: object) -> None:
        return

    def greet(self) -> None:
        self.greeted += 1


def dump(site: Site) -> list[str]:
    """Return all that is in a site's database, in the order in which it lies there."""
    (path,) = (site.folder / "databases").glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(path)) as line:
        return list(line.iterdump())


@pytest.fixture()
def clock() -> Clock:
    return Clock()


@pytest.fixture()
def sites(tmp_path: Path, clock: Clock) -> Iterator[tuple[Site, Site]]:
    own, other = (
        SampleSite(tmp_path / "own", IN_A_FILE, clock=clock),
        SampleSite(tmp_path / "other", IN_A_FILE, clock=clock),
    )
    yield own, other
    own.db.close()
    other.db.close()


@pytest.fixture()
def pair(sites: tuple[Site, Site]) -> Pair:
    return Pair(*sites, ORGANISATIONS, page_size=100)


def write(site: Site, uuid: str, name: str | None) -> None:
    """Make, change or (None) delete an organisation."""
    table = site.s3db[ORGANISATIONS]
    row = site.db(table.uuid == uuid).select().first()
    if row is None:
        table.insert(uuid=uuid, name=name)
    elif name is None:
        site.db(table.id == row.id).update(deleted=True)
    else:
        site.db(table.id == row.id).update(name=name)
    site.db.commit()


def look(pair: Pair, monkeypatch: pytest.MonkeyPatch, peer: Any = None, **options: Any) -> Preview:
    """Look, and make sure that nothing was written at either site."""
    asked = peer or Looked(pair.own, pair.other, pair.peer.eden)
    if not hasattr(asked, "remote"):
        asked.remote = _remote()
    monkeypatch.setattr(pair.own, "connect", lambda apitype, remote, interactive=None: asked)
    # An Eden writes what it will; it is not told that we only look.
    sites = [pair.own] if pair.peer.eden else [pair.own, pair.other]
    before = [dump(site) for site in sites]
    found = preview(pair.own.repository(pair.repository.id), pair.tasks, **options)
    pair.own.db.commit()
    pair.other.db.commit()
    assert [dump(site) for site in sites] == before
    assert not list(pair.own.spool.iterdir())
    return found


def _remote() -> Any:
    from s3sync.adapters.base import Remote as Real

    return Real(1, None, "other", "own", "own")


def outcomes(found: Preview) -> tuple[dict[str, int], dict[str, int]]:
    assert found.error is None
    (part,) = found.resources
    for direction in (part.incoming, part.outgoing):
        assert direction is not None and direction.error is None, direction
    assert part.incoming and part.outgoing and part.incoming.dry_run and part.outgoing.dry_run
    return part.incoming.dry_run.outcomes, part.outgoing.dry_run.outcomes


def prepare(pair: Pair, clock: Clock) -> None:
    """Let the two agree, then change something of every kind at both."""
    for uuid in ("same", "mine", "theirs", "both", "gone", "dropped"):
        write(pair.own, uuid, f"First {uuid}")
    pair.run()
    pair.run()
    clock.step(600)
    write(pair.other, "theirs", "Changed there")
    write(pair.other, "both", "Changed there")
    write(pair.other, "gone", None)
    write(pair.other, "new there", "New there")
    clock.step(60)
    write(pair.own, "mine", "Changed here")
    write(pair.own, "both", "Changed here")
    write(pair.own, "dropped", None)
    write(pair.own, "new here", "New here")


def test_a_first_synchronisation(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    write(pair.own, "a", "A")
    write(pair.own, "b", "B")
    write(pair.other, "c", "C")
    assert outcomes(look(pair, monkeypatch)) == ({"created": 1}, {"created": 2})


def test_what_is_foretold_is_what_happens(pair: Pair, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(pair, clock)
    found = look(pair, monkeypatch)
    assert look(pair, monkeypatch).resources[0].incoming.dry_run == found.resources[0].incoming.dry_run  # type: ignore[union-attr]
    incoming, outgoing = outcomes(found)
    assert incoming == {"created": 1, "updated": 1, "deleted": 1, "conflict": 1}
    assert outgoing == {"created": 1, "updated": 1, "deleted": 1, "conflict": 1}
    report = pair.run()
    # What was decided at the other site comes back in the same run, as it is here.
    assert dict(report.received) == {**incoming, "unchanged": 1}
    # Here and there agree afterwards: nothing is left to do.
    pair.run()
    assert outcomes(look(pair, monkeypatch)) == ({}, {})


def test_examples_show_both_versions(pair: Pair, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(pair, clock)
    (part,) = look(pair, monkeypatch).resources
    assert part.incoming and part.incoming.dry_run and part.outgoing and part.outgoing.dry_run
    came = {each.uuid: each for each in part.incoming.dry_run.examples}
    assert set(came) == {"both", "gone", "theirs", "new there"}
    both = came["both"]
    assert (both.action, both.winner) == ("conflict", "ours") and "newer" in both.reason
    assert "Changed here" in (both.present or "") and "Changed there" in (both.incoming or "")
    assert came["new there"].present is None
    went = {each.uuid: each for each in part.outgoing.dry_run.examples}
    assert set(went) == {"both", "dropped", "mine", "new here"}
    assert went["both"].winner == "theirs"
    assert "First mine" in (went["mine"].present or "") and "Changed here" in (went["mine"].incoming or "")


def test_records_that_cannot_be_taken_are_foretold(
    pair: Pair, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = pair.other.s3db[ORGANISATIONS]
    table.insert(uuid="wrong", name="Wrong", year=99999)
    pair.other.db.commit()
    (part,) = look(pair, monkeypatch).resources
    assert part.incoming and part.incoming.dry_run
    assert part.incoming.dry_run.outcomes == {"rejected": 1}
    assert "year" in part.incoming.dry_run.examples[0].reason


def test_only_the_beginning_is_looked_at(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        write(pair.own, f"own {number}", "X")
        write(pair.other, f"other {number}", "X")
    (part,) = look(pair, monkeypatch, most=3).resources
    for direction in (part.incoming, part.outgoing):
        assert direction and direction.dry_run
        assert (direction.dry_run.looked, direction.total, direction.more) == (3, 7, True)
        assert direction.dry_run.outcomes == {"created": 3}


def test_the_rules_of_the_resource_hold(
    sites: tuple[Site, Site], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair(*sites, ORGANISATIONS, conflict_policy=Policy.OTHER, strategy=(Method.CREATE, Method.UPDATE))
    prepare(pair, clock)
    (part,) = look(pair, monkeypatch).resources
    assert part.incoming and part.incoming.dry_run and part.outgoing and part.outgoing.dry_run
    assert part.incoming.dry_run.outcomes["skipped"] == 1
    by_uuid = {each.uuid: each for each in part.incoming.dry_run.examples}
    assert by_uuid["both"].winner == "theirs"
    # At the other site the same rule means its own version.
    assert {each.uuid: each for each in part.outgoing.dry_run.examples}["both"].winner == "ours"


def test_an_eden_is_pulled_from_and_not_pushed_to(
    sites: tuple[Site, Site], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair(*sites, ORGANISATIONS, eden=True)
    own, other = sites
    with other.store.transaction():
        # As an Eden, which has no idea of us.
        other.db(other.db.sync_repository.id > 0).delete()
    write(own, "a", "A")
    write(own, "b", "B")
    write(own, "b", None)
    write(other, "c", "C")
    found = look(pair, monkeypatch)
    assert not found.is_ours
    (part,) = found.resources
    assert part.incoming and part.incoming.dry_run and part.outgoing and part.outgoing.dry_run
    assert part.incoming.dry_run.outcomes == {"created": 1} and part.incoming.total == 1
    assert (
        part.outgoing.dry_run.outcomes == {"sent": 1, "sent_deleted": 1}
        and not part.outgoing.outcome_of_dry_run
    )


def test_time_that_is_up(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.tasks = [pair.tasks[0], Task(2, pair.tasks[0].exchange)]
    moments = iter([0.0, 1.0, 26.0])
    found = look(pair, monkeypatch, clock=lambda: next(moments))
    assert [part.in_time for part in found.resources] == [True, False]
    assert found.resources[1].incoming is None


def test_one_way_resources(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.tasks = [Task(1, pair.tasks[0].exchange, pulls=False)]
    (part,) = look(pair, monkeypatch).resources
    assert part.incoming is None and part.outgoing is not None


class Failing(Looked):
    """A peer that fails where it is told to."""

    def __init__(self, pair: Pair, error: SyncError, at: str) -> None:
        super().__init__(pair.own, pair.other)
        self.error, self.at = error, at

    def offer(self) -> Offer | None:
        if self.at == "offer":
            raise self.error
        return super().offer()

    def pull(self, *arguments: Any, **options: Any) -> Any:
        if self.at == "pull":
            raise self.error
        return super().pull(*arguments, **options)


@pytest.mark.parametrize("error", [PeerUnreachable("down"), NotAuthenticated("wrong")])
def test_a_peer_that_cannot_be_asked(pair: Pair, monkeypatch: pytest.MonkeyPatch, error: SyncError) -> None:
    found = look(pair, monkeypatch, Failing(pair, error, "offer"))
    assert found.error is error and not found.resources


def test_a_resource_that_fails_leaves_the_others_alone(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    write(pair.own, "a", "A")
    found = look(pair, monkeypatch, Failing(pair, PeerUnreachable("cut"), "pull"))
    (part,) = found.resources
    assert part.incoming and part.incoming.error and part.outgoing and part.outgoing.dry_run
    assert part.outgoing.dry_run.outcomes == {"created": 1}


def test_a_peer_that_does_not_know_us_or_would_not_leave_it_at_looking(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Older(Looked):
        def offer(self) -> Offer | None:
            return Offer("x", capabilities=frozenset(("cursor",)), known=True)

    class Oldest(Looked):
        def offer(self) -> Offer | None:
            return None

    found = look(pair, monkeypatch, Older(pair.own, pair.other))
    assert found.error is not None and "earlier version" in found.error.message
    oldest = Oldest(pair.own, pair.other)
    oldest.remote = previews.replace(_remote(), capabilities=frozenset(("cursor",)))  # type: ignore[attr-defined]
    assert "earlier version" in look(pair, monkeypatch, oldest).error.message  # type: ignore[union-attr]
    with pair.other.store.transaction():
        pair.other.db(pair.other.db.sync_repository.id > 0).delete()
    assert isinstance(look(pair, monkeypatch).error, NotRegistered)
