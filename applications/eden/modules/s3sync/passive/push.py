"""Accepts pushes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, BinaryIO

from ..core.cursor import Checkpoint, Cursor, Handed, hand_out, present
from ..core.errors import BadRequest, NotRegistered
from ..core.limits import LOGGED_PROBLEMS, MOST_FILES
from ..core.messages import bounded, received
from ..core.policy import Terms
from ..core.records import Action
from ..core.schema import Table
from ..database import traffic
from ..database.log import INCOMING, SyncLog
from ..exchange.importer import Report
from ..exchange.importer.report import problems_of
from ..site import Site
from ..site.exchange_state import RECEIVE, ExchangeStates
from ..site.rejected import retry_rejected
from ..wire.protocol.push import PushReply, PushRequest
from ..wire.s3xml import error_tree
from ..wire.s3xml.document import Document
from .contact import note_contact
from .pull_by_eden import EDEN_TOKEN
from .served import new_token

# --- push ------------------------------------------------------------------------------------------------


def push(site: Site, request: PushRequest, source: BinaryIO) -> PushReply:
    """Import a push.

    Args:
        site: this site.
        request: how to import the document.
        source: the document, a seekable binary file at its beginning.

    Raises:
        NotRegistered: the sending site is not registered here.
        DocumentError: the document cannot be read; nothing of it was imported.
        UnknownResource, ProtectedResource, BadRequest: the request cannot be answered.
    """
    repository = site.repository_of(request.repository)
    if repository is None:
        raise NotRegistered("Registration required")
    table = instance_table(site, request.resource)
    terms = push_terms(site, request, repository)
    note_contact(site, repository)
    with Document(source, site.schema, table.name, site.document_limits) as document:
        if request.checkpoint is None:
            return _take_document(site, request, repository, document, terms)
        return _take_page(site, request, repository, document, terms)


def instance_table(site: Site, name: str) -> Table:
    table = site.schema.table(name)
    if table.is_super:
        raise BadRequest(
            f"Nonexistent or invalid resource: {name} holds no records of its own.",
            hint=f"Push one of its instances: {', '.join(table.instance_types)}.",
        )
    return table


def push_terms(site: Site, request: PushRequest, repository: Any) -> Terms:
    """Return the rules for a push: those of the sender, else those of our task, else the defaults."""
    tasks = [site.task(row) for row in site.task_rows(repository.id) if row.resource_name == request.resource]
    usual = site.terms(tasks[0].exchange, repository) if tasks else Terms()
    # An Eden sends its policies as configured there; one of ours has swapped them already.
    turned = request.journal is None
    chosen = []
    for sent, default in (
        (request.update_policy, usual.update_policy),
        (request.conflict_policy, usual.conflict_policy),
    ):
        chosen.append(default if sent is None else sent.swapped if turned else sent)
    strategy = frozenset(request.strategy) if request.strategy else usual.strategy
    return Terms(strategy, chosen[0], chosen[1], bool(repository.synchronise_uuids), request.components)


def _take_page(
    site: Site, request: PushRequest, repository: Any, document: Document, terms: Terms
) -> PushReply:
    """Import a page of one of ours, with its checkpoint and answer in one transaction."""
    table = request.resource
    identity = site.journal.identity()
    progresses = ExchangeStates(site.checkpoints, repository.id, identity)
    with site.store.transaction():
        before = site.checkpoints.load(repository.id, table, RECEIVE)
        presented = Cursor.parse(request.checkpoint)
        decision = present(before, presented, identity, site.journal.head())
        sender_restored = bool(repository.peer_journal) and repository.peer_journal != request.journal
        if decision.lost_after is not None or sender_restored:
            site.journal.forget_origin(repository.id, 0 if sender_restored else decision.lost_after or 0)
        if request.journal and repository.peer_journal != request.journal:
            site.db(site.db.sync_repository.id == repository.id).update(peer_journal=request.journal)
        context = site.context(repository.id, progresses.exchanged(table), progresses.delivered)
        report = site.importer.import_page(document, terms, context)
        report.add(retry_rejected(site, repository.id, table, terms, context))
        checkpoint, cursor = hand_out(decision.checkpoint, site.journal.head(), new_token(), identity)
        site.checkpoints.save(repository.id, table, checkpoint, RECEIVE)
        files = [each.uuid for each in site.pending_references.waiting_files(repository.id, MOST_FILES)]
    _log(site, repository.id, table, report)
    return replace(
        _reply(report),
        journal=identity,
        checkpoint=str(cursor),
        restored=decision.restored,
        files=list(dict.fromkeys(files)),
        time=site.clock.now(),
        outcomes={action.value: count for action, count in report.main.items() if count},
    )


def _take_document(
    site: Site, request: PushRequest, repository: Any, document: Document, terms: Terms
) -> PushReply:
    """Import the document of an Eden, in batches, however large it is."""
    table = request.resource
    progresses = ExchangeStates(site.checkpoints, repository.id, site.journal.identity())
    context = site.context(repository.id, progresses.exchanged(table), progresses.delivered, clears=False)
    report = site.importer.import_document(document, terms, context)
    with site.store.transaction():
        report.add(retry_rejected(site, repository.id, table, terms, context))
        head = site.journal.head()
        known = Checkpoint(head, (Handed(head, EDEN_TOKEN),))
        site.checkpoints.save(repository.id, table, known, RECEIVE)
    _log(site, repository.id, table, report)
    return _reply(report)


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


def _log(site: Site, repository_id: int, table: str, report: Report) -> None:
    """Log the result of a push; an echo that changed nothing needs no entry."""
    counts = {action.value: count for action, count in sorted(report.main.items()) if count}
    problems = problems_of(report)
    if not problems and not any(count for name, count in counts.items() if name != Action.UNCHANGED.value):
        return
    bad = problems or report.main.get(Action.REJECTED) or report.main.get(Action.CONFLICT)
    with site.store.transaction():
        SyncLog(site.db, site.store.transaction, site.clock, repository_id, INCOMING).task(
            table,
            "push",
            "receive",
            "warning" if bad else "success",
            received(counts),
            details=list(bounded(problems, LOGGED_PROBLEMS)),
        )
        traffic.note(site.db, site.clock.now().date(), repository_id, received=traffic.changes(counts))
