"""The wire protocol: names, parameters, requests and replies, in one place for both ends.

Everything an Eden sends and understands is here, and what is agreed between two of ours on top of it:
cursors and pages, files, outcomes. An Eden ignores what it does not know, and so do we.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

from .errors import BadRequest, PeerRefused, ProtocolError, SyncError
from .filters import Filter, is_filter, parse_filter, to_query
from .limits import is_number
from .peer import LOOK, Forecast, Foreseen, Offer, Offered, OfferedSet
from .xmltext import shown

SYNC_PATH = "sync/sync.xml"
REGISTER_PATH = "sync/repository/register.json"
FILE_PATH = "sync/file"
OFFER_PATH = "sync/offer.json"

CAPABILITIES: tuple[str, ...] = ("cursor", "gzip", "files", "nulls", LOOK)
"""What this version announces: pages with cursors, packed bodies, uploads by PUT, the ``null`` attribute, and
requests that only look."""

MOST_PER_PAGE = 100_000
LONGEST_UUID, LONGEST_JOURNAL, LONGEST_VERSION = 128, 64, 64
_MSINCE = "%Y-%m-%dT%H:%M:%S"
_MSINCE_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)
_SAFE = "[]~:,.*$|!"
#: How kinds of sites and capabilities are called.
_WORD = re.compile(r"[\w.:-]{1,64}", re.ASCII)


class AnsweredWith200(BadRequest):
    """A failure that an Eden client only understands in an answer with status 200."""

    code = "request_incomplete"
    eden_status: ClassVar[int] = 200


# --- time ---------------------------------------------------------------------------------------------------


def parse_msince(text: str) -> datetime:
    """Read a time as it stands in ``msince`` and ``time``: exactly ``YYYY-MM-DDTHH:MM:SS``, UTC.

    Raises:
        BadRequest: anything else. An Eden would send everything instead.
    """
    try:
        if _MSINCE_FORM.fullmatch(text) is None:
            raise ValueError(text)
        return datetime.strptime(text, _MSINCE)
    except ValueError:
        raise BadRequest(
            f"msince cannot be read: {shown(text)!r}.", hint="Write it as YYYY-MM-DDTHH:MM:SS, in UTC."
        ) from None


def format_msince(moment: datetime) -> str:
    """Return a moment (UTC, without zone) as it stands in ``msince`` and ``time``."""
    return moment.isoformat()[:19]


# --- requests -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PullRequest:
    """What a site asks for.

    Attributes:
        resource: name of the main table.
        repository: uuid of the asking site.
        cursor: where the last page ended, "" for the start; None where the asking site knows no cursors.
        limit: most main records in the answer, None for no limit.
        msince: only records modified since (UTC), for a site that knows no cursors.
        components: whether components are sent with their masters.
        filters: conditions, joined by AND.
        checkpoint: answer to the last push of the asking site, "" where it never pushed; None from an Eden. It
            shows whether that site still knows of all it has pushed.
        total: whether the answer shall tell how many main records there are from the cursor on.
        look: whether the asking site only looks: nothing is remembered of this request.
    """

    resource: str
    repository: str | None = None
    cursor: str | None = None
    limit: int | None = None
    msince: datetime | None = None
    components: bool = True
    filters: tuple[Filter, ...] = ()
    checkpoint: str | None = None
    total: bool = False
    look: bool = False

    @classmethod
    def from_vars(cls, variables: Mapping[str, Any]) -> PullRequest:
        """Read a request from its URL variables (a repeated variable is a list).

        Raises:
            AnsweredWith200: no resource, or the resource "mixed".
            FilterError: a filter cannot be read.
            BadRequest: another variable cannot be read.
        """
        msince = _single(variables, "msince")
        limit = _single(variables, "limit")
        return cls(
            resource=_resource(variables),
            repository=_single(variables, "repository") or None,
            cursor=_single(variables, "cursor"),
            limit=None if limit is None else _limit(limit),
            msince=None if msince is None else parse_msince(msince),
            components=_components(variables),
            filters=_filters(variables),
            checkpoint=_single(variables, "checkpoint"),
            total=_single(variables, "total") == "1",
            look=_single(variables, "look") == "1",
        )

    def to_query(self) -> str:
        """Return the query string."""
        pairs: list[tuple[str, str | None]] = [
            ("resource", self.resource),
            ("repository", self.repository),
            ("cursor", self.cursor),
            ("limit", None if self.limit is None else str(self.limit)),
            ("msince", None if self.msince is None else format_msince(self.msince)),
            ("components", None if self.components else "None"),
            ("mcomponents", None if self.components else "None"),
            ("checkpoint", self.checkpoint),
            ("total", "1" if self.total else None),
            ("look", "1" if self.look else None),
            ("include_deleted", "True"),
        ]
        query = _query(pairs)
        return f"{query}&{to_query(self.filters)}" if self.filters else query


@dataclass(frozen=True)
class PushRequest:
    """How a site wants a document to be treated.

    Attributes:
        resource: name of the main table.
        repository: uuid of the sending site.
        strategy, update_policy, conflict_policy: as sent, None where not; THIS means the receiving site.
        components: whether components in the document are to be imported.
        journal: identity of the sender's journal; None for an Eden.
        checkpoint: what the receiver answered to the last push, "" at first; None for an Eden.
        look: whether to tell only what would become of the records, and to store nothing.
    """

    resource: str
    repository: str | None = None
    strategy: str | None = None
    update_policy: str | None = None
    conflict_policy: str | None = None
    components: bool = True
    journal: str | None = None
    checkpoint: str | None = None
    look: bool = False

    @classmethod
    def from_vars(cls, variables: Mapping[str, Any]) -> PushRequest:
        """Read a request from its URL variables.

        Raises:
            AnsweredWith200: no resource, or the resource "mixed".
            BadRequest: a variable cannot be read, or is repeated and must not be.
        """
        return cls(
            resource=_resource(variables),
            repository=_single(variables, "repository") or None,
            strategy=_single(variables, "strategy") or None,
            update_policy=_single(variables, "update_policy") or None,
            conflict_policy=_single(variables, "conflict_policy") or None,
            components=_components(variables),
            journal=_journal(variables),
            checkpoint=_single(variables, "checkpoint"),
            look=_single(variables, "look") == "1",
        )

    def to_query(self) -> str:
        """Return the query string."""
        return _query(
            [
                ("resource", self.resource),
                ("repository", self.repository),
                ("strategy", self.strategy),
                ("update_policy", self.update_policy),
                ("conflict_policy", self.conflict_policy),
                ("components", None if self.components else "None"),
                ("journal", self.journal),
                ("checkpoint", self.checkpoint),
                ("look", "1" if self.look else None),
            ]
        )


@dataclass(frozen=True)
class RegistrationRequest:
    """How a site introduces itself.

    Attributes:
        uuid: its identifier, under which it pulls and pushes.
        name: what it calls itself.
        apitype: kind of site; an Eden says "eden".
        capabilities: what it can do beyond an Eden.
    """

    uuid: str
    name: str
    apitype: str = "eden"
    capabilities: frozenset[str] = frozenset()

    @classmethod
    def from_body(cls, body: bytes) -> RegistrationRequest:
        """Read a request.

        Raises:
            AnsweredWith200: the site does not say who it is.
            BadRequest: the body is not a JSON object, or a value in it is unusable.
        """
        try:
            given = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadRequest(
                f"Invalid parameters: {error}", hint="Send a JSON object with uuid and name."
            ) from None
        if not isinstance(given, dict):
            raise BadRequest(
                "Invalid parameters: not a JSON object.", hint="Send a JSON object with uuid and name."
            )
        uuid = given.get("uuid")
        if uuid is None or uuid == "":
            raise AnsweredWith200(
                "No repository identifier specified", hint="Send a JSON object with uuid and name."
            )
        if not _identifies(_text(uuid)):
            raise BadRequest(f"This is no repository identifier: {shown(str(uuid))!r}.")
        apitype = _text(given.get("apitype"))
        return cls(
            uuid,
            _on_one_line(_text(given.get("name"))) or uuid,
            apitype if _WORD.fullmatch(apitype) else "eden",
            _words(given.get("capabilities")),
        )

    def to_body(self) -> bytes:
        """Return the JSON."""
        body: dict[str, Any] = {"uuid": self.uuid, "name": self.name, "apitype": self.apitype}
        if self.capabilities:
            body["capabilities"] = sorted(self.capabilities)
        return json.dumps(body).encode()


# --- replies ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RegistrationReply:
    """What a site answers to one that introduces itself.

    Attributes:
        sender: its own identifier.
        message: for a person.
        version: of its synchronisation, None for an Eden.
        capabilities: what it can do beyond an Eden.
        time: its clock (UTC), None for an Eden.
    """

    sender: str
    message: str = "Registration successful"
    version: str | None = None
    capabilities: frozenset[str] = frozenset()
    time: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the body."""
        reply = {"status": "success", "statuscode": "200", "message": self.message, "sender": self.sender}
        extra: dict[str, Any] = {}
        if self.version is not None:
            extra = {"version": self.version, "capabilities": sorted(self.capabilities)}
        if self.time is not None:
            extra["time"] = format_msince(self.time)
        return {**reply, **extra}

    @classmethod
    def from_json(cls, reply: Any) -> RegistrationReply:
        """Read a body.

        Raises:
            PeerRefused: the peer says that it failed.
            ProtocolError: this is no such reply.
        """
        told = succeeded(reply)
        sender = _text(told.get("sender"))
        if not _identifies(sender):
            raise ProtocolError("The peer did not say how it identifies itself.", remote=True)
        return cls(
            sender,
            _text(told.get("message")),
            _on_one_line(_text(told.get("version")))[:LONGEST_VERSION] or None,
            _words(told.get("capabilities")),
            _time(told.get("time")),
        )


