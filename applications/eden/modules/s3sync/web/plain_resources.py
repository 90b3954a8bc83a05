"""Plain resources: a table as S3XML, S3JSON or in a format of the operator at its own address, without cursors."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, BinaryIO, NoReturn

from gluon import HTTP

from ..core.errors import (
    BadRequest,
    NoSuchRecord,
    NotAuthenticated,
    NotPermitted,
    UnsupportedFormat,
)
from ..core.limits import MEGABYTE, is_number
from ..core.policy import Policy, Terms
from ..core.records import Action
from ..core.schema import Table
from ..core.text import shown
from ..exchange.exporter import ExportRequest
from ..exchange.importer import Report
from ..site import Site
from ..site.scoping import scopes as scopes
from ..transport.stylesheets import MOST_RECORDS
from ..wire.filter_limits import together
from ..wire.filters import Filter, is_filter, parse_filter
from ..wire.protocol.push import PushReply
from ..wire.protocol.replies import RecordChanged
from ..wire.protocol.times import parse_msince
from ..wire.s3xml import error_tree as error_tree
from .answering import answering, checked_method, logger
from .bodies import json_answer
from .documents import FORMATS, answered, has_format, sent_document
from .etags import IfMatch, if_match, written
from .interface import RECORDS, TABLES

#: Bytes of the largest document that is repeated in an answer.
MOST_REPEATED = MEGABYTE


def resource_request(request: Any, response: Any, prefix: str, name: str, record_id: str | None) -> Any:
    """Answer the plain interface of a resource: /<prefix>/<name>.xml and /<prefix>/<name>/<id>.xml.

    GET exports (URL filters, start, limit, msince, include_deleted, components). POST and PUT import: the sent version
    wins, and one invalid record rejects all unless ignore_errors=True. DELETE deletes one record. The answer for one
    record has its ETag; with If-Match it is changed only if it still has that one.

    Args:
        request, response: web2py's.
        prefix, name: the table.
        record_id: id of one record, None for the whole table.
    """
    with answering(request) as site:
        if not site.host.logged_in():
            raise NotAuthenticated("Authentication Required")
        scopes.check_other_address(site)
        if not has_format(site, request.extension):
            raise UnsupportedFormat(f"The format {request.extension} is not available.")
        table = site.schema.table(f"{prefix}_{name}")
        key = _key(record_id)
        condition = if_match(request)
        if condition is not None and key is None:
            raise BadRequest(
                "If-Match belongs to one record.",
                hint="Send it to an address such as /org/organisation/7.xml.",
            )
        method = checked_method(request, TABLES if key is None else RECORDS)
        if method == "GET":
            _permitted(site, "read", table)
            return _export(site, request, response, table, key)
        if key is not None and method == "DELETE":
            _permitted(site, "delete", table)
            return _delete(site, response, table, key, condition)
        _permitted(site, "create", table)
        _permitted(site, "update", table)
        return _import(site, request, response, table, key, condition)


def _permitted(site: Site, method: str, table: Table) -> None:
    if not site.host.has_permission(method, table.name):
        raise NotPermitted(
            f"Insufficient Privileges: this account may not {method} records of {table.name}.",
            hint="Ask an administrator for a role that may.",
        )


def _key(record_id: str | None) -> int | None:
    if record_id is None:
        return None
    if not is_number(record_id):
        raise BadRequest(f"{shown(record_id)!r} is not the id of a record.", hint="Give a number.")
    return int(record_id)


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
        # Read before the record: a change in between makes the tag too old, which costs a question and no edit.
        _tell_tag(response, site.exporter.state_tag(table, key))
        return answered(
            site, request, response, lambda out: site.exporter.export_keys(out, table, [key], wanted)
        )
    if request.extension not in FORMATS:
        keys = _few_keys(site, table, wanted, start or 0, limit)
        return answered(
            site, request, response, lambda out: site.exporter.export_keys(out, table, keys, wanted)
        )
    if start is None and limit is None:
        site.journal.catch_up(table)
        return answered(site, request, response, lambda out: site.exporter.export(out, wanted))
    keys = _keys(site, table, wanted, start or 0, limit)
    return answered(site, request, response, lambda out: site.exporter.export_keys(out, table, keys, wanted))


def _keys(site: Site, table: Table, wanted: ExportRequest, start: int, limit: int | None) -> list[int]:
    """Return the keys of a page of the records that match, in the order of the keys."""
    if table.is_super:
        # Its records are exported as those of their own tables.
        return []
    return site.store.keys_by_page(
        table,
        start=start,
        limit=limit,
        filters=wanted.filters.get(table.name, ()),
        msince=wanted.msince,
        live_only=not wanted.deleted,
    )


def _few_keys(site: Site, table: Table, wanted: ExportRequest, start: int, limit: int | None) -> list[int]:
    """Return the keys of a page for a stylesheet, which has all of it in memory; never fewer than were asked for."""
    keys = _keys(
        site, table, wanted, start, MOST_RECORDS + 1 if limit is None else min(limit, MOST_RECORDS + 1)
    )
    if len(keys) > MOST_RECORDS:
        raise BadRequest(
            f"More than {MOST_RECORDS} records are not written at once in this format.",
            hint=f"Ask page by page, with start and limit, of at most {MOST_RECORDS} records.",
        )
    return keys


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
    return together(found)


def _number(variables: Mapping[str, Any], name: str) -> int | None:
    value = variables.get(name)
    if value is None:
        return None
    if not (isinstance(value, str) and is_number(value)):
        raise BadRequest(f"{name} cannot be read: {value!r}.", hint="Give a number, 0 or more.")
    return int(value)


class _Rejected(Exception):
    """Rolls back an import with invalid records.

    Args:
        report: what became of all records.
    """

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


def _tell_tag(response: Any, tag: str | None) -> None:
    if tag is not None:
        response.headers["ETag"] = written(tag)


def _check(site: Site, table: Table, key: int, condition: IfMatch, sent: BinaryIO | None) -> None:
    """Within a transaction, refuse to change a record that is not the version that the request was made for.

    Raises:
        RecordChanged: it is another version, or gone.
    """
    there = _exists(site, table, key, False)
    tag = site.exporter.state_tag(table, key, hold=True) if there else None
    if condition.holds(tag):
        return
    stored = io.BytesIO()
    if tag is not None:
        wanted = ExportRequest(table.name, deleted=False, dependencies=False)
        site.exporter.export_keys(stored, table, [key], wanted)
    raise RecordChanged(
        f"Record {key} of {table.name} was changed since this version was read."
        if there
        else f"There is no record {key} in {table.name} any more.",
        tag=tag,
        stored=stored.getvalue().decode("utf-8") if tag is not None else None,
        sent=_repeated(sent) if sent is not None else None,
    )


def _repeated(sent: BinaryIO) -> str | None:
    """Return the document of a request for the answer; None if it is too large for that, or no UTF-8."""
    sent.seek(0)
    content = sent.read(MOST_REPEATED + 1)
    with contextlib.suppress(UnicodeDecodeError):
        return content.decode("utf-8") if len(content) <= MOST_REPEATED else None
    return None


def _import(
    site: Site, request: Any, response: Any, table: Table, key: int | None, condition: IfMatch | None
) -> Any:
    if table.is_super:
        raise BadRequest(f"{table.name} holds no records of its own.", hint="Import one of its instances.")
    lenient = str(request.get_vars.get("ignore_errors", "")).lower() == "true"
    most = site.host.settings.get_sync_max_document_size()

    def take() -> Report:
        with site.store.transaction():
            if key is not None and condition is not None:
                _check(site, table, key, condition, source)
            report = _taken(site, source, table, lenient)
            if condition is not None and _touched(report) - {key}:
                raise BadRequest(
                    f"The document holds other records than {key}.",
                    hint="With If-Match, send the record of the address alone.",
                )
            if key is not None:
                _tell_tag(response, site.exporter.state_tag(table, key))
            return report

    with sent_document(site, request, most) as source:
        try:
            report = site.store.again_after_deadlock(take)
        except _Rejected as rejected:
            return _not_valid(rejected.report)
    if key is not None and _touched(report) - {key}:
        logger.warning("An import for %s %s touched %s.", table.name, key, sorted(_touched(report)))
    reply = PushReply(
        records=sum(report.main.values()) - report.main.get(Action.REJECTED, 0),
        created=report.created,
        updated=report.updated,
        deleted=report.deleted,
        tree=error_tree(outcome for _, outcome in report.failures),
    )
    return json_answer(response, reply.to_json())


def _taken(site: Site, source: BinaryIO, table: Table, lenient: bool) -> Report:
    """Import a document within the open transaction.

    Raises:
        _Rejected: a record is not valid, and that is not to be ignored.
    """
    terms = Terms(update_policy=Policy.OTHER, conflict_policy=Policy.OTHER)
    context = replace(site.context(None, None), by_account=True)
    source.seek(0)
    with site.document(source, table.name) as document:
        report = site.importer.import_page(document, terms, context)
    if report.counts.get(Action.REJECTED) and not lenient:
        raise _Rejected(report)
    return report


def _touched(report: Report) -> set[int]:
    return {*report.created, *report.updated, *report.deleted}


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


def _delete(site: Site, response: Any, table: Table, key: int, condition: IfMatch | None) -> Any:
    with site.store.transaction():
        if condition is not None:
            _check(site, table, key, condition, None)
        if not _exists(site, table, key, False):
            raise NoSuchRecord(f"There is no record {key} in {table.name}.")
        site.host.delete(table.name, [key])
    return json_answer(
        response, {"status": "success", "statuscode": "200", "message": "Record deleted", "deleted": [key]}
    )
