"""Two sites exchange by a memory stick: how long each of the three runs takes, and what lies on the stick."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Callable

from .sites import Site
from .table import Row

TABLE = "org_organisation"
PASSPHRASE = "a passphrase of the benchmarks"
MB = 1e6


def measure_stick(
    site: Callable[..., AbstractContextManager[Site]],
    fill: Callable[..., None],
    folder: Path,
    records: int,
) -> Iterator[Row]:
    """Measure a first exchange between two sites that have nothing of each other, sealed and not.

    Args:
        site: makes a site.
        fill: fills a site with organisations.
        folder: where the stick is.
        records: how many each site has.
    """
    for passphrase in ("", PASSPHRASE):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        allowed = f"folder_roots = {folder}"
        with site("field", allowed) as field, site("headquarters", allowed) as headquarters:
            fill(field, records)
            fill(headquarters, records, first=records)
            keys = _connect(field, headquarters, folder, passphrase)
            yield from _exchange(field, headquarters, keys, folder, records, bool(passphrase))
    shutil.rmtree(folder)


def _connect(field: Site, headquarters: Site, folder: Path, passphrase: str) -> dict[str, int]:
    given: dict[str, Any] = {"path": str(folder), "passphrase": passphrase, "tables": [TABLE]}
    keys = {}
    for _ in range(2):
        for here, there in ((field, headquarters), (headquarters, field)):
            keys[here.home.name] = here.script("stick", other=there.home.name, **given)
    return keys


def _exchange(
    field: Site, headquarters: Site, keys: dict[str, int], folder: Path, records: int, is_sealed: bool
) -> Iterator[Row]:
    how = "sealed" if is_sealed else "in clear"
    steps = (
        (field, "the first site writes"),
        (headquarters, "the other one reads and writes"),
        (field, "the first one reads"),
    )
    total, seen = 0.0, set[str]()
    for here, what in steps:
        (run,) = here.script("synchronise", repository=keys[here.home.name])
        total += run["seconds"]
        if here is headquarters or here.home.name in seen:
            assert f"{records} created" in run["message"], run["message"]
        seen.add(here.home.name)
        yield Row(f"by stick, {records:,} new records each way, {how}: {what}", run["seconds"], "s")
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        yield Row(f"by stick, {records:,} new records each way, {how}: on the stick then", size / MB, "MB")
    yield Row(f"by stick, {records:,} new records each way, {how}: all three", total, "s")
