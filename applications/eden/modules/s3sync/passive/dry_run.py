"""Answers a dry run of a push."""

from __future__ import annotations

from typing import BinaryIO

from ..site import Site
from ..wire.protocol.dry_run import DryRunResult
from ..wire.protocol.push import PushRequest
from .contact import registered
from .push import instance_table, push_terms

#: Maximum number of main records of a document to examine.
MOST_LOOKED_AT = 1000


def dry_run(site: Site, request: PushRequest, source: BinaryIO) -> DryRunResult:
    """Return the expected outcomes of a push; nothing is stored.

    Args:
        site: this site.
        request, source: as in ``push``.

    Raises:
        NotRegistered, ForeignAccount, DocumentError, UnknownResource, ProtectedResource, BadRequest: as in ``push``.
    """
    repository = registered(site, request.repository)
    table = instance_table(site.schema, request.resource)
    terms, context = push_terms(request, repository), repository.context(table.name)
    with site.document(source, table.name) as document:
        return site.dry_run.of_document(document, terms, context, MOST_LOOKED_AT)
