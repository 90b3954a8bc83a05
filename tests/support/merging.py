"""Sites with one organisation that merge what was edited at each."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.documents import ORG
from tests.support.exchange import Pair
from tests.support.site import SampleSite

Sites = Callable[[str], SampleSite]


def edit(site: SampleSite, uuid: str = "u", table: str = ORG, **values: Any) -> None:
    """Change a record as a form does, a minute later."""
    site.clock.step(60)
    with site.store.transaction():
        site.db(site.s3db[table].uuid == uuid).update(**values)


def write_past(site: SampleSite, **values: Any) -> None:
    """Change the organisation with SQL, a minute later: nobody notices at once."""
    moment = site.clock.step(60)
    names = ", ".join(f"{name} = ?" for name in (*values, "modified_on"))
    site.db.executesql(
        f"UPDATE {ORG} SET {names} WHERE uuid = 'u'",
        placeholders=(*values.values(), moment.isoformat(" ")),
    )
    site.db.commit()


def chain(sites: Sites, *names: str) -> tuple[list[SampleSite], list[Pair]]:
    """Return sites that all have one organisation, and their exchanges from each to the next."""
    found = [sites(name) for name in names]
    with found[0].store.transaction():
        found[0].s3db[ORG].insert(uuid="u", name="Red Cross", acronym="RC", year=1900, comments="old")
    pairs = [Pair(own, other, ORG) for own, other in zip(found[1:], found)]
    settle(pairs)
    return found, pairs


def settle(pairs: list[Pair]) -> None:
    for _ in range(2 * len(pairs)):
        for pair in pairs:
            pair.run()


def values(site: SampleSite, *fields: str) -> list[Any]:
    row = site.row(ORG, "u")
    return [row[field] for field in fields]


def without_edits(pair: Pair) -> Pair:
    """Let neither of two sites tell its edits, as a site of ours of before."""
    spooled, push = pair.peer._spooled, pair.peer.push

    def stripped(document: bytes) -> bytes:
        return re.sub(rb' edits="[^"]*"', b"", document)

    def pushed(exchange: Any, document: Path, sending: Any) -> Any:
        document.write_bytes(stripped(document.read_bytes()))
        return push(exchange, document, sending)

    pair.peer._spooled = lambda document: spooled(stripped(document))  # type: ignore[method-assign]
    pair.peer.push = pushed  # type: ignore[method-assign]
    # A site of before takes each page by itself.
    pair.peer.push_together = lambda pushes: [None] * len(pushes)  # type: ignore[method-assign]
    return pair
