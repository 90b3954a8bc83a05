"""Answers a dry run of a push."""

from __future__ import annotations

from typing import BinaryIO

from ..core.errors import NotRegistered
from ..site import Site
from ..site.exchange_state import ExchangeStates
from ..wire.protocol.dry_run import DryRunResult
from ..wire.protocol.push import PushRequest
from ..wire.s3xml.document import Document
from .push import instance_table, push_terms

#: Maximum number of main records of a document to examine.
MOST_LOOKED_AT = 1000


def dry_run(site: Site, request: PushRequest, source: BinaryIO) -> DryRunResult:
    """Return the expected outcomes of a push; nothing is stored.

    Args:
        site: this site.
        request, source: as in ``push``.

    Raises:
        NotRegistered, DocumentError, UnknownResource, ProtectedResource, BadRequest: as in ``push``.
    """
    repository = site.repository_of(request.repository)
    if repository is None:
        raise NotRegistered("Registration required")
    table = instance_table(site, request.resource)
    progresses = ExchangeStates(site.checkpoints, repository.id, site.journal.identity())
    context = site.context(repository.id, progresses.exchanged(table.name), progresses.delivered)
    with Document(source, site.schema, table.name, site.document_limits) as document:
        return site.rehearsal.rehearse(
            document, push_terms(site, request, repository), context, MOST_LOOKED_AT
        )
