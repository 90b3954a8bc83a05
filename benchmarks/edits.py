"""What it costs that edits are known by field: time for an edit, room for a site of which a tenth was edited."""

from __future__ import annotations

from collections.abc import Iterator

from .sites import Site
from .table import Row

#: What is done with and without a look at what nobody wrote down.
LOOKS = ("import, edited", "import, unchanged", "edit by hand", "export, deleted")
TURNS = 3
#: Records with which that is measured.
LOOKED_AT = 5_000
#: One record of so many is edited; so many new records are made by hand beside them.
EVERY, NEW = 10, 5_000
MEGABYTE = 1e6


def measure_edits(site: Site, table: str, count: int) -> Iterator[Row]:
    """Edit a tenth of a site's records as a form does.

    Args:
        site: a site with records.
        table: their table.
        count: how many there are.
    """
    told = site.script("edits", table=table, every=EVERY, new=NEW)
    edits = told["edits"]
    yield Row("a new record by hand, user CPU", told["new"] * 1e6, "µs")
    yield Row("an edit by hand, user CPU", told["edit"] * 1e6, "µs")
    yield Row(f"what {edits:,} edits take, of {count:,} records", told["full"] / MEGABYTE, "MB")
    yield Row("an edit takes", (told["full"] - told["empty"]) / edits, "bytes")
    yield Row("an edit takes after its days", (told["thin"] - told["empty"]) / edits, "bytes")
    yield Row("thinning of an edit, user CPU", told["thinning"] / edits * 1e6, "µs")
    yield from _measure_looks(site, table, min(LOOKED_AT, count))


def _measure_looks(site: Site, table: str, page: int) -> Iterator[Row]:
    """Measure what it adds to look for what was written past the journal, and to tell of deletions.

    Args:
        site: a site with records.
        table: their table.
        page: how many of them to take; they are deleted in the end.
    """
    told = site.script("looks", table=table, page=page, turns=TURNS)
    for what in LOOKS:
        yield Row(f"{what}, user CPU", told[what] * 1e6, "µs")
        yield Row(f"{what}, without that look", told[f"{what} without"] * 1e6, "µs")
    yield Row("a deletion, user CPU", told["deletion"] * 1e6, "µs")
    yield Row("looking for what was written past the journal, a page", told["notice"] * 1e6, "µs")
    yield Row("what is told of deletions, a page", told["marks"] * 1e6, "µs")
