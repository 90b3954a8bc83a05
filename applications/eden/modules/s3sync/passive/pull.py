"""Answers pulls: with a page for a site with cursors, or with one document.

No HTTP here: ``web.interface`` reads requests and writes replies.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, BinaryIO

from ..core.cursor import Checkpoint, Cursor, CursorOutcome, Taken, hand_out, present, present_ahead
from ..core.errors import LateRequest, StoreBusy, SyncError
from ..core.messages import sent
from ..core.task import Activity, LogAction, Result
from ..database.log import INCOMING
from ..exchange.exporter import ExportPage, ExportRequest
from ..exchange.importer import Report
from ..exchange.scope import Scope
from ..exchange.scope_guard import ScopeGuard
from ..site import Repository, Site
from ..site.names_of_sites import names_to_tell
from ..site.rejected import retry_due
from ..site.scoping import scopes as scopes
from ..wire.protocol.pull import PullRequest
from .begun import BegunExchanges
from .contact import known, note_contact
from .pull_by_eden import EDEN_TOKEN, serve_eden
from .push import log_import, settle_deletions
from .scoped import within, within_scope
from .served import Served, new_token


def pull(site: Site, request: PullRequest, out: BinaryIO) -> Served:
    """Answer a pull.

    Args:
        site: this site.
        request: the request; an unknown repository is answered too, but nothing is stored.
        out: seekable binary file for the document.

    Raises:
        UnknownResource, ProtectedResource, FilterError, BadRequest: the request cannot be answered.
        ForeignAccount: the asking site was registered by another account.
        NotInScope: the asking site may not read the resource.
        LateRequest: the asking site has asked again since, or asks ahead of a cursor that is not one of the last ones.
        StoreBusy: it has asked at the same time, and that was answered.
    """
    table = site.schema.table(request.resource)
    repository = known(site, request.repository)
    scope = scopes.of_asking(site, repository)
    request = within(site, request, scope)
    if not request.look:
        site.journal.catch_up(table)
        if repository is not None:
            note_contact(repository)
            try_again(repository, request)
    wanted = ExportRequest(
        table.name,
        filters=site.by_table(request.filters, table.name),
        components=request.components,
        skip_origin=repository.id if repository else None,
        adopts=repository is not None and repository.synchronise_uuids,
        readable=None if scope is None else scope.readable,
        signs=repository is not None and request.cursor is None and not request.look,
    )
    if request.look:
        if request.cursor is None:
            return serve_eden(site, request, wanted, None, out)
        return _show_page(site, request, wanted, repository, out)
    if request.cursor is None:
        served = serve_eden(site, request, wanted, repository, out)
    elif repository is None:
        served = _serve_stranger(site, request, wanted, out)
    else:
        served = _serve_page(request, wanted, repository, out)
    if repository is not None and served.count:
        with site.store.transaction():
            repository.log(INCOMING).task(
                table.name, Activity.PULL, LogAction.SEND, Result.SUCCESS, sent(served.count, {})
            )
            repository.note_traffic(sent=served.count)
            BegunExchanges(repository).note(table.name, sent=served.count)
    return served


def idle_of(repository: Repository, requests: Sequence[PullRequest], scope: Scope | None) -> set[str]:
    """Return resources of which a few statements for all show that ``is_idle`` holds.

    Others may be idle, too: that their filters keep all changes back is seen one by one.

    Args:
        repository, scope: as for ``is_idle``.
        requests: the pulls of a question.
    """
    site, states, schema = repository.site, repository.states, repository.site.schema
    possible: dict[str, PullRequest] = {}
    for request in requests:
        # What cannot be asked for is refused by its own pull.
        with contextlib.suppress(SyncError):
            possible[schema.table(request.resource).name] = within(site, request, scope)
    if not possible:
        return set()
    site.journal.catch_up_all([schema.table(name) for name in possible])
    head, identity = site.journal.head(), states.identity
    after: dict[str, int] = {}
    known = states.of_tables()
    for name, request in possible.items():
        before, received = known.get(name, (Checkpoint(), Checkpoint()))
        resume = _resumes(request, before, received, identity, head)
        if resume is not None:
            after[name] = resume
    changed = site.store.changed_tables(after, until=head, skip_origin=repository.id)
    return {possible[name].resource for name in after if name not in changed}


def is_idle(repository: Repository, request: PullRequest, scope: Scope | None) -> bool:
    """Return whether a pull of one of ours would get an empty page, and change nothing here.

    Args:
        repository: the repository of the asking site.
        request: the pull.
        scope: that of the repository (``scopes.of_repository``), looked up once for all pulls of a question.

    Raises:
        UnknownResource, ProtectedResource, FilterError, BadRequest, NotInScope: as by ``pull``.
    """
    site, states = repository.site, repository.states
    request = within(site, request, scope)
    table = site.schema.table(request.resource)
    site.journal.catch_up(table)
    head = site.journal.head()
    before, received = states.served(table.name), states.received(table.name)
    resume = _resumes(request, before, received, states.identity, head)
    if resume is None:
        return False
    return not site.store.scan(
        table,
        [table.key],
        after=resume,
        until=head,
        limit=1,
        skip_origin=repository.id,
        filters=site.by_table(request.filters, table.name).get(table.name, ()),
    )


def _resumes(
    request: PullRequest, before: Checkpoint, received: Checkpoint, identity: str, head: int
) -> int | None:
    """Return where a pull goes on if nothing has to be stored for it, else None."""
    decision = present(before, Cursor.parse(request.cursor), identity, head)
    pushed = _pushed(request, received, identity, head)
    if before.has_passed(request.number) or decision.checkpoint != before:
        return None
    if any(each.restored or each.lost_after is not None for each in (decision, pushed)):
        return None
    return decision.resume


def try_again(repository: Repository, request: PullRequest) -> None:
    """Try again what was put off: a peer that only pulls from now on sends nothing after which that would be done.

    Args:
        repository: the repository of the asking site.
        request: what it asks for.

    Raises:
        NotInScope: what it brought outside of its scope cannot be told apart from the rest.
    """
    table = request.resource
    site = repository.site
    due = site.kept_versions.due(repository.id, 1)
    if not due and not site.kept_versions.waiting_deletions(0, 1):
        return

    def take(guard: ScopeGuard | None) -> Report:
        report = Report()
        with site.store.transaction():
            if due:
                context = repository.context(table, clears=request.cursor is not None)
                report.add_others(retry_due(repository, replace(context, guard=guard)))
            settle_deletions(repository, report)
        return report

    # What waited may have come before the repository had its scope, and counts as if it came now.
    log_import(repository, None, within_scope(scopes.of_repository(repository), take))


def _limit(site: Site, request: PullRequest) -> int:
    return request.limit or site.host.settings.get_sync_page_size()


def _serve_page(request: PullRequest, wanted: ExportRequest, repository: Repository, out: BinaryIO) -> Served:
    """Write the next page for one of ours, and store what was sent."""
    site, states = repository.site, repository.states
    identity, head = states.identity, site.journal.head()
    before, received = states.served(wanted.table), states.received(wanted.table)
    if before.has_passed(request.number):
        raise before.late()
    decision = _presents(request, before, identity, head)
    pushed = _pushed(request, received, identity, head)
    if request.ahead and pushed.restored:
        raise _too_early(before)
    lost = [each.lost_after for each in (decision, pushed) if each.lost_after is not None]
    if lost:
        with site.store.transaction():
            site.journal.forget_origin(repository.id, min(lost))
    paged = replace(wanted, after=decision.resume, until=head, limit=_limit(site, request), paged=True)
    handed: list[tuple[Checkpoint, Cursor]] = []
    waiting = site.kept_versions.count_waiting(repository.id)

    def attributes(page: ExportPage) -> dict[str, Any]:
        resumed = decision.resume if request.ahead else 0
        handed.append(hand_out(decision.checkpoint, page.position, new_token(), identity, resumed))
        return {
            "cursor": str(handed[-1][1]),
            "more": page.more,
            "journal": identity,
            "restored": decision.restored or pushed.restored,
            "total": site.total(paged, page) if request.total else None,
            "waiting": waiting,
            "sites": names_to_tell(site, page.edited_at, page.position),
        }

    page = site.exporter.export(out, paged, attributes)
    checkpoint, cursor = handed[-1]
    after = replace(checkpoint, taken=before.taken)
    # An idle exchange writes nothing: a late request that presents the same cursor changes nothing either.
    if after != before:
        taken = before.taken if request.number is None else Taken(request.number)
        with site.store.transaction():
            if states.served(wanted.table) != before:
                # The one that is stored knows nothing of the cursor in this answer, nor this one of that in the other.
                raise StoreBusy(
                    "Another request of the same site was answered meanwhile.",
                    hint="Nothing was taken: ask again.",
                )
            states.save_served(wanted.table, replace(after, taken=taken))
    goes_on = page.more and not (decision.restored or pushed.restored)
    return Served(page.count, page.more, str(cursor) if goes_on else "")


def _presents(request: PullRequest, before: Checkpoint, identity: str, head: int) -> CursorOutcome:
    """Return how to answer the cursors of a request.

    Raises:
        LateRequest: it asks ahead, of a cursor that is not one of the last ones.
    """
    cursor, ahead = Cursor.parse(request.cursor), Cursor.parse(request.ahead)
    if ahead is None:
        return present(before, cursor, identity, head)
    found = present_ahead(before, cursor, ahead, identity, head)
    if found is None:
        raise _too_early(before)
    return found


def _too_early(before: Checkpoint) -> LateRequest:
    """Return the refusal of a request for a page that cannot be sent before the one before it is stored."""
    last = before.taken.number.value if before.taken else 0
    return LateRequest(
        "This page is not sent before the one before it is stored.", hint="Ask for it then.", last=last
    )


def _pushed(request: PullRequest, received: Checkpoint, identity: str, head: int) -> CursorOutcome:
    """Return what a request tells of the pushes before it."""
    pushed = _presented(request, received, identity, head)
    return pushed._replace(lost_after=None) if received.remembers(request.number) else pushed


def _presented(request: PullRequest, received: Checkpoint, identity: str, head: int) -> CursorOutcome:
    """Return what the checkpoint of a request tells: an empty one that all was lost, an absent one nothing."""
    if request.checkpoint is None:
        return CursorOutcome(received.acknowledged, False, None, received)
    return present(received, Cursor.parse(request.checkpoint), identity, head)


def _show_page(
    site: Site, request: PullRequest, wanted: ExportRequest, repository: Repository | None, out: BinaryIO
) -> Served:
    """Write the page that one of ours would get, for a dry run; nothing is stored."""
    identity = repository.states.identity if repository is not None else site.journal.identity()
    head = site.journal.head()
    cursor = Cursor.parse(request.cursor)
    after, restored, skip_origin = 0, False, wanted.skip_origin
    if repository is not None:
        states = repository.states
        decision = present(states.served(wanted.table), cursor, identity, head)
        pushed = _presented(request, states.received(wanted.table), identity, head)
        after, restored = decision.resume, decision.restored or pushed.restored
        if decision.lost_after is not None or pushed.lost_after is not None:
            # It may have lost what it brought: that would be sent, too.
            skip_origin = None
    paged = replace(
        wanted, after=after, until=head, skip_origin=skip_origin, limit=_limit(site, request), paged=True
    )

    def attributes(page: ExportPage) -> dict[str, Any]:
        return {
            "cursor": request.cursor or "",
            "more": page.more,
            "journal": identity,
            "restored": restored,
            "total": site.total(paged, page) if request.total else None,
            "matching": _matching(site, wanted) if request.total and cursor is None else None,
        }

    page = site.exporter.export(out, paged, attributes)
    return Served(page.count, page.more)


def _matching(site: Site, wanted: ExportRequest) -> int:
    """Return the number of records here that meet the filters of a request, whoever brought them."""
    return site.store.count(site.schema.table(wanted.table), wanted.filters.get(wanted.table, ()))


def _serve_stranger(site: Site, request: PullRequest, wanted: ExportRequest, out: BinaryIO) -> Served:
    """Write the next page for a site that is not registered: only its cursor is known."""
    identity = site.journal.identity()
    cursor = Cursor.parse(request.cursor)
    after = cursor.seq if cursor is not None and cursor.identity == identity else 0

    def attributes(page: ExportPage) -> dict[str, Any]:
        return {
            "cursor": str(Cursor(identity, page.position, EDEN_TOKEN)),
            "more": page.more,
            "journal": identity,
        }

    paged = replace(wanted, after=after, limit=_limit(site, request), paged=True)
    page = site.exporter.export(out, paged, attributes)
    return Served(page.count, page.more)
