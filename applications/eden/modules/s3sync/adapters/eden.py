"""Repositories that are Eden sites: one of ours, a classic Eden, or its maintained successor.

All three get the same requests; the content of an answer shows who answered. Extensions that only ours understand are
in parameters and attributes that an Eden ignores. See docs/PROTOCOL.md.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, urljoin

from ..core.errors import (
    DocumentError,
    NotS3XML,
    PeerFailed,
    PeerRefused,
    ProtocolError,
    RedirectedElsewhere,
    SyncError,
)
from ..core.limits import BEGINNING
from ..exchange.peer import (
    Asking,
    Capability,
    Exchange,
    PullResult,
    PushResult,
    Refusal,
    Registration,
    Sending,
)
from ..transport.answer import Reply
from ..transport.failures import a_web_page, looks_like_html
from ..transport.urls import application_url
from ..wire.compression import gzip
from ..wire.protocol.dry_run import DryRunResult, read_dry_run
from ..wire.protocol.names import (
    CAPABILITIES,
    FILE_PATH,
    OFFER_PATH,
    REGISTER_PATH,
    STANDING_PATH,
    SYNC_PATH,
    PeerCapability,
)
from ..wire.protocol.offer import Offer, read_offer
from ..wire.protocol.pull import PullRequest
from ..wire.protocol.push import PushReply, PushRequest
from ..wire.protocol.registration import RegistrationReply, RegistrationRequest
from ..wire.protocol.replies import succeeded
from ..wire.protocol.standing import OpenList, StandingReport, read_standing_reply
from ..wire.s3xml import DocumentReader, Header, rejected_uuids
from ._resource_push import ResourcePush
from .base import Adapter, Remote, T
from .connection_test import (
    Answer,
    ConnectionTest,
    Finding,
    Question,
    clock,
    complete,
    introduced,
    obstructed,
)
from .lines import Lines
from .settings import Kind, Setting

#: Detected for a peer that fails with pushes on the interface, but accepts them at the resource's own address.
RESOURCE_URL = "push-resource-url"


class EdenAdapter(Adapter):
    """A peer with Eden's synchronisation over HTTP: one of ours with cursors, or a Sahana Eden with times."""

    apitype: ClassVar[str] = "eden"
    label: ClassVar[str] = T("Eden Sync or Sahana Eden")
    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability)
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            "url",
            T("Address (URL)"),
            T(
                "Address of the other application, for example https://eden.example.org/eden. "
                "Leave it empty if only the other site shall begin the exchange."
            ),
            Kind.ADDRESS,
            required=True,
            correct=application_url,
        ),
        Setting(
            "username",
            T("Username"),
            T("Account at the other site that has the role Synchronization there"),
        ),
        Setting(
            "password",
            T("Password"),
            T("Password of that account. It is stored encrypted."),
            Kind.SECRET,
        ),
        Setting(
            "proxy",
            T("Proxy Server URL"),
            T("Only where this site reaches the other one through a proxy"),
            Kind.ADDRESS,
        ),
        Setting(
            "synchronise_uuids",
            T("Synchronize UUIDs"),
            T("Records that mean the same take over the identifier of the other site"),
            Kind.BOOLEAN,
        ),
    )
    guide: ClassVar[tuple[str, ...]] = (
        T("Ask the people at the other site for an account with the role Synchronization."),
        T("Test the connection: nothing is saved and nothing is changed at the other site."),
        T("Save: this site introduces itself to the other one. No records travel yet."),
        T("Then choose the resources that both sites shall have."),
    )
    learned: ClassVar[frozenset[str]] = frozenset((RESOURCE_URL,))
    abilities: ClassVar[Mapping[str, str]] = {
        PeerCapability.CURSOR: T("goes on where a broken line stopped"),
        PeerCapability.GZIP: T("takes compressed data"),
        PeerCapability.FILES: T("takes files"),
        PeerCapability.NULLS: T("takes cleared fields"),
        PeerCapability.LOOK: T("shows beforehand what a synchronization would do"),
        RESOURCE_URL: T("takes records only at the address of each resource"),
    }

    def __init__(self, remote: Remote, lines: Lines) -> None:
        super().__init__(remote, lines)
        entered = remote.settings
        self.transport = lines.http(
            application_url(entered["url"]),
            username=entered.get("username"),
            password=entered.get("password"),
            proxy=entered.get("proxy"),
        )
        self._announced_url: str | None = None
        self._resource_push = ResourcePush(self._everything, self._post_document)

    @property
    def skew(self) -> float | None:
        """See port ``Peer``."""
        return self.transport.skew

    def close(self) -> None:
        """Close the connections to the peer and remove what was fetched."""
        self._resource_push.close()
        self.transport.close()

    # --- register ------------------------------------------------------------------------------------

    def register(self) -> Registration:
        """See port ``Peer``."""
        request = RegistrationRequest(
            self.remote.own_uuid, self.remote.own_name, self.apitype, frozenset(CAPABILITIES)
        )
        reply = self.transport.send(
            "POST",
            f"{self.transport.url}/{REGISTER_PATH}",
            request.to_body(),
            {
                "Content-Type": "application/json",
                "Content-Disposition": 'attachment; filename="register.json"',
            },
        )
        told = RegistrationReply.from_json(_succeeded(reply))
        return Registration(
            uuid=told.sender,
            message=told.message,
            version=told.version,
            capabilities=told.capabilities,
            skew=reply.skew,
        )

    # --- offer ---------------------------------------------------------------------------------------

    def offer(self) -> Offer | None:
        """See port ``Peer``. An Eden does not have the address: it refuses, or answers with a page."""
        try:
            reply = self.transport.get(
                f"{self.transport.url}/{OFFER_PATH}?repository={quote(self.remote.own_uuid)}"
            )
            return read_offer(reply.json())
        except RedirectedElsewhere:
            # Neither an Eden nor one of ours: a captive portal, or a wrong address.
            raise
        except (PeerRefused, NotS3XML, ProtocolError):
            return None

    def standing(self, report: StandingReport) -> OpenList | None:
        """See port ``Peer``. A site of ours of before does not have the address."""
        url = f"{self.transport.url}/{STANDING_PATH}?repository={quote(self.remote.own_uuid)}"
        try:
            reply = self.transport.send("PUT", url, report.to_body(), {"Content-Type": "application/json"})
            return read_standing_reply(reply.json())
        except RedirectedElsewhere:
            raise
        except (PeerRefused, NotS3XML, ProtocolError):
            return None

    def greet(self) -> None:
        """See ``Adapter``. With the right account, every Eden refuses a request without resource in JSON."""
        reply = self.transport.get(
            f"{self.transport.url}/{SYNC_PATH}?repository={quote(self.remote.own_uuid)}"
        )
        if "status" not in reply.json():
            raise ProtocolError(f"{reply.url} does not answer as an Eden does.", remote=True)

    def test(self, clock_warning: float) -> ConnectionTest:
        """See ``Adapter``."""
        offer: Offer | None = None
        try:
            offer = self.offer()
            if offer is None:
                self.greet()
        except SyncError as error:
            found = self.transport.explain(error)
            findings = obstructed(found, bool(self.remote.settings.get("username")))
        else:
            findings = [Finding(Question.REACH, Answer.ANSWERS), *introduced(offer, self.remote.own_uuid)]
        if findings[0].answer is Answer.ANSWERS:
            findings.append(clock(self.skew, clock_warning))
        return complete(findings, offer)

    # --- pull ----------------------------------------------------------------------------------------

    def pull(self, exchange: Exchange, asking: Asking) -> PullResult:
        """See port ``Peer``."""
        request = PullRequest(
            exchange.resource,
            self.remote.own_uuid,
            cursor=asking.cursor,
            limit=asking.limit,
            msince=asking.msince,
            components=exchange.components,
            filters=exchange.filters,
            checkpoint=asking.checkpoint,
            total=asking.total,
            look=asking.look,
            number=asking.number,
        )
        reply = self.transport.download(f"{self.transport.url}/{SYNC_PATH}?{request.to_query()}")
        try:
            return self._pulled(reply)
        except BaseException:
            reply.discard()
            raise

    def _everything(self, exchange: Exchange) -> PullResult:
        """Return all records of a resource from an Eden."""
        return self.pull(exchange, Asking(cursor="", limit=1))

    def _pulled(self, reply: Reply) -> PullResult:
        assert reply.path is not None
        with reply.path.open("rb") as stream:
            start = stream.read(BEGINNING)
        if not start.strip():
            raise ProtocolError(f"{reply.url} answered with nothing.", remote=True)
        if looks_like_html(start):
            raise a_web_page(reply.url, start)
        if start.lstrip()[:1] == b"{":
            _succeeded(Reply(reply.url, reply.status, reply.headers, start))
            raise ProtocolError(f"{reply.url} answered with JSON instead of a document.", remote=True)
        header = _header(reply, reply.path)
        self._announced_url = header.url or self._announced_url
        return PullResult(
            path=reply.path,
            is_ours=header.is_paged,
            cursor=header.cursor,
            more=header.more,
            journal=header.journal,
            restored=header.restored,
            received=reply.received,
            size=reply.path.stat().st_size,
            total=header.total,
            waiting=header.waiting,
        )

    # --- push ----------------------------------------------------------------------------------------

    def push(self, exchange: Exchange, document: Path, sending: Sending) -> PushResult:
        """See port ``Peer``."""
        if RESOURCE_URL in self.remote.capabilities and PeerCapability.CURSOR not in self.remote.capabilities:
            return self._push_to_resource(exchange, document)
        url = self._push_url(exchange, sending)
        try:
            reply = self._post_document(url, exchange.resource, document)
        except PeerFailed as failure:
            if PeerCapability.CURSOR in self.remote.capabilities:
                raise
            result = self._push_to_resource(exchange, document)
            # It would fail again for the next page or resource.
            self.remote = replace(self.remote, capabilities=self.remote.capabilities | result.learned)
            result.note = (
                f"{failure.message} The records were sent to the resource's own address instead; "
                f"{len(result.left_out)} that are newer there were left out."
            )
            return result
        return _push_result(exchange.resource, reply, _succeeded(reply))

    def dry_run(self, exchange: Exchange, document: Path, sending: Sending) -> DryRunResult | None:
        """See port ``Peer``. An Eden would import the document, so it is not asked."""
        if PeerCapability.LOOK not in self.remote.capabilities:
            return None
        url = self._push_url(exchange, sending, look=True)
        return read_dry_run(_succeeded(self._post_document(url, exchange.resource, document)))

    def _push_url(self, exchange: Exchange, sending: Sending, *, look: bool = False) -> str:
        request = PushRequest(
            exchange.resource,
            self.remote.own_uuid,
            strategy=exchange.strategy,
            # For the peer, this site is the other one.
            update_policy=exchange.update_policy.swapped,
            conflict_policy=exchange.conflict_policy.swapped,
            components=exchange.components,
            journal=sending.journal,
            checkpoint=sending.checkpoint,
            look=look,
            final=sending.final,
            number=sending.number,
            again=sending.again,
        )
        return f"{self.transport.url}/{SYNC_PATH}?{request.to_query()}"

    def _post_document(self, url: str, resource: str, document: Path) -> Reply:
        headers = {
            "Content-Type": "text/xml",
            "Content-Disposition": f'attachment; filename="{resource}.xml"',
        }
        if PeerCapability.GZIP not in self.remote.capabilities:
            return self.transport.send("POST", url, document, headers)
        handle, name = tempfile.mkstemp(prefix="sync-", suffix=".xml.gz", dir=document.parent)
        os.close(handle)
        packed = Path(name)
        try:
            with document.open("rb") as source, packed.open("wb") as target:
                gzip.pack(source, target)
            return self.transport.send("POST", url, packed, {**headers, "Content-Encoding": "gzip"})
        finally:
            packed.unlink()

    def _push_to_resource(self, exchange: Exchange, document: Path) -> PushResult:
        prefix, _, name = exchange.resource.partition("_")
        url = f"{self.transport.url}/{quote(prefix)}/{quote(name)}.xml"
        sent = self._resource_push.send(url, exchange, document)
        result = _push_result(exchange.resource, sent.reply, _succeeded(sent.reply))
        result.sent = sent.bytes
        result.refusals += sent.refusals
        result.outcomes["rejected"] = len(result.refusals)
        result.left_out = sent.newer
        result.learned = frozenset((RESOURCE_URL,))
        return result

    # --- files ---------------------------------------------------------------------------------------

    def send_file(self, stored: str, path: Path) -> int:
        """See port ``Peer``."""
        reply = self.transport.send(
            "PUT",
            f"{self.transport.url}/{FILE_PATH}/{quote(stored)}?repository={quote(self.remote.own_uuid)}",
            path,
            {"Content-Type": "application/octet-stream"},
        )
        _succeeded(reply)
        return reply.sent

    def fetch(self, url: str, target: Path) -> None:
        """See port ``Peer``. If the site calls itself by another host name, the one entered here is used."""
        announced = (self._announced_url or "").rstrip("/")
        if announced and url.startswith(announced + "/"):
            url = self.transport.url + url[len(announced) :]
        self.transport.fetch(urljoin(self.transport.url + "/", url), target)


