"""The interface for programs: requests in, replies out. The only place that knows HTTP statuses.

A request is read, handed to a use case (``serving``, importer, exporter), and its result or its error is
written as a reply. Nothing here touches ``request.vars``: the body is a document, whatever its label says.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Callable, NoReturn

from gluon import HTTP

from . import serving
from .codec import error_tree
from .compression import DamagedPacking, gzip, is_packed
from .document import Document
from .errors import (
    BadRequest,
    ConfigurationError,
    DocumentTooLarge,
    MethodNotAllowed,
    ModuleDisabled,
    NoSuchRecord,
    NotAuthenticated,
    NotPermitted,
    SyncError,
    TruncatedDocument,
    UnsupportedFormat,
)
from .exporter import ExportRequest
from .filters import Filter, is_filter, parse_filter
from .limits import CHUNK, LONGEST_RESOURCE, is_number
from .local import upload_path
from .log import INCOMING, SyncLog
from .policy import Policy, Terms
from .protocol import (
    PullRequest,
    PushReply,
    PushRequest,
    RegistrationRequest,
    failure,
    forecast_json,
    offer_json,
    parse_msince,
)
from .records import Action
from .schema import Table
from .site import Site
from .xmltext import shown

REALM = "eden"
#: Methods that the addresses of the interface answer.
EXCHANGED = TABLES = ("GET", "POST", "PUT")
REGISTERED = ("POST", "PUT")
OFFERED = ("GET",)
FILES = ("GET", "PUT")
RECORDS = ("GET", "POST", "PUT", "DELETE")
#: Answers smaller than this are not worth packing.
WORTH_PACKING = 1024
REGISTRATION_SIZE = 64 * 1024
#: Seconds after which a request that failed in passing may be sent again.
RETRY_AFTER = 10
_RULED_OUT = re.compile(r";q=0(\.0*)?$")
logger = logging.getLogger("eden.sync")


# --- the entrances of the protocol, and the plain resources -----------------------------------------


def sync_request(request: Any, response: Any) -> Any:
    """Answer /sync/sync.xml: GET is a pull, POST and PUT are a push.

    Args:
        request, response: web2py's.

    Returns:
        the body; or raises gluon's HTTP with a reply.
    """
    with _answering(request, "pull" if request.env.request_method == "GET" else "push") as site:
        _authorised(site)
        if request.extension != "xml":
            raise MethodNotAllowed(
                f"/sync/sync.{request.extension} is not answered.", hint="Ask for /sync/sync.xml."
            )
        if _method(request, EXCHANGED) == "GET":
            wanted = PullRequest.from_vars(request.get_vars)
            return _stream(site, request, response, lambda out: serving.pull(site, wanted, out))
        told = PushRequest.from_vars(request.get_vars)
        with _body(site, request, site.host.settings.get_sync_max_document_size()) as source:
            if told.look:
                return _json(response, forecast_json(serving.forecast(site, told, source)))
            reply = serving.push(site, told, source)
        return _json(response, reply.to_json())


def register_request(request: Any, response: Any) -> Any:
    """Answer /sync/repository/register.json: another site introduces itself."""
    with _answering(request, "register") as site:
        _authorised(site)
        _method(request, REGISTERED)
        if request.extension != "json":
            raise UnsupportedFormat("Registrations are taken as JSON only.")
        with _body(site, request, REGISTRATION_SIZE) as source:
            told = RegistrationRequest.from_body(source.read())
        return _json(response, serving.register(site, told).to_json())


def offer_request(request: Any, response: Any) -> Any:
    """Answer /sync/offer.json: what this site is, and what may be pulled from it. Nothing is written."""
    with _answering(request, "offer") as site:
        _authorised(site)
        _method(request, OFFERED)
        if request.extension != "json":
            raise UnsupportedFormat("The offer is told as JSON only.", hint="Ask for /sync/offer.json.")
        return _json(response, offer_json(serving.offer(site, _asking(request))))


def file_request(request: Any, response: Any) -> Any:
    """Answer /sync/file/<stored name>: GET hands a file out, PUT takes one that is waited for."""
    with _answering(request, "file") as site:
        _authorised(site)
        stored = request.args(0) or ""
        if _method(request, FILES) == "GET":
            path = upload_path(site, stored)
            response.headers["Content-Type"] = "application/octet-stream"
            return _send_file(request, response, path.open("rb"), path.stat().st_size)
        most = site.host.settings.get_sync_max_upload_size()
        with _body(site, request, most, is_file=True) as source:
            wanted = serving.take_file(site, _asking(request), stored, source)
        message = "File received" if wanted else "Nobody waits for this file"
        return _json(response, {"status": "success", "statuscode": "200", "message": message})


def resource_request(request: Any, response: Any, prefix: str, name: str, record_id: str | None) -> Any:
    """Answer the plain interface of a resource: /<prefix>/<name>.xml and /<prefix>/<name>/<id>.xml.

    GET exports (URL filters, start, limit, msince, include_deleted, components). POST and PUT import: what is
    sent wins, and one invalid record fails all unless ignore_errors=True. DELETE deletes one record.

    Args:
        request, response: web2py's.
        prefix, name: the table.
        record_id: id of one record, None for the table.
    """
    with _answering(request, "rest") as site:
        if not site.host.logged_in():
            raise NotAuthenticated("Authentication Required")
        if request.extension != "xml":
            raise UnsupportedFormat(f"The format {request.extension} is not available.")
        table = site.schema.table(f"{prefix}_{name}")
        key = _key(record_id)
        method = _method(request, TABLES if key is None else RECORDS)
        if method == "GET":
            _permitted(site, "read", table)
            return _export(site, request, response, table, key)
        if key is not None and method == "DELETE":
            _permitted(site, "delete", table)
            return _delete(site, response, table, key)
        _permitted(site, "create", table)
        _permitted(site, "update", table)
        return _import(site, request, response, table, key)


# --- who asks, and how errors are answered ------------------------------------------------------------------


@contextlib.contextmanager
def _answering(request: Any, mode: str) -> Iterator[Site]:
    """Give the site to a request; turn every error into its reply, once, here."""
    site: Site | None = None
    try:
        try:
            site = Site.from_current()
        except ConfigurationError as error:
            raise ModuleDisabled(
                "The interface for programs belongs to the module sync, which is not enabled at this site.",
                hint=error.hint,
            ) from error
        yield site
    except SyncError as error:
        _refuse(site, request, mode, error)


def _refuse(site: Site | None, request: Any, mode: str, error: SyncError) -> NoReturn:
    sender = None
    if site is not None:
        site.db.rollback()
        _log_refusal(site, request, mode, error)
        sender = site.config().uuid if mode == "register" else None
    if isinstance(error, NotAuthenticated):
        raise HTTP(
            401,
            "Authentication Required",
            **{"WWW-Authenticate": f'Basic realm="{REALM}"', "Content-Type": "text/plain; charset=utf-8"},
        )
    status, body = failure(error, sender)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if error.transient:
        headers["Retry-After"] = str(RETRY_AFTER)
    raise HTTP(status, json.dumps(body), **headers)


def _log_refusal(site: Site, request: Any, mode: str, error: SyncError) -> None:
    """Write what another site asked in vain into the log, unless a stranger could fill it that way."""
    logger.warning("%s %s: %s", request.env.request_method, request.env.path_info, error)
    if mode in ("rest", "offer") or isinstance(error, (NotAuthenticated, NotPermitted)):
        return
    if request.get_vars.get("look") == "1":
        # Whoever only looks leaves nothing behind.
        return
    repository = site.repository_of(_asking(request))
    resource = request.get_vars.get("resource")
    action = {"pull": "send", "push": "receive"}.get(mode, "request")
    log = SyncLog(site.db, site.store.transaction, repository.id if repository else None, INCOMING)
    log.error(resource[:LONGEST_RESOURCE] if isinstance(resource, str) else None, mode, action, error)


def _method(request: Any, allowed: tuple[str, ...]) -> str:
    """Return the method of a request.

    Raises:
        MethodNotAllowed: its address does not answer it.
    """
    method: str = request.env.request_method
    if method not in allowed:
        raise MethodNotAllowed(
            f"{method} is not answered here.", hint=f"Use {' or '.join(allowed)}.", allowed=allowed
        )
    return method


def _authorised(site: Site) -> None:
    """Let only accounts in that may synchronise.

    Raises:
        NotAuthenticated, NotPermitted: they may not.
    """
    if not site.host.logged_in():
        raise NotAuthenticated("Authentication Required")
    if not site.host.may_synchronise():
        raise NotPermitted("Insufficient Privileges")


def _permitted(site: Site, method: str, table: Table) -> None:
    if not site.host.has_permission(method, table.name):
        raise NotPermitted(
            f"Insufficient Privileges: this account may not {method} records of {table.name}.",
            hint="Ask an administrator for a role that may.",
        )


def _asking(request: Any) -> str | None:
    """Return who asks, as they say themselves; None where they do not say, or say several things."""
    uuid = request.get_vars.get("repository")
    return uuid if isinstance(uuid, str) else None


def _key(record_id: str | None) -> int | None:
    if record_id is None:
        return None
    if not is_number(record_id):
        raise BadRequest(f"{shown(record_id)!r} is not the id of a record.", hint="Give a number.")
    return int(record_id)


# --- bodies -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _body(site: Site, request: Any, most: int, *, is_file: bool = False) -> Iterator[BinaryIO]:
    """Open the body of a request, unpacked, at its beginning.

    Args:
        site: this site.
        request: web2py's.
        most: bytes, packed as well as unpacked.
        is_file: whether it is the file of a record. Such a file may be an archive itself, so it counts as packed
            only where its label says so; of a document the first bytes tell, whatever its label.

    Raises:
        DocumentTooLarge: it has more bytes.
        BadRequest: there is no body.
        TruncatedDocument: less arrived than was announced, or the packing is damaged.
    """
    announced = request.env.content_length
    length = int(announced) if announced and str(announced).isdecimal() else 0
    if length > most:
        raise DocumentTooLarge(f"The body has {length} bytes; this site takes {most}.")
    body: BinaryIO = request.body
    body.seek(0, os.SEEK_END)
    arrived = body.tell()
    body.seek(0)
    if arrived == 0:
        raise BadRequest("The request has no body.", hint="Send the document with its length.")
    if arrived < length:
        raise TruncatedDocument(f"{length} bytes were announced, {arrived} arrived.")
    start = body.read(2)
    body.seek(0)
    labelled = "gzip" in (request.env.http_content_encoding or "").lower()
    if not is_packed(start) or (is_file and not labelled):
        yield body
        return
    with _spooled(site) as unpacked:
        try:
            serving.copy_limited(gzip.unpack(iter(lambda: body.read(CHUNK), b"")), unpacked, most)
        except DamagedPacking as error:
            raise TruncatedDocument(f"The packed body cannot be read: {error}.") from error
        unpacked.seek(0)
        yield unpacked


def _stream(site: Site, request: Any, response: Any, write: Callable[[BinaryIO], Any]) -> Any:
    """Write a document to a file and send it; packed where the asking side takes that."""
    with contextlib.ExitStack() as undo:
        out = undo.enter_context(_spooled(site))
        write(out)
        size = out.tell()
        response.headers["Content-Type"] = "text/xml; charset=utf-8"
        if size >= WORTH_PACKING and site.host.settings.get_sync_compression() and _takes_gzip(request):
            packed = undo.enter_context(_spooled(site))
            out.seek(0)
            gzip.pack(out, packed)
            out.close()
            out, size = packed, packed.tell()
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        out.seek(0)
        undo.pop_all()
        return _send_file(request, response, out, size)


def _spooled(site: Site) -> Any:
    # Without a name in the folder: it is gone when it is closed, however the request ends.
    return tempfile.TemporaryFile(dir=site.spool)


def _send_file(request: Any, response: Any, stream: BinaryIO, size: int) -> Any:
    response.headers["Content-Length"] = str(size)
    return response.stream(stream, chunk_size=CHUNK, request=request)


def _takes_gzip(request: Any) -> bool:
    """Tell whether the asking side names gzip, and not only to rule it out (``gzip;q=0``)."""
    accepted = (request.env.http_accept_encoding or "").lower().replace(" ", "")
    return any("gzip" in each and not _RULED_OUT.search(each) for each in accepted.split(","))


def _json(response: Any, body: Mapping[str, Any]) -> str:
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    return json.dumps(body)


# --- plain resources ----------------------------------------------------------------------------------------


def _export(site: Site, request: Any, response: Any, table: Table, key: int | None) -> Any:
    variables = request.get_vars
    deleted = str(variables.get("include_deleted", "")).lower() == "true"
    wanted = ExportRequest(
        table.name,
        filters=site.by_table(_filters(variables), table.name),
        components="None" not in (variables.get("components"), variables.get("mcomponents")),
        msince=parse_msince(str(variables["msince"])) if "msince" in variables else None,
        deleted=deleted,
    )
    start, limit = _number(variables, "start"), _number(variables, "limit")
    if key is not None:
        if not _exists(site, table, key, deleted):
            raise NoSuchRecord(f"There is no record {key} in {table.name}.")
        return _stream(
            site, request, response, lambda out: site.exporter.export_keys(out, table, [key], wanted)
        )
    if start is None and limit is None:
        site.journal.catch_up(table)
        return _stream(site, request, response, lambda out: site.exporter.export(out, wanted))
    keys = _keys(site, table, wanted, start or 0, limit)
    return _stream(site, request, response, lambda out: site.exporter.export_keys(out, table, keys, wanted))


def _keys(site: Site, table: Table, wanted: ExportRequest, start: int, limit: int | None) -> list[int]:
    """Return the keys of a page of the records that match, in the order of the keys."""
    if table.is_super:
        # its records are exported as those of their own tables
        return []
    return site.store.keys_by_page(
        table,
        start=start,
        limit=limit,
        filters=wanted.filters.get(table.name, ()),
        msince=wanted.msince,
        live_only=not wanted.deleted,
    )


def _exists(site: Site, table: Table, key: int, deleted: bool) -> bool:
    rows = site.db(site.db[table.name][table.key] == key).select(limitby=(0, 1))
    return bool(rows) and (deleted or not rows[0].get("deleted"))


def _filters(variables: Mapping[str, Any]) -> tuple[Filter, ...]:
    found: list[Filter] = []
    for name, value in variables.items():
        if is_filter(name):
            found += [
                parse_filter(name, str(each)) for each in (value if isinstance(value, list) else [value])
            ]
    return tuple(found)


def _number(variables: Mapping[str, Any], name: str) -> int | None:
    value = variables.get(name)
    if value is None:
        return None
    if not (isinstance(value, str) and is_number(value)):
        raise BadRequest(f"{name} cannot be read: {value!r}.", hint="Give a number, 0 or more.")
    return int(value)


class _Rejected(Exception):
    """Undoes an import of which not all was good."""


def _import(site: Site, request: Any, response: Any, table: Table, key: int | None) -> Any:
    if table.is_super:
        raise BadRequest(f"{table.name} holds no records of its own.", hint="Import one of its instances.")
    lenient = str(request.get_vars.get("ignore_errors", "")).lower() == "true"
    terms = Terms(update_policy=Policy.OTHER, conflict_policy=Policy.OTHER)
    context = site.context(None, None)
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(_body(site, request, site.host.settings.get_sync_max_document_size()))
        document = stack.enter_context(Document(source, site.schema, table.name, site.document_limits))
        try:
            with site.store.transaction():
                report = site.importer.import_page(document, terms, context)
                if report.counts.get(Action.REJECTED) and not lenient:
                    raise _Rejected
        except _Rejected:
            return _not_valid(report)
    touched = {*report.created, *report.updated, *report.deleted}
    if key is not None and touched - {key}:
        logger.warning("An import for %s %s touched %s.", table.name, key, sorted(touched))
    reply = PushReply(
        records=sum(report.main.values()) - report.main.get(Action.REJECTED, 0),
        created=report.created,
        updated=report.updated,
        deleted=report.deleted,
        tree=error_tree(outcome for _, outcome in report.failures),
    )
    return _json(response, reply.to_json())


def _not_valid(report: Any) -> NoReturn:
    outcomes = [outcome for _, outcome in report.failures]
    body: dict[str, Any] = {
        "status": "failed",
        "statuscode": "400",
        "message": "Validation error",
        "error": "validation_error",
        "hint": "Nothing was imported. Correct the records in the tree, or send ignore_errors=True.",
        "transient": False,
        "tree": error_tree(outcomes),
    }
    raise HTTP(400, json.dumps(body), **{"Content-Type": "application/json; charset=utf-8"})


def _delete(site: Site, response: Any, table: Table, key: int) -> Any:
    if not _exists(site, table, key, False):
        raise NoSuchRecord(f"There is no record {key} in {table.name}.")
    site.host.delete(table.name, [key])
    return _json(
        response, {"status": "success", "statuscode": "200", "message": "Record deleted", "deleted": [key]}
    )
