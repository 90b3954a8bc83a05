"""Both ends of pages that are asked for ahead.

Whatever the answering site announces, all arrives, and only what is stored is acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.core.cursor import Cursor
from s3sync.exchange.peer import Asking, Exchange, PullResult
from s3sync.exchange.run.ports import Task
from tests.support.documents import ORG
from tests.support.exchange import Pair
from tests.support.server_sites import EVERY_KIND, site_on
from tests.support.site import SampleSite

RECORDS, PAGE = 11, 2


@pytest.fixture
def headquarters(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SampleSite]:
    with site_on(request.param, tmp_path / "headquarters") as made:
        yield made


class Watched:
    """A pair of which every pull is watched.

    Attributes:
        most: how many pages more than the first one that is not stored were asked for.
        restored: how often one of the two took the other one for restored.
    """

    def __init__(self, field: SampleSite, headquarters: SampleSite, announced: tuple[str, ...]) -> None:
        self.pair = Pair(field, headquarters, ORG, page_size=PAGE, capabilities=("cursor", *announced))
        # Without pushes nothing else acknowledges.
        self.pair.tasks = [Task(1, Exchange(ORG), pushes=False)]
        self.most = self.restored = 0
        self._pull = self.pair.peer.pull
        self.pair.peer.pull = self.pull  # type: ignore[method-assign]

    @property
    def stored(self) -> int:
        """The position up to which the field has stored what headquarters have."""
        own = self.pair.own
        cursor = Cursor.parse(own.repository(self.pair.repository.id).states.pulled(ORG).cursor)
        return cursor.seq if cursor is not None else 0

    @property
    def acknowledged(self) -> int:
        """The position up to which headquarters take it for stored."""
        repository = self.pair.other.repository(self.pair.peer.uuid)
        return int(repository.states.delivered(ORG))

    def pull(self, exchange: Exchange, asking: Asking) -> PullResult:
        if asking.ahead:
            here = len(self.pair.own.rows(ORG)) // PAGE
            begins = Cursor.parse(asking.ahead)
            assert begins is not None
            before = self.pair.other.db(self.pair.other.db.sync_journal.seq <= begins.seq)
            self.most = max(
                self.most, before(self.pair.other.db.sync_journal.tablename == ORG).count() // PAGE - here
            )
        page = self._pull(exchange, asking)
        self.restored += page.restored
        assert self.acknowledged <= self.stored
        return page


@pytest.mark.parametrize("headquarters", EVERY_KIND, indirect=True)
@pytest.mark.parametrize("loses", [0, 2])
@pytest.mark.parametrize(
    ("announced", "most"), [((), 0), (("ahead",), 1), (("ahead", "two-ahead"), 2)], ids=str
)
def test_all_arrives_and_only_what_is_stored_is_acknowledged(
    headquarters: SampleSite, tmp_path: Path, announced: tuple[str, ...], most: int, loses: int
) -> None:
    field = SampleSite(tmp_path / "field")
    watched = Watched(field, headquarters, announced)
    for number in range(RECORDS):
        headquarters.s3db[ORG].insert(uuid=f"u{number}", name=f"Organisation {number}")
    headquarters.db.commit()
    watched.pair.peer.lose_answers = loses
    watched.pair.run()
    assert len(field.rows(ORG)) == RECORDS
    assert (watched.most, watched.restored) == (most, 0)
    assert watched.acknowledged == watched.stored, "the report at the end of the run says so"
    field.close()