def _push_result(resource: str, reply: Reply, body: Mapping[str, Any]) -> PushResult:
    told = PushReply.from_json(body)
    refusals = [Refusal(resource, uuid, reason) for uuid, reason in rejected_uuids(told.tree).items()]
    outcomes = dict(told.outcomes)
    if not told.is_ours:
        outcomes = {
            "created": len(told.created),
            "updated": len(told.updated),
            "deleted": len(told.deleted),
            "rejected": len(refusals),
        }
    return PushResult(
        records=told.records,
        outcomes={name: count for name, count in outcomes.items() if count},
        refusals=refusals,
        message=told.message,
        is_ours=told.is_ours,
        journal=told.journal,
        checkpoint=told.checkpoint,
        restored=told.restored,
        files=list(told.files),
        sent=reply.sent,
        waiting=told.waiting,
    )


def _succeeded(reply: Reply) -> Mapping[str, Any]:
    """Return the JSON of an answer that reports success; an Eden also reports failures with status 200.

    Raises:
        PeerRefused, ProtocolError: it does not report success; the error names the URL.
        NotS3XML: the answer is a web page.
    """
    try:
        return succeeded(reply.json())
    except (PeerRefused, ProtocolError) as error:
        if reply.url in error.message:
            raise
        raise type(error)(f"{reply.url}: {error.message}", hint=error.hint, remote=True) from error


def _header(reply: Reply, path: Path) -> Header:
    """Return the header of the document.

    Raises:
        DocumentError: it is no S3XML, or hostile.
    """
    with path.open("rb") as source:
        try:
            return DocumentReader(source).header
        except DocumentError as error:
            raise type(error)(f"{reply.url}: {error.message}", hint=error.hint, remote=True) from error
