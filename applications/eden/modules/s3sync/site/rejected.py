"""Rejected records are imported again when what they lacked is here."""

from __future__ import annotations

from ..core.policy import Terms
from ..exchange.importer import Context, Report
from ..wire.s3xml import Decoder, parse_fragment
from . import Site

RETRIES_A_PAGE = 500


def retry_rejected(site: Site, repository_id: int, table: str, terms: Terms, context: Context) -> Report:
    """Import records again that lacked a record which is here by now, within the current transaction."""
    kept = [
        each for each in site.kept_versions.retriable(repository_id, table, RETRIES_A_PAGE) if each.theirs
    ]
    if not kept:
        return Report()
    decoder = Decoder(site.schema)
    records = [decoder.decode(parse_fragment((each.theirs or "").encode("utf-8"))) for each in kept]
    return site.importer.retry(records, table, terms, context)
