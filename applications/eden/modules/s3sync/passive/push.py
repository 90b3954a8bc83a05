"""Accepts pushes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, BinaryIO

from ..core.cursor import Checkpoint, Comparison, Cursor, Handed, Taken, Turn, hand_out, present
from ..core.errors import BadRequest
from ..core.limits import LOGGED_PROBLEMS, MOST_FILES
from ..core.messages import Sentence, bounded, received
from ..core.policy import Terms
from ..core.records import Action
from ..core.schema import Schema, Table
from ..core.task import Activity, LogAction, Result
from ..database import traffic as traffic
from ..database.log import INCOMING
from ..exchange.importer import Report
from ..exchange.importer.report import problems_of
from ..exchange.scope import Scope
from ..exchange.scope_guard import ScopeGuard
from ..site import Repository, Site
from ..site.decided_elsewhere import lines_about
from ..site.names_of_sites import remember_names
from ..site.rejected import retry_rejected
from ..site.scoping import scopes as scopes
from ..site.waiting_deletions import refuse_deletions, retry_deletions
from ..wire.protocol.push import PushReply, PushRequest
from ..wire.s3xml import error_tree as error_tree
from ..wire.s3xml.document import Document
from .begun import BegunExchanges
from .contact import note_contact, registered
from .pull_by_eden import EDEN_TOKEN, note_taken
from .scoped import within_scope
from .served import new_token

#: Maximum number of records outside of the scope that are named in an answer.
MOST_BARRED = 100

#: How long a deletion waits for a sender that never says that nothing more comes.
WAIT_AT_MOST = timedelta(days=1)

#: Maximum characters of the errors of a push that are kept in case that its answer was lost.
LONGEST_TREE = 100_000

# --- push ------------------------------------------------------------------------------------------------


def push(site: Site, request: PushRequest, source: BinaryIO) -> PushReply:
    """Import a push.

    Args:
        site: this site.
        request: how to import the document.
        source: the document, a seekable binary file at its beginning.

    Raises:
        NotRegistered, ForeignAccount: the sending site is not registered here, or by another account.
        NotInScope: the sending site may not write the resource.
        DocumentError: the document cannot be read; nothing of it was imported.
        UnknownResource, ProtectedResource, BadRequest: the request cannot be answered.
        LateRequest: a later page of the sender was taken; nothing of this one was.
    """
    repository = registered(site, request.repository)
    table = instance_table(site.schema, request.resource)
    scope = scopes.of_repository(repository)
    terms = push_terms(request, repository, scope)
    note_contact(repository)

    def take(guard: ScopeGuard | None) -> PushReply:
        source.seek(0)
        with site.document(source, table.name) as document:
            if request.checkpoint is None:
                return _take_document(request, repository, document, terms, guard)
            return _take_page(request, repository, document, terms, guard)

    return within_scope(scope, lambda guard: site.store.again_after_deadlock(partial(take, guard)))


def instance_table(schema: Schema, name: str) -> Table:
    table = schema.table(name)
    if table.is_super:
        raise BadRequest(
            f"Nonexistent or invalid resource: {name} holds no records of its own.",
            hint=f"Push one of its instances: {', '.join(table.instance_types)}.",
        )
    return table


def push_terms(request: PushRequest, repository: Repository, scope: Scope | None = None) -> Terms:
    """Return the rules for a push: those of the sender, else those of our task, else the defaults.

    Raises:
        NotInScope: the sender may not write the resource.
    """
    # Whether it may be written counts also where no components come.
    may_have_parts = scope is None or scope.writing(request.resource).components
    components = request.components and may_have_parts
    usual = repository.usual_terms(request.resource)
    # An Eden sends its policies as configured there; one of ours has swapped them already.
    turned = request.journal is None
    chosen = []
    for sent, default in (
        (request.update_policy, usual.update_policy),
        (request.conflict_policy, usual.conflict_policy),
    ):
        chosen.append(default if sent is None else sent.swapped if turned else sent)
    strategy = frozenset(request.strategy) if request.strategy else usual.strategy
    return Terms(strategy, chosen[0], chosen[1], repository.synchronise_uuids, components)


def _take_page(
    request: PushRequest,
    repository: Repository,
    document: Document,
    terms: Terms,
    guard: ScopeGuard | None,
) -> PushReply:
    """Import a page of one of ours, with its checkpoint and answer in one transaction."""
    table, states = request.resource, repository.states
    site, journal = repository.site, repository.site.journal
    with site.store.transaction():
        presented = Cursor.parse(request.checkpoint)
        before = states.received(table)
        turn = before.turn(request.number)
        if turn is Turn.LATE:
            raise before.late()
        if turn is Turn.REPEATED and before.taken is not None and before.taken.answer is not None:
            return replace(PushReply.from_json(before.taken.answer), time=site.clock.now())
        decision = present(before, presented, states.identity, journal.head())
        if request.number is not None and request.again is None:
            # It counts what it sends: it knows that it sent the last page, and has lost the answer only.
            decision = decision._replace(lost_after=None)
        sender_restored = bool(repository.peer_journal) and repository.peer_journal != request.journal
        if decision.lost_after is not None or sender_restored:
            journal.forget_origin(repository.id, 0 if sender_restored else decision.lost_after or 0)
        if request.journal and repository.peer_journal != request.journal:
            repository.update(peer_journal=request.journal)
        again = request.again
        if sender_restored or decision.restored:
            again = Comparison.RESTORED
        elif decision.lost_after is not None:
            again = again or Comparison.ASKED
        terms = terms.by_time if again is Comparison.RESTORED else terms
        context = replace(repository.context(table, again=again is not None), guard=guard)
        report = site.importer.import_page(document, terms, context)
        remember_names(repository, document.header.sites)
        repository.note_sender(document.header.by_field, context)
        if not document.header.more:
            report.add(retry_rejected(repository, table, terms, context))
            settle_deletions(repository, report, final=request.final)
        waiting = site.kept_versions.count_waiting(repository.id)
        checkpoint, cursor = hand_out(decision.checkpoint, journal.head(), new_token(), states.identity)
        files = [each.uuid for each in site.pending_references.waiting_files(repository.id, MOST_FILES)]
        reply = replace(
            _reply(report),
            journal=states.identity,
            checkpoint=str(cursor),
            restored=decision.restored,
            files=list(dict.fromkeys(files)),
            time=site.clock.now(),
            outcomes=report.outcomes,
            barred=report.barred[:MOST_BARRED],
            waiting=waiting,
        )
        taken = before.taken if request.number is None else Taken(request.number, _remembered(reply))
        states.save_received(table, replace(checkpoint, taken=taken))
    log_import(repository, table, report)
    return reply


def _remembered(reply: PushReply) -> Mapping[str, Any]:
    """Return what is answered if the same push comes again, because its answer was lost; one of ours needs no ids."""
    answer = replace(reply, created=(), updated=(), deleted=())
    if len(json.dumps(answer.tree)) > LONGEST_TREE:
        answer = replace(answer, tree={})
    return answer.to_json()


def _take_document(
    request: PushRequest,
    repository: Repository,
    document: Document,
    terms: Terms,
    guard: ScopeGuard | None,
) -> PushReply:
    """Import the document of an Eden, in batches, however large it is; within a scope in one transaction."""
    site, table = repository.site, request.resource
    context = replace(repository.context(table, clears=False), guard=guard)
    if guard is None:
        report = site.importer.import_document(document, terms, context)
    else:
        document.verify()
        with site.store.transaction():
            report = site.importer.import_page(document, terms, context)
    with site.store.transaction():
        report.add(retry_rejected(repository, table, terms, context))
        settle_deletions(repository, report)
        head = site.journal.head()
        known = Checkpoint(head, (Handed(head, EDEN_TOKEN),))
        repository.states.save_received(table, known)
        note_taken(repository, table)
        repository.note_sender(document.header.by_field, context)
    log_import(repository, table, report)
    return _reply(report)


def settle_deletions(repository: Repository, report: Report, *, final: bool = False) -> None:
    """Try waiting deletions again, and refuse those of the sender that are final, within the current transaction.

    Args:
        repository: the sender.
        report: gets the outcomes of the sender's deletions.
        final: whether the sender says that nothing more comes; if not, those are final that have waited for long.
    """
    site = repository.site
    carried_out = retry_deletions(site).get(repository.id)
    if carried_out is not None:
        report.add_others(carried_out)
    latest = site.clock.now() - WAIT_AT_MOST
    due = refuse_deletions(
        site, repository.id, lambda kept: final or (kept.kept_on is not None and kept.kept_on < latest)
    )
    for each in due.values():
        report.add_others(each)


def _reply(report: Report) -> PushReply:
    """Return a report in the form of an Eden."""
    outcomes = [outcome for _, outcome in report.failures]
    reasons = [outcome.reason for outcome in outcomes if outcome.action is Action.REJECTED and outcome.reason]
    message = f"{reasons[-1]} - invalid items ignored" if reasons else ""
    return PushReply(
        records=sum(report.main.values()) - report.main.get(Action.REJECTED, 0),
        created=report.created,
        updated=report.updated,
        deleted=report.deleted,
        message=message,
        tree=error_tree(outcomes),
    )


def log_import(repository: Repository, table: str | None, report: Report) -> None:
    """Log the result of a push; an echo that changed nothing needs no entry."""
    counts = report.outcomes
    problems = problems_of(report)
    if report.decided:
        _log_decided(repository, table, report)
    if not problems and counts.keys() <= {Action.UNCHANGED.value}:
        return
    bad = problems or report.main.get(Action.REJECTED) or report.main.get(Action.CONFLICT)
    with repository.site.store.transaction():
        repository.log(INCOMING).task(
            table,
            Activity.PUSH,
            LogAction.RECEIVE,
            Result.WARNING if bad else Result.SUCCESS,
            received(counts),
            details=list(bounded(problems, LOGGED_PROBLEMS)),
        )
        repository.note_traffic(received=traffic.changes(counts))
        BegunExchanges(repository).note(table, outcomes=counts)


def _log_decided(repository: Repository, table: str | None, report: Report) -> None:
    lines = lines_about(repository.site, report.decided)
    with repository.site.store.transaction():
        repository.log(INCOMING).task(
            table,
            Activity.DECIDE,
            LogAction.DECIDE,
            Result.SUCCESS,
            Sentence.CONFLICTS_DECIDED.say(count=len(lines)),
            details=list(bounded(lines, LOGGED_PROBLEMS)),
        )
