"""Repositories that are Eden sites: one of ours, a classic Eden, or its maintained successor.

All three get the same requests; the content of an answer shows who answered. Extensions that only ours understand are
in parameters and attributes that an Eden ignores. See docs/PROTOCOL.md.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from .. import VERSION
from ..core.errors import (
    NotS3XML,
    PeerFailed,
    PeerRefused,
    ProtocolError,
    RedirectedElsewhere,
    SyncError,
)
from ..exchange.line import Line
from ..exchange.peer import (
    Asking,
    Capability,
    Exchange,
    News,
    PullResult,
    PushResult,
    Registration,
    Sending,
)
from ..transport.answer import Reply
from ..transport.urls import application_url
from ..wire.protocol.dry_run import DryRunResult, read_dry_run
from ..wire.protocol.invitation import JoinReply, JoinRequest
from ..wire.protocol.listening import ListenAnswer
from ..wire.protocol.names import (
    CAPABILITIES,
    FILE_PATH,
    JOIN_PATH,
    OFFER_PATH,
    REGISTER_PATH,
    STANDING_PATH,
    SYNC_PATH,
    PeerCapability,
)
from ..wire.protocol.offer import Offer, read_offer
from ..wire.protocol.pull import PullRequest
from ..wire.protocol.push import PushRequest
from ..wire.protocol.registration import RegistrationReply, RegistrationRequest
from ..wire.protocol.standing import StandingAnswer, StandingReport, read_standing_reply
from ._answers import CursorWatch, checked, pulled, push_result
from ._body_sender import BodySender
from ._of_sites.resource_push import ResourcePush
from ._of_sites.site_settings import (
    CERTIFICATE,
    PASSWORD,
    PROXY,
    SYNCHRONISE_UUIDS,
    USERNAME,
    connection,
    file_address,
)
from ._of_sites.together import ask_news, ask_to_listen, push_together, send_json
from ._packing import Packing
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
    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability) - {
        Capability.CARRIED,
        Capability.DATASETS,
    }
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
        USERNAME,
        PASSWORD,
        PROXY,
        CERTIFICATE,
        SYNCHRONISE_UUIDS,
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
        PeerCapability.TOGETHER: T("exchanges several resources in one request"),
        PeerCapability.RESUME: T("goes on with a page or file that broke off"),
        PeerCapability.AHEAD: T("sends the next page while one is stored"),
        PeerCapability.TWO_AHEAD: T("sends two pages ahead, so that a bad line never rests"),
        PeerCapability.COLUMNS: T("packs documents more tightly for a bad line"),
        PeerCapability.DICTIONARY: T("needs fewer bytes for small changes"),
        PeerCapability.LISTEN: T("tells at once when something changes there"),
        PeerCapability.LOOK: T("shows beforehand what a synchronization would do"),
        RESOURCE_URL: T("takes records only at the address of each resource"),
    }

    def __init__(self, remote: Remote, lines: Lines) -> None:
        super().__init__(remote, lines)
        self.transport = connection(remote, lines)
        if PeerCapability.DICTIONARY in remote.capabilities:
            self.transport.use_dictionary()
        self.packing = Packing(self.transport.line)
        self.bodies = BodySender(self.transport, remote.own_uuid)
        self._resource_push = ResourcePush(self._everything, self._post_document)

    @property
    def skew(self) -> float | None:
        """See port ``Peer``."""
        return self.transport.skew

    @property
    def line(self) -> Line:
        """See ``Adapter``."""
        return self.transport.line

    def close(self) -> None:
        """Close the connections to the peer and remove what was fetched."""
        self._resource_push.close()
        self.transport.close()

    # --- register ------------------------------------------------------------------------------------

    def join(self, key: str) -> JoinReply:
        """Take up an invitation of the other site, without an account.

        Args:
            key: of the invitation.

        Raises:
            SyncError: it cannot be reached, or refuses.
        """
        who = RegistrationRequest(
            self.remote.own_uuid, self.remote.own_name, self.apitype, frozenset(CAPABILITIES), VERSION
        )
        url = f"{self.transport.url}/{JOIN_PATH}"
        body = JoinRequest(key, who).to_body()
        return JoinReply.from_json(
            checked(self.transport.send("POST", url, body, {"Content-Type": "application/json"}))
        )

    def register(self) -> Registration:
        """See port ``Peer``."""
        request = RegistrationRequest(
            self.remote.own_uuid, self.remote.own_name, self.apitype, frozenset(CAPABILITIES), VERSION
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
        told = RegistrationReply.from_json(checked(reply))
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

    def standing(self, report: StandingReport) -> StandingAnswer | None:
        """See port ``Peer``. A site of ours of before does not have the address."""
        try:
            reply = send_json(self, "PUT", STANDING_PATH, report.to_body())
            return read_standing_reply(reply.json())
        except RedirectedElsewhere:
            raise
        except (PeerRefused, NotS3XML, ProtocolError):
            return None

    def listen(self, heard: str) -> ListenAnswer | None:
        """See port ``ListenedPeer``. A site of ours of before does not have the address."""
        return ask_to_listen(self, heard)

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
        resumes = self._resumes and not asking.look
        columns = self.packing.spares_bytes(self.remote.capabilities)
        request = replace(self._pull_request(exchange, asking), keep=resumes, columns=columns)
        url = f"{self.transport.url}/{SYNC_PATH}?{request.to_query()}"
        watch = None if asking.receiving is None else CursorWatch(asking.receiving)
        return pulled(self.transport.download(url, resumes=resumes, watch=watch))

    @property
    def _resumes(self) -> bool:
        return PeerCapability.RESUME in self.remote.capabilities

    def _pull_request(self, exchange: Exchange, asking: Asking) -> PullRequest:
        return PullRequest(
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
            ahead=asking.ahead or None,
        )

    def _everything(self, exchange: Exchange) -> PullResult:
        """Return all records of a resource from an Eden."""
        return self.pull(exchange, Asking(cursor="", limit=1))

    def news(self, asked: Sequence[tuple[Exchange, Asking]], known: str) -> News | None:
        """See port ``Peer``. A site of ours of before does not have the address."""
        requests = [self._pull_request(exchange, asking) for exchange, asking in asked]
        return ask_news(self, requests, known)

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
        return push_result(exchange.resource, reply, checked(reply))

    def dry_run(self, exchange: Exchange, document: Path, sending: Sending) -> DryRunResult | None:
        """See port ``Peer``. An Eden would import the document, so it is not asked."""
        if PeerCapability.LOOK not in self.remote.capabilities:
            return None
        url = self._push_url(exchange, sending, look=True)
        return read_dry_run(checked(self._post_document(url, exchange.resource, document)))

    def push_together(self, pushes: Sequence[tuple[Exchange, bytes, Sending]]) -> Sequence[PushResult | None]:
        """See port ``Peer``. A site of ours of before does not have the address."""
        pages = [(self._push_request(exchange, sending), document) for exchange, document, sending in pushes]
        return push_together(self, pages)

    def _push_url(self, exchange: Exchange, sending: Sending, *, look: bool = False) -> str:
        request = replace(self._push_request(exchange, sending), look=look)
        return f"{self.transport.url}/{SYNC_PATH}?{request.to_query()}"

    def _push_request(self, exchange: Exchange, sending: Sending) -> PushRequest:
        return PushRequest(
            exchange.resource,
            self.remote.own_uuid,
            strategy=exchange.strategy,
            # For the peer, this site is the other one.
            update_policy=exchange.update_policy.swapped,
            conflict_policy=exchange.conflict_policy.swapped,
            components=exchange.components,
            journal=sending.journal,
            checkpoint=sending.checkpoint,
            final=sending.final,
            number=sending.number,
            again=sending.again,
        )

    def _post_document(self, url: str, resource: str, document: Path) -> Reply:
        headers = {"Content-Type": "text/xml"}
        if PeerCapability.CURSOR not in self.remote.capabilities:
            # An Eden looks at the name of the file.
            headers["Content-Disposition"] = f'attachment; filename="{resource}.xml"'
        if PeerCapability.GZIP not in self.remote.capabilities:
            return self._send_body("POST", url, document, headers)
        handle, name = tempfile.mkstemp(prefix="sync-", suffix=".xml.gz", dir=document.parent)
        os.close(handle)
        packed = Path(name)
        try:
            self.packing.pack(document, packed, self.remote.capabilities)
            return self._send_body("POST", url, packed, {**headers, "Content-Encoding": "gzip"})
        finally:
            packed.unlink()

    def _send_body(self, method: str, url: str, body: Path, headers: Mapping[str, str]) -> Reply:
        return self.bodies.send(method, url, body, headers, resumes=self._resumes)

    def _push_to_resource(self, exchange: Exchange, document: Path) -> PushResult:
        prefix, _, name = exchange.resource.partition("_")
        url = f"{self.transport.url}/{quote(prefix)}/{quote(name)}.xml"
        sent = self._resource_push.send(url, exchange, document)
        result = push_result(exchange.resource, sent.reply, checked(sent.reply))
        result.sent = sent.bytes
        result.refusals += sent.refusals
        result.outcomes["rejected"] = len(result.refusals)
        result.left_out = sent.newer
        result.learned = frozenset((RESOURCE_URL,))
        return result

    # --- files ---------------------------------------------------------------------------------------

    def send_file(self, stored: str, path: Path) -> int:
        """See port ``Peer``."""
        reply = self._send_body(
            "PUT", self._file_url(stored), path, {"Content-Type": "application/octet-stream"}
        )
        checked(reply)
        return reply.sent

    def _file_url(self, stored: str) -> str:
        return f"{self.transport.url}/{FILE_PATH}/{quote(stored)}?repository={quote(self.remote.own_uuid)}"

    def fetch(self, url: str, target: Path) -> None:
        """See port ``Peer``. It is asked under the address entered here, whatever host name the document has."""
        if self._resumes:
            # The address for people tells no digest.
            self.transport.fetch(self._file_url(target.name), target, resumes=True)
            return
        self.transport.fetch(file_address(self.transport, url), target)
