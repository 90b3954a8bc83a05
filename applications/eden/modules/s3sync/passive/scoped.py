"""Requests within the scope of who asks: what may be read of what is asked for, and written of what comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, TypeVar

from ..core.messages import Sentence
from ..exchange.scope import NotInScope, Scope
from ..exchange.scope_guard import LeavesScope, Named, ScopeGuard
from ..site import Site
from ..wire.filter_limits import together
from ..wire.protocol.pull import PullRequest

#: How often a document is imported anew at most. Once is enough unless records lie inside because of others beyond.
MOST_ROUNDS = 10

Taking = TypeVar("Taking")


def within(site: Site, request: PullRequest, scope: Scope | None) -> PullRequest:
    """Return a request for no more than what the asking site may read.

    Raises:
        NotInScope: it may not read the resource, or asks by values that it may not read.
        FilterError: a filter names what does not exist here.
    """
    if scope is None:
        return request
    rule = scope.reading(request.resource)
    scope.check_filters(request.filters, site.schema, site.schema.table(request.resource))
    return replace(
        request,
        filters=together((*request.filters, *rule.filters)),
        components=request.components and rule.components,
    )


def within_scope(scope: Scope | None, take: Callable[[ScopeGuard | None], Taking]) -> Taking:
    """Import what the sender may write: again, without the records that turn out to lie outside once written.

    Args:
        scope: what it may write, None for everything.
        take: imports within a transaction that is rolled back by an exception.

    Raises:
        NotInScope: what lies outside cannot be told apart from the rest in so many rounds.
    """
    if scope is None:
        return take(None)
    barred: set[Named] = set()
    for _ in range(MOST_ROUNDS):
        try:
            return take(scope.guard(barred))
        except LeavesScope as left:
            if left.named <= barred:
                break
            barred |= left.named
    raise NotInScope(Sentence.MAY_NOT_TELL_APART.say())
