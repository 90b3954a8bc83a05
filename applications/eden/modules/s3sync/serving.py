"""What this site does for another one that asks: answer a pull, take a push, take a file, make acquaintance.

No HTTP here: ``rest`` reads requests and writes replies.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from . import SOFTWARE, VERSION, datasets
from .adapters import can_ask
from .codec import error_tree
from .cursor import Checkpoint, Cursor, Handed, hand_out, present
from .document import Document
from .errors import BadRequest, DocumentTooLarge, NotRegistered, StoreFull
from .exporter import ExportPage, ExportRequest
from .importer import Report
from .limits import CHUNK, LOGGED_PROBLEMS, LONGEST_NAME, MOST_FILES
from .local import RECEIVE, Progresses, problems_of, retry_rejected
from .log import INCOMING, SyncLog
from .peer import Forecast, Offer, Offered, OfferedSet
from .policy import Policy, Terms, parse_strategy
from .protocol import (
    CAPABILITIES,
    MOST_PER_PAGE,
    PullRequest,
    PushReply,
    PushRequest,
    RegistrationReply,
    RegistrationRequest,
    format_msince,
)
from .records import Action
from .schema import Table
from .site import Site
from .watching import traffic

EDEN = EDEN_TOKEN = "eden"
#: Main records of a document that are looked at to say what would become of them.
MOST_LOOKED_AT = 1000
#: Seconds between two notes that a repository was heard of.
CONTACT_EVERY = 60
#: Characters of the random name of a cursor: none is made twice in the life of a site.
TOKEN_LENGTH = 16


@dataclass(frozen=True)
class Served:
    """What was written for a pull.

    Attributes:
        count: main records.
        more: whether the asking site will come back for more.
    """

    count: int
    more: bool = False


def pull(site: Site, request: PullRequest, out: BinaryIO) -> Served:
    """Answer a pull.

    Args:
        site: this site.
        request: what is asked for; an unknown repository is served too, but nothing is remembered of it.
        out: seekable binary file for the document.

    Raises:
        UnknownResource, ProtectedResource, FilterError, BadRequest: the request cannot be answered.
    """
    table = site.schema.table(request.resource)
    repository = site.repository_of(request.repository)
    if not request.look:
        site.journal.catch_up(table)
        if repository is not None:
            _note_contact(site, repository)
    wanted = ExportRequest(
        table.name,
        filters=site.by_table(request.filters, table.name),
        components=request.components,
        skip_origin=repository.id if repository else None,
    )
    if request.look:
        if request.cursor is None:
            return _serve_eden(site, request, wanted, None, out)
        return _show_page(site, request, wanted, repository, out)
    if request.cursor is None:
        served = _serve_eden(site, request, wanted, repository, out)
    elif repository is None:
        served = _serve_stranger(site, request, wanted, out)
    else:
        served = _serve_page(site, request, wanted, repository, out)
    if repository is not None and served.count:
        with site.store.transaction():
            SyncLog(site.db, site.store.transaction, repository.id, INCOMING).task(
                table.name, "pull", "send", "success", f"{served.count} records sent."
            )
            traffic.note(site.db, repository.id, sent=served.count)
    return served


def _note_contact(site: Site, repository: Any) -> None:
    """Remember that a repository was heard of; not at every request, so that an idle exchange writes little."""
    now = site.clock.now()
    if (
        repository.last_connected is None
        or (now - repository.last_connected).total_seconds() >= CONTACT_EVERY
    ):
        with site.store.transaction():
            site.db(site.db.sync_repository.id == repository.id).update(last_connected=now)


def _token() -> str:
    return uuid4().hex[:TOKEN_LENGTH]


def _limit(site: Site, request: PullRequest) -> int:
    return request.limit or site.host.settings.get_sync_page_size()


def _serve_page(
    site: Site, request: PullRequest, wanted: ExportRequest, repository: Any, out: BinaryIO
) -> Served:
    """Write the next page for one of ours, and remember what it was given."""
    identity, head = site.journal.identity(), site.journal.head()
    before = site.checkpoints.load(repository.id, wanted.table)
    decision = present(before, Cursor.parse(request.cursor), identity, head)
    pushed = present(
        site.checkpoints.load(repository.id, wanted.table, RECEIVE),
        Cursor.parse(request.checkpoint),
        identity,
        head,
    )
    lost = [each.lost_after for each in (decision, pushed) if each.lost_after is not None]
    if lost:
        with site.store.transaction():
            site.journal.forget_origin(repository.id, min(lost))
    paged = replace(wanted, after=decision.resume, until=head, limit=_limit(site, request), paged=True)
    handed: list[Checkpoint] = []

    def attributes(page: ExportPage) -> dict[str, Any]:
        checkpoint, cursor = hand_out(decision.checkpoint, page.position, _token(), identity)
        handed.append(checkpoint)
        return {
            "cursor": str(cursor),
            "more": page.more,
            "journal": identity,
            "restored": decision.restored or pushed.restored,
            "total": site.total(paged, page) if request.total else None,
        }

    page = site.exporter.export(out, paged, attributes)
    if handed[-1] != before:
        with site.store.transaction():
            site.checkpoints.save(repository.id, wanted.table, handed[-1])
    return Served(page.count, page.more)


def _show_page(
    site: Site, request: PullRequest, wanted: ExportRequest, repository: Any, out: BinaryIO
) -> Served:
    """Write the page that one of ours would be given, for it to look at; nothing is remembered of that."""
    identity, head = site.journal.identity(), site.journal.head()
    cursor = Cursor.parse(request.cursor)
    after, restored, skip_origin = 0, False, wanted.skip_origin
    if repository is not None:
        load = site.checkpoints.load
        decision = present(load(repository.id, wanted.table), cursor, identity, head)
        received = load(repository.id, wanted.table, RECEIVE)
        pushed = present(received, Cursor.parse(request.checkpoint), identity, head)
        after, restored = decision.resume, decision.restored or pushed.restored
        if decision.lost_after is not None or pushed.lost_after is not None:
            # What it once brought may be lost there: it would be sent, too.
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
        }

    page = site.exporter.export(out, paged, attributes)
    return Served(page.count, page.more)


def _serve_stranger(site: Site, request: PullRequest, wanted: ExportRequest, out: BinaryIO) -> Served:
    """Write the next page for one that is not registered: its cursor is all that is known of it."""
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


def _serve_eden(
    site: Site, request: PullRequest, wanted: ExportRequest, repository: Any, out: BinaryIO
) -> Served:
    """Write one complete document for an Eden.

    An Eden only knows the time of its last pull. By time alone it would miss what reached us late with an older
    time, from a third site for instance. But it moves that time on only after it has taken an answer; so we
    remember up to where our answer went, and go on there as soon as it asks with a later time.
    """
    head = site.journal.head()
    if request.msince is None:
        # It wants everything, perhaps because it lost what it had: also what it once brought.
        wanted = replace(wanted, skip_origin=None)
    after = _where_an_eden_goes_on(site, request, repository, head) if repository is not None else None
    if after is None:
        wanted = replace(wanted, msince=request.msince)
    else:
        wanted = replace(wanted, after=after)
    page = site.exporter.export(out, replace(wanted, until=head))
    return Served(page.count)


def _where_an_eden_goes_on(site: Site, request: PullRequest, repository: Any, head: int) -> int | None:
    """Return the position behind which to go on; None where only the time counts. Remembers this answer."""
    table = request.resource
    query = "&".join(sorted(str(each) for each in request.filters)) + f"|{request.components}"
    text = site.checkpoints.read(repository.id, table, EDEN)
    known = json.loads(text) if text else {}
    msince = "" if request.msince is None else format_msince(request.msince)
    after: int | None = None
    same = known.get("query") == query and known.get("journal") == site.journal.identity()
    if msince and same:
        if msince > known["msince"]:
            after = known["head"]
        elif msince == known["msince"]:
            # It asks for the same once more: our answer did not arrive.
            after = known["after"]
    told = {
        "msince": msince,
        "after": after,
        "head": head,
        "query": query,
        "journal": site.journal.identity(),
    }
    with site.store.transaction():
        site.checkpoints.write(repository.id, table, EDEN, json.dumps(told))
        if not request.filters:
            # What it has taken is what conflicts are measured by.
            known_there = Checkpoint(after or 0, (Handed(head, EDEN_TOKEN),))
            site.checkpoints.save(repository.id, table, known_there)
    return after


# --- push ------------------------------------------------------------------------------------------------


def push(site: Site, request: PushRequest, source: BinaryIO) -> PushReply:
    """Take a push.

    Args:
        site: this site.
        request: how the document is to be treated.
        source: the document, a seekable binary file at its beginning.

    Raises:
        NotRegistered: we do not know who sends this.
        DocumentError: the document cannot be read; nothing of it was taken.
        UnknownResource, ProtectedResource, BadRequest: the request cannot be answered.
    """
    repository = site.repository_of(request.repository)
    if repository is None:
        raise NotRegistered("Registration required")
    table = _instance_table(site, request.resource)
    terms = _terms(site, request, repository)
    _note_contact(site, repository)
    with Document(source, site.schema, table.name, site.document_limits) as document:
        if request.checkpoint is None:
            return _take_document(site, request, repository, document, terms)
        return _take_page(site, request, repository, document, terms)


def forecast(site: Site, request: PushRequest, source: BinaryIO) -> Forecast:
    """Say what would become of the records of a push; nothing is stored, and nothing remembered.

    Args:
        site: this site.
        request, source: as in ``push``.

    Raises:
        NotRegistered, DocumentError, UnknownResource, ProtectedResource, BadRequest: as in ``push``.
    """
    repository = site.repository_of(request.repository)
    if repository is None:
        raise NotRegistered("Registration required")
    table = _instance_table(site, request.resource)
    progresses = Progresses(site.checkpoints, repository.id, site.journal.identity())
    context = site.context(repository.id, progresses.exchanged(table.name), progresses.delivered)
    with Document(source, site.schema, table.name, site.document_limits) as document:
        return site.rehearsal.rehearse(document, _terms(site, request, repository), context, MOST_LOOKED_AT)


def _instance_table(site: Site, name: str) -> Table:
    table = site.schema.table(name)
    if table.is_super:
        raise BadRequest(
            f"Nonexistent or invalid resource: {name} holds no records of its own.",
            hint=f"Push one of its instances: {', '.join(table.instance_types)}.",
        )
    return table


def _terms(site: Site, request: PushRequest, repository: Any) -> Terms:
    """Return the rules for a push: what the sender asks for, else what our task says, else the usual."""
    tasks = [site.task(row) for row in site.task_rows(repository.id) if row.resource_name == request.resource]
    usual = site.terms(tasks[0].exchange, repository) if tasks else Terms()
    # An Eden sends its policies as they are configured there; one of ours has turned them round already.
    turned = request.journal is None
    chosen = []
    for text, default in (
        (request.update_policy, usual.update_policy),
        (request.conflict_policy, usual.conflict_policy),
    ):
        policy = Policy.parse(text, default)
        chosen.append(policy.swapped if text and turned else policy)
    strategy = parse_strategy(request.strategy) if request.strategy else usual.strategy
    return Terms(strategy, chosen[0], chosen[1], bool(repository.synchronise_uuids), request.components)


def _take_page(
    site: Site, request: PushRequest, repository: Any, document: Document, terms: Terms
) -> PushReply:
    """Import a page of one of ours: page, checkpoint and answer in one transaction."""
    table = request.resource
    identity = site.journal.identity()
    progresses = Progresses(site.checkpoints, repository.id, identity)
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
        checkpoint, cursor = hand_out(decision.checkpoint, site.journal.head(), _token(), identity)
        site.checkpoints.save(repository.id, table, checkpoint, RECEIVE)
        files = [each.uuid for each in site.ledger.waiting_files(repository.id, MOST_FILES)]
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
    progresses = Progresses(site.checkpoints, repository.id, site.journal.identity())
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
    """Return a report as an Eden tells it."""
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
    """Write what a push brought into the log; an echo that changed nothing is not worth a line."""
    counts = {action.value: count for action, count in sorted(report.main.items()) if count}
    problems = problems_of(report)
    if not problems and not any(count for name, count in counts.items() if name != Action.UNCHANGED.value):
        return
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    message = "\n".join([f"{sum(counts.values())} records received: {told}.", *problems[:LOGGED_PROBLEMS]])
    bad = problems or report.main.get(Action.REJECTED) or report.main.get(Action.CONFLICT)
    with site.store.transaction():
        SyncLog(site.db, site.store.transaction, repository_id, INCOMING).task(
            table, "push", "receive", "warning" if bad else "success", message
        )
        traffic.note(site.db, repository_id, received=traffic.changes(counts))


# --- files -----------------------------------------------------------------------------------------------


def take_file(site: Site, repository_uuid: str | None, stored: str, source: BinaryIO) -> bool:
    """Take a file that records of a repository wait for; one that nobody waits for is not stored.

    Args:
        site: this site.
        repository_uuid: who sends it.
        stored: name under which it is stored.
        source: its content.

    Returns:
        whether it was wanted.

    Raises:
        NotRegistered: we do not know who sends this.
        DocumentTooLarge: it is larger than this site takes.
    """
    repository = site.repository_of(repository_uuid)
    if repository is None:
        raise NotRegistered("Registration required")
    # Files are waited for without a table to refer to.
    waiting = [
        each for each in site.ledger.deferred_for({"": [stored]}) if each.repository_id == repository.id
    ]
    if not waiting:
        return False
    target = site.files.path(waiting[0].table, waiting[0].field, stored)
    if not target.is_file():
        _store(source, target, site.host.settings.get_sync_max_upload_size())
    with site.store.transaction():
        site.ledger.settle(waiting)
    return True


def _store(source: BinaryIO, target: Path, most: int) -> None:
    """Write a file, whole or not at all."""
    temporary = target.with_name(f".{uuid4().hex}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as out:
            size = 0
            for chunk in iter(lambda: source.read(CHUNK), b""):
                size += len(chunk)
                if size > most:
                    raise DocumentTooLarge(
                        f"The file is larger than the {most} bytes that this site takes.",
                        hint="Raise [sync] max_upload_mb at the receiving site, or make the file smaller.",
                    )
                out.write(chunk)
        os.replace(temporary, target)
    except OSError as error:
        raise StoreFull(f"The file cannot be stored: {error.strerror}: {error.filename}") from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


# --- acquaintance ----------------------------------------------------------------------------------------


def register(site: Site, request: RegistrationRequest) -> RegistrationReply:
    """Take the introduction of another site: remember it, or its new name."""
    table = site.db.sync_repository
    changes: dict[str, Any] = {"apitype": request.apitype, "deleted": False}
    if request.capabilities:
        changes["capabilities"] = sorted(request.capabilities)
    with site.store.transaction():
        row = site.db(table.uuid == request.uuid).select().first()
        if row is None:
            repository_id = table.insert(uuid=request.uuid, name=request.name[:LONGEST_NAME], **changes)
        else:
            repository_id = row.id
            # A name that an administrator gave to a repository is not overwritten from outside.
            if not can_ask(row):
                changes["name"] = request.name[:LONGEST_NAME]
            row.update_record(**changes)
        site.db(table.id == repository_id).update(last_connected=site.clock.now())
    known = row is not None
    SyncLog(site.db, site.store.transaction, repository_id, INCOMING).task(
        None,
        "register",
        "request",
        "success",
        f"{request.name} introduced itself as {request.uuid}" + (" again." if known else "."),
    )
    return RegistrationReply(
        sender=site.config().uuid,
        message="Registration update successful" if known else "Registration successful",
        version=VERSION,
        capabilities=frozenset(CAPABILITIES),
        time=site.clock.now(),
    )


def offer(site: Site, asking: str | None) -> Offer:
    """Say what this site is and what may be pulled from it; changes nothing.

    Args:
        site: this site.
        asking: identifier of the site that asks, None where it does not say.
    """
    tables = [table for table in site.schema if not table.is_super]
    counts = site.tally.counts(tables)
    return Offer(
        uuid=site.config().uuid,
        name=site.host.settings.get_system_name(),
        software=SOFTWARE,
        version=VERSION,
        capabilities=frozenset(CAPABILITIES),
        time=site.clock.now(),
        known=site.repository_of(asking) is not None,
        page_size=site.host.settings.get_sync_page_size(),
        most_per_page=MOST_PER_PAGE,
        resources=tuple(
            Offered(table.name, site.host.title(table.name), counts.get(table.name))
            for table in sorted(tables, key=lambda each: each.name)
        ),
        datasets=tuple(
            OfferedSet(each.code, each.name, tuple(each.resources)) for each in datasets.all_of(site)
        ),
    )


def copy_limited(chunks: Iterable[bytes], target: BinaryIO, most: int) -> int:
    """Write the parts of a stream; return its bytes.

    Args:
        chunks: the parts.
        target: where they are written.
        most: bytes.

    Raises:
        DocumentTooLarge: it has more than ``most`` bytes.
    """
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise DocumentTooLarge(f"The document is larger than the {most} bytes that this site takes.")
        target.write(chunk)
    return size
