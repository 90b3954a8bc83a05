"""Imports rejected records again after their missing references have arrived."""

from __future__ import annotations

from ..core.policy import Terms
from ..exchange.importer import Context, Report
from ..wire.s3xml import Decoder, parse_fragment
from .repositories import Repository

RETRIES_A_PAGE = 500


def retry_rejected(repository: Repository, table: str, terms: Terms, context: Context) -> Report:
    """Import rejected records again whose missing references have arrived, within the current transaction."""
    site = repository.site
    waiting = site.kept_versions.retriable(repository.id, table, RETRIES_A_PAGE)
    kept = [each for each in waiting if each.theirs]
    if not kept:
        return Report()
    decoder = Decoder(site.schema)
    records = [decoder.decode(parse_fragment((each.theirs or "").encode("utf-8"))) for each in kept]
    rows = [each.row for each in kept if each.row is not None]
    return site.importer.retry(records, table, terms, context, rows)
