"""What it costs that edits are known by field: time for an edit, room for a site of which a tenth was edited."""

from __future__ import annotations

from collections.abc import Iterator

from .sites import Site
from .table import Row

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
