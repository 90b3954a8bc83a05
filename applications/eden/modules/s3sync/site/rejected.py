"""Imports rejected records again after their missing references have arrived."""

from __future__ import annotations

from ..core.policy import Terms
from ..exchange.importer import Context, Report
from ..wire.s3xml import Decoder, parse_fragment
from . import Site

RETRIES_A_PAGE = 500


def retry_rejected(site: Site, repository_id: int, table: str, terms: Terms, context: Context) -> Report:
    """Import rejected records again whose missing references have arrived, within the current transaction."""
    kept = [
        each for each in site.kept_versions.retriable(repository_id, table, RETRIES_A_PAGE) if each.theirs
    ]
    if not kept:
        return Report()
    decoder = Decoder(site.schema)
    records = [decoder.decode(parse_fragment((each.theirs or "").encode("utf-8"))) for each in kept]
    return site.importer.retry(records, table, terms, context)
