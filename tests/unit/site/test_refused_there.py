"""What the other site rejected is listed here, until it takes it or the record is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.repository_state import OpenRecords, Reason
from s3sync.database import open_there as open_there
from s3sync.monitoring.status import RepositoryStatus, statuses
from tests.support.exchange import Pair
from tests.support.site import SampleSite
from tests.support.standing import has_address, takes_not_everybody

ORG = "org_organisation"


@pytest.fixture(params=[False, True], ids=["ours", "eden"])
def pair(tmp_path: Path, request: Any) -> Iterator[Pair]:
    """Two sites, of which the other one takes no organisation that is called Nobody."""
    own, other = SampleSite(tmp_path / "own"), SampleSite(tmp_path / "other", configure=takes_not_everybody)
    pair = Pair(own, other, ORG, eden=request.param)
    has_address(pair)
    yield pair
    own.close()
    other.close()


def stands(pair: Pair) -> RepositoryStatus:
    pair.own.db.sync_run.insert(
        repository_id=pair.repository.id, state="completed", finished_on=pair.own.clock.now()
    )
    (found,) = statuses(pair.own)
    return found


def listed(pair: Pair) -> set[str]:
    return {row.uuid for row in open_there.listed(pair.own.db, pair.repository.id, 10)}


def name(pair: Pair, uuid: str, text: str) -> None:
    pair.own.clock.step(60)
    pair.own.db(pair.own.s3db[ORG].uuid == uuid).update(name=text)
    pair.own.db.commit()


def test_what_the_other_site_rejected_is_listed_and_the_state_says_so(pair: Pair) -> None:
    for uuid, text in (("good", "Somebody"), ("bad", "Nobody"), ("fine", "Anybody")):
        pair.own.s3db[ORG].insert(uuid=uuid, name=text)
    pair.own.db.commit()
    pair.run()
    assert listed(pair) == {"bad"}
    found = stands(pair)
    assert found.state.reason is Reason.REFUSED_THERE and found.facts.there == OpenRecords(rejected=1)

    pair.run()
    assert listed(pair) == {"bad"}, "nothing was sent, so nothing has changed"
    name(pair, "good", "Somebody else")
    pair.run()
    assert listed(pair) == {"bad"}, "another record says nothing about this one"

    name(pair, "bad", "Somebody new")
    pair.run()
    assert listed(pair) == set() and pair.other.row(ORG, "bad").name == "Somebody new"
    assert stands(pair).state.reason is Reason.EQUAL


def test_a_record_that_is_rejected_again_is_listed_once(pair: Pair) -> None:
    pair.own.s3db[ORG].insert(uuid="bad", name="Nobody")
    pair.own.db.commit()
    pair.run()
    pair.own.clock.step(60)
    pair.own.db(pair.own.s3db[ORG].uuid == "bad").update(comments="changed")
    pair.own.db.commit()
    pair.run()
    assert len(open_there.listed(pair.own.db, pair.repository.id, 10)) == 1
    assert stands(pair).facts.there.rejected == 1


def test_records_that_were_counted_and_not_listed_count(tmp_path: Path) -> None:
    from s3sync.core.kept import OpenKind, OpenRecord

    site = SampleSite(tmp_path)
    now = site.clock.now()
    one = OpenRecord(OpenKind.CONFLICT, ORG, "u" * 300, "both changed it")
    open_there.replace_all(site.db, 7, now, [one], {OpenKind.REJECTED: 41, OpenKind.CONFLICT: 0})
    assert open_there.counts(site.db) == {7: {OpenKind.REJECTED: 41, OpenKind.CONFLICT: 1}}
    assert [row.records for row in open_there.listed(site.db, 7, 10)] == [41, 1]
    open_there.replace_all(site.db, 7, now, [], {})
    assert open_there.counts(site.db, 7) == {}
