"""A field office that begins all exchange, and headquarters, as sites of a test."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from .exchange import Pair
from .site import SampleSite
from .standing import has_address, takes_not_everybody


@contextlib.contextmanager
def field_and_headquarters(folder: Path) -> Iterator[Pair]:
    """Supply a field office that begins, and headquarters; neither takes an organisation that is called Nobody."""
    own = SampleSite(folder / "own", configure=takes_not_everybody)
    other = SampleSite(folder / "other", configure=takes_not_everybody)
    pair = Pair(own, other, "org_organisation")
    has_address(pair)
    yield pair
    own.close()
    other.close()


def add(site: SampleSite, uuid: str, name: str) -> None:
    """Make an organisation, as a form does."""
    site.s3db["org_organisation"].insert(uuid=uuid, name=name)
    site.db.commit()


def run_to_its_end(pair: Pair) -> None:
    """Run the exchange, and write down that it was complete, as a worker does."""
    pair.run()
    pair.own.db.sync_run.insert(
        repository_id=pair.repository.id, state="completed", finished_on=pair.own.clock.now()
    )
    pair.own.db.commit()