@dataclass(frozen=True)
class PushReply:
    """What became of a document.

    Attributes:
        records: main records that were not rejected.
        created, updated, deleted: ids of main records at the receiving site.
        message: for a person; "" where there is nothing to say.
        tree: S3JSON of the records that were rejected.
        outcomes: how many main records met which fate, by action; empty from an Eden.
        journal: identity of the receiver's journal; None from an Eden.
        checkpoint: to be sent with the next push; None from an Eden.
        restored: whether the checkpoint was unknown, so that the sender has to start from its beginning.
        files: stored names of files that the receiver wants to have.
        time: the receiver's clock (UTC).
    """

    records: int = 0
    created: Sequence[int] = ()
    updated: Sequence[int] = ()
    deleted: Sequence[int] = ()
    message: str = ""
    tree: Mapping[str, Any] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    journal: str | None = None
    checkpoint: str | None = None
    restored: bool = False
    files: Sequence[str] = ()
    time: datetime | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the receiver speaks more than an Eden."""
        return self.checkpoint is not None

    def to_json(self) -> dict[str, Any]:
        """Return the body; what an Eden would leave out when empty is left out."""
        reply: dict[str, Any] = {"status": "success", "statuscode": "200", "records": self.records}
        for name in ("created", "updated", "deleted", "message"):
            if getattr(self, name):
                value = getattr(self, name)
                reply[name] = value if isinstance(value, str) else list(value)
        if self.tree:
            reply["tree"] = dict(self.tree)
        if self.checkpoint is not None:
            reply["outcomes"] = dict(self.outcomes)
            reply["journal"] = self.journal
            reply["checkpoint"] = self.checkpoint
            reply["restored"] = self.restored
            reply["files"] = list(self.files)
        if self.time is not None:
            reply["time"] = format_msince(self.time)
        return reply

    @classmethod
    def from_json(cls, reply: Any) -> PushReply:
        """Read a body.

        Raises:
            PeerRefused: the peer says that it failed.
            ProtocolError: this is no such reply.
        """
        told = succeeded(reply)
        tree, outcomes, records = told.get("tree"), told.get("outcomes"), told.get("records")
        return cls(
            records=records if isinstance(records, int) else 0,
            created=_ids(told.get("created")),
            updated=_ids(told.get("updated")),
            deleted=_ids(told.get("deleted")),
            message=_text(told.get("message")),
            tree=tree if isinstance(tree, dict) else {},
            outcomes={k: v for k, v in outcomes.items() if isinstance(v, int)}
            if isinstance(outcomes, dict)
            else {},
            journal=_text(told.get("journal")) or None,
            checkpoint=told["checkpoint"] if isinstance(told.get("checkpoint"), str) else None,
            restored=told.get("restored") is True,
            files=tuple(_texts(told.get("files"))),
            time=_time(told.get("time")),
        )


def offer_json(offer: Offer) -> dict[str, Any]:
    """Return the body of the reply to a site that asks what is offered."""
    return {
        "status": "success",
        "statuscode": "200",
        "sender": offer.uuid,
        "name": offer.name,
        "software": offer.software,
        "version": offer.version,
        "capabilities": sorted(offer.capabilities),
        "time": None if offer.time is None else format_msince(offer.time),
        "known": offer.known,
        "page_size": offer.page_size,
        "most_per_page": offer.most_per_page,
        "resources": [
            {"name": each.name, "title": each.title, "records": each.records} for each in offer.resources
        ],
        "datasets": [
            {"code": each.code, "name": each.name, "resources": list(each.resources)}
            for each in offer.datasets
        ],
    }


def read_offer(reply: Any) -> Offer:
    """Read what a peer offers.

    Raises:
        PeerRefused: the peer says that it failed.
        ProtocolError: this is no such reply.
    """
    told = succeeded(reply)
    sender, resources = told.get("sender"), told.get("resources")
    if not isinstance(sender, str) or not sender or not isinstance(resources, list):
        raise ProtocolError("The peer did not say who it is and what it offers.", remote=True)
    return Offer(
        uuid=sender,
        name=_text(told.get("name")),
        software=_text(told.get("software")),
        version=_text(told.get("version")) or None,
        capabilities=_words(told.get("capabilities")),
        time=_time(told.get("time")),
        known=told.get("known") is True,
        page_size=_count(told.get("page_size")),
        most_per_page=_count(told.get("most_per_page")),
        resources=tuple(
            Offered(each["name"], _text(each.get("title")) or each["name"], _count(each.get("records")))
            for each in resources
            if isinstance(each, dict) and isinstance(each.get("name"), str) and each["name"]
        ),
        datasets=_offered_sets(told.get("datasets")),
    )


def _offered_sets(told: Any) -> tuple[OfferedSet, ...]:
    return tuple(
        OfferedSet(
            each["code"], _text(each.get("name")) or each["code"], tuple(_texts(each.get("resources")))
        )
        for each in (told if isinstance(told, list) else [])
        if isinstance(each, dict) and isinstance(each.get("code"), str) and each["code"]
    )


def forecast_json(forecast: Forecast) -> dict[str, Any]:
    """Return the body of the reply to a site that asks what would become of a document."""
    return {
        "status": "success",
        "statuscode": "200",
        "looked": forecast.looked,
        "outcomes": forecast.outcomes,
        "others": forecast.others,
        "examples": [
            {
                "action": each.action,
                "uuid": each.uuid,
                "reason": each.reason,
                "winner": each.winner,
                "present": each.present,
                "incoming": each.incoming,
            }
            for each in forecast.examples
        ],
    }


def read_forecast(reply: Any) -> Forecast:
    """Read what a peer would do.

    Raises:
        PeerRefused: the peer says that it failed.
        ProtocolError: this is no such reply.
    """
    told = succeeded(reply)
    outcomes, examples = told.get("outcomes"), told.get("examples")
    if "looked" not in told or not isinstance(outcomes, dict) or not isinstance(examples, list):
        raise ProtocolError("The peer did not say what it would do.", remote=True)
    return Forecast(
        looked=_count(told.get("looked")) or 0,
        outcomes={name: count for name, count in outcomes.items() if _count(count) is not None},
        others=_count(told.get("others")) or 0,
        examples=tuple(
            Foreseen(
                action=_text(each.get("action")),
                uuid=_text(each.get("uuid")) or None,
                reason=_text(each.get("reason")),
                winner=_text(each.get("winner")) or None,
                present=_text(each.get("present")) or None,
                incoming=_text(each.get("incoming")) or None,
            )
            for each in examples
            if isinstance(each, dict)
        ),
    )


def failure(error: SyncError, sender: str | None = None) -> tuple[int, dict[str, Any]]:
    """Return HTTP status and body of a reply that reports an error.

    Args:
        error: what went wrong.
        sender: identifier of this site, for replies to a registration.
    """
    status = error.eden_status if isinstance(error, AnsweredWith200) else error.http_status
    body = {
        "status": "failed",
        "statuscode": str(error.http_status),
        "message": error.message,
        "error": error.code,
        "hint": error.hint,
        "transient": error.transient,
    }
    if sender is not None:
        body["sender"] = sender
    return status, body


def succeeded(reply: Any) -> Mapping[str, Any]:
    """Return a reply that reports success; an Eden reports failures with status 200, too.

    Raises:
        PeerRefused: the peer says that it failed.
        ProtocolError: the reply says neither.
    """
    if not isinstance(reply, dict) or "status" not in reply:
        raise ProtocolError("The peer answered with JSON that says neither success nor failure.", remote=True)
    if reply["status"] != "success":
        reason = _text(reply.get("message")) or "no reason given"
        raise PeerRefused(f"The peer refused: {reason}", hint=_text(reply.get("hint")) or None, remote=True)
    return reply


# --- variables ----------------------------------------------------------------------------------------------


def _single(variables: Mapping[str, Any], name: str) -> str | None:
    value = variables.get(name)
    if isinstance(value, (list, tuple)):
        if len(set(value)) > 1:
            raise BadRequest(f"{name} is given more than once.", hint=f"Give {name} once.")
        value = value[0] if value else None
    if value is None:
        return None
    text = str(value)
    if not text.isprintable():
        raise BadRequest(
            f"{name} cannot be read: {shown(text)!r}.", hint="Send it without control characters."
        )
    return text


def _resource(variables: Mapping[str, Any]) -> str:
    name = _single(variables, "resource")
    if not name or name == "mixed":
        raise AnsweredWith200(
            "Mixed resource synchronization not supported",
            hint="Name one table, e.g. resource=org_organisation.",
        )
    if "_" not in name:
        raise BadRequest(
            f"{shown(name)} is no resource.", hint="Name a table, e.g. resource=org_organisation."
        )
    return name


def _journal(variables: Mapping[str, Any]) -> str | None:
    name = _single(variables, "journal") or None
    if name is not None and len(name) > LONGEST_JOURNAL:
        raise BadRequest(f"journal cannot be read: {shown(name)!r}.", hint="Give the name of a journal.")
    return name


def _limit(text: str) -> int:
    if not (is_number(text) and int(text) > 0):
        raise BadRequest(
            f"limit cannot be read: {shown(text)!r}.", hint="Write a number of records, 1 or more."
        )
    return min(int(text), MOST_PER_PAGE)


def _components(variables: Mapping[str, Any]) -> bool:
    # The second is what an active Eden says; its passive end ignores both.
    return "None" not in (_single(variables, "components"), _single(variables, "mcomponents"))


def _filters(variables: Mapping[str, Any]) -> tuple[Filter, ...]:
    found: list[Filter] = []
    for name, value in variables.items():
        if is_filter(name):
            values = value if isinstance(value, (list, tuple)) else [value]
            found += (parse_filter(name, str(each)) for each in values)
    return tuple(found)


def _query(pairs: Sequence[tuple[str, str | None]]) -> str:
    return "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in pairs if value is not None)


# --- values in replies --------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _identifies(uuid: str) -> bool:
    """Tell whether a site can be known by this."""
    return 0 < len(uuid) <= LONGEST_UUID and uuid.isprintable()


def _words(value: Any) -> frozenset[str]:
    return frozenset(each for each in _texts(value) if _WORD.fullmatch(each))


def _on_one_line(text: str) -> str:
    """Return a name as it can be shown, stored and mailed everywhere: without line ends and control characters."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _ids(value: Any) -> tuple[int, ...]:
    return tuple(each for each in value if isinstance(each, int)) if isinstance(value, list) else ()


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return parse_msince(value)
    except BadRequest:
        # The clock of the peer is for information; a reply without it is as good.
        return None
