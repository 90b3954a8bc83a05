"""Answers a dry run of a push."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from ..site import Site
from ..site.scoping import scopes as scopes
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
        NotRegistered, ForeignAccount, NotInScope: as in ``push``.
        DocumentError, UnknownResource, ProtectedResource, BadRequest: as in ``push``.
    """
    repository = registered(site, request.repository)
    table = instance_table(site.schema, request.resource)
    scope = scopes.of_repository(repository)
    guard = None if scope is None else scope.guard()
    terms = push_terms(request, repository, scope)
    context = replace(repository.context(table.name), guard=guard)
    with site.document(source, table.name) as document:
        found = site.dry_run.of_document(document, terms, context, MOST_LOOKED_AT)
    if scope is None or scope.may_read(table.name):
        return found
    return replace(found, examples=tuple(replace(each, present=None) for each in found.examples))
