"""Repositories that are Eden sites: one of ours, a classic Eden, or its maintained successor.

All three are spoken to in the same way. What an answer contains tells who answered; what only ours understand
is carried by parameters and attributes that an Eden ignores. Source of the forms: docs/PROTOCOL.md.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Dict, FrozenSet, Iterator, List, Mapping, Optional, Set, Tuple
from urllib.parse import quote, urlencode, urljoin

from lxml import etree

from ..errors import NotS3XML, PeerFailed, PeerRefused, ProtocolError
from ..peer import Exchange, PullResult, PushResult, Refusal, Registration
from ..transport import Reply, Transport, looks_like_html, page_title
from ._versions import Versions, thin_out
from .base import Adapter, Capability, Remote, Setting

#: Remembered of a peer that refuses pushes on the interface and takes them at the resource's own URL.
RESOURCE_URL = "push-resource-url"
MOST_ROUNDS = 4


class EdenAdapter(Adapter):
    """See the module."""

    apitype: ClassVar[str] = "eden"
    label: ClassVar[str] = "Sahana Eden"
    capabilities: ClassVar[FrozenSet[Capability]] = frozenset(Capability)
    settings: ClassVar[Tuple[Setting, ...]] = (
        Setting(
            "url",
            "URL",
            "Address of the other application, e.g. https://eden.example.org/eden",
            required=True,
        ),
        Setting(
            "username", "Username", "Account at the other site with the role Synchronization", required=True
        ),
        Setting("password", "Password", "Stored encrypted; leave it empty to keep it", secret=True),
        Setting("proxy", "Proxy Server URL", "Only where this site reaches the other one through a proxy"),
    )

    def __init__(self, remote: Remote, transport: Transport) -> None:
        super().__init__(remote, transport)
        self._announced_url: Optional[str] = None
        self._versions: Dict[Path, Versions] = {}

    def close(self) -> None:
        """Close the connections to the peer and forget what was pulled."""
        for each in self._versions.values():
            each.close()
        self._versions.clear()
        super().close()

    # --- register ------------------------------------------------------------------------------------

    def register(self) -> Registration:
        """See port ``Peer``."""
        body = {"uuid": self.remote.own_uuid, "name": self.remote.own_name, "apitype": self.apitype}
        reply = self.transport.send(
            "POST",
            f"{self.transport.url}/sync/repository/register.json",
            _json(body),
            {
                "Content-Type": "application/json",
                "Content-Disposition": 'attachment; filename="register.json"',
            },
        )
        told = reply.json()
        _succeeded(told, reply)
        sender = told.get("sender")
        if not isinstance(sender, str) or not sender:
            raise ProtocolError(f"{reply.url} did not say how it identifies itself.", remote=True)
        return Registration(
            uuid=sender,
            message=_text(told.get("message")),
            version=_text(told.get("version")) or None,
            capabilities=frozenset(_texts(told.get("capabilities"))),
            skew=reply.skew,
        )

    # --- pull ----------------------------------------------------------------------------------------

    def pull(
        self, exchange: Exchange, *, cursor: str, limit: int, msince: Optional[datetime] = None
    ) -> PullResult:
        """See port ``Peer``."""
        query: List[Tuple[str, str]] = [("resource", exchange.resource), ("repository", self.remote.own_uuid)]
        query += [("cursor", cursor), ("limit", str(limit))]
        if not exchange.components:
            # The first is ours, the second is how an active Eden says it.
            query += [("components", "None"), ("mcomponents", "None")]
        query.append(("include_deleted", "True"))
        if msince is not None:
            query.append(("msince", msince.strftime("%Y-%m-%dT%H:%M:%S")))
        query += exchange.filters
        reply = self.transport.download(f"{self.transport.url}/sync/sync.xml?{_query(query)}")
        try:
            return self._pulled(reply)
        except BaseException:
            reply.discard()
            raise

    def _pulled(self, reply: Reply) -> PullResult:
        assert reply.path is not None
        with reply.path.open("rb") as stream:
            start = stream.read(64 * 1024)
        if not start.strip():
            raise ProtocolError(f"{reply.url} answered with nothing.", remote=True)
        if looks_like_html(start):
            title = page_title(start)
            raise NotS3XML(
                f"{reply.url} answered with a web page{f' with the title {title!r}' if title else ''}.",
                remote=True,
            )
        if start.lstrip()[:1] == b"{":
            told = Reply(reply.url, reply.status, reply.headers, start).json()
            _succeeded(told, reply)
            raise ProtocolError(f"{reply.url} answered with JSON instead of a document.", remote=True)
        root = _root(reply)
        self._announced_url = root.get("url") or self._announced_url
        return PullResult(
            path=reply.path,
            is_ours="cursor" in root,
            cursor=root.get("cursor"),
            more=root.get("more") == "true",
            journal=root.get("journal"),
            empty=root.get("success") == "false",
            url=root.get("url"),
            received=reply.received,
            size=reply.path.stat().st_size,
        )

    # --- push ----------------------------------------------------------------------------------------

    def push(
        self,
        exchange: Exchange,
        document: Path,
        *,
        journal: str,
        checkpoint: str,
        pulled: Optional[Path] = None,
    ) -> PushResult:
        """See port ``Peer``."""
        if RESOURCE_URL in self.remote.capabilities and pulled is not None:
            return self._push_to_resource(exchange, document, pulled)
        query = [
            ("resource", exchange.resource),
            ("repository", self.remote.own_uuid),
            ("strategy", ",".join(exchange.strategy)),
            ("update_policy", _swapped(exchange.update_policy)),
            ("conflict_policy", _swapped(exchange.conflict_policy)),
        ]
        if not exchange.components:
            query.append(("components", "None"))
        query += [("journal", journal), ("checkpoint", checkpoint)]
        url = f"{self.transport.url}/sync/sync.xml?{_query(query)}"
        try:
            reply = self._post_document(url, exchange.resource, document)
        except PeerFailed as failure:
            if pulled is None:
                raise PeerFailed(
                    failure.message,
                    hint="Look at the error tickets of the other site. If it is a newer Eden that fails at "
                    "every push, let the resource be pulled as well: then its other interface is used.",
                    remote=True,
                ) from failure
            result = self._push_to_resource(exchange, document, pulled)
            result.note = (
                f"{failure.message} The records were sent to the resource's own address instead; "
                f"{len(result.left_out)} that are newer there were left out."
            )
            return result
        return _push_result(reply)

    def _post_document(self, url: str, resource: str, document: Path) -> Reply:
        headers = {
            "Content-Type": "text/xml",
            "Content-Disposition": f'attachment; filename="{resource}.xml"',
        }
        if "gzip" not in self.remote.capabilities:
            return self.transport.send("POST", url, document, headers)
        handle, name = tempfile.mkstemp(prefix="sync-", suffix=".xml.gz", dir=document.parent)
        os.close(handle)
        packed = Path(name)
        try:
            with document.open("rb") as source, gzip.open(packed, "wb", compresslevel=5) as target:
                shutil.copyfileobj(source, target, 256 * 1024)
            return self.transport.send("POST", url, packed, {**headers, "Content-Encoding": "gzip"})
        finally:
            packed.unlink()

    def _push_to_resource(self, exchange: Exchange, document: Path, pulled: Path) -> PushResult:
        """Send to the resource's plain address, which overwrites and takes all or nothing.

        What is newer at the peer is left out; what it rejects is left out of a next round.
        """
        prefix, _, name = exchange.resource.partition("_")
        url = f"{self.transport.url}/{quote(prefix)}/{quote(name)}.xml"
        versions = self._versions.get(pulled)
        if versions is None:
            versions = self._versions[pulled] = Versions(pulled)
        refused: Dict[str, Refusal] = {}
        newer: Set[str] = set()

        def unwanted(element: etree._Element) -> bool:
            if element.get("uuid") in refused:
                return True
            if versions.newer(element):
                newer.add(str(element.get("uuid")))
                return True
            return False

        handle, copy = tempfile.mkstemp(prefix="sync-", suffix=".xml", dir=document.parent)
        os.close(handle)
        thinned = Path(copy)
        sent = 0
        try:
            for _ in range(MOST_ROUNDS):
                thin_out(document, thinned, unwanted)
                reply = self._post_document(url, exchange.resource, thinned)
                sent += reply.sent
                told = reply.json()
                fresh = {
                    each.uuid: each for each in _refusals(told) if each.uuid and each.uuid not in refused
                }
                if told.get("status") != "failed":
                    result = _push_result(reply)
                    break
                if not fresh:
                    _succeeded(told, reply)
                refused.update(fresh)
            else:
                raise PeerRefused(
                    f"{url} still rejects records after {len(refused)} were left out.",
                    hint="Read the reasons in the log and correct the records.",
                    remote=True,
                )
        finally:
            thinned.unlink()
        result.sent = sent
        result.refusals += refused.values()
        result.outcomes["rejected"] = len(result.refusals)
        result.left_out = sorted(newer)
        result.learned = frozenset((RESOURCE_URL,))
        return result

    # --- files ---------------------------------------------------------------------------------------

    def send_file(self, stored: str, path: Path) -> int:
        """See port ``Peer``."""
        query = _query([("repository", self.remote.own_uuid)])
        reply = self.transport.send(
            "PUT",
            f"{self.transport.url}/sync/file/{quote(stored)}?{query}",
            path,
            {"Content-Type": "application/octet-stream"},
        )
        _succeeded(reply.json(), reply)
        return reply.sent

    def fetch(self, url: str, target: Path) -> None:
        """See port ``Peer``. A site that gives itself another name is asked under the one entered here."""
        announced = (self._announced_url or "").rstrip("/")
        if announced and url.startswith(announced + "/"):
            url = self.transport.url + url[len(announced) :]
        super().fetch(urljoin(self.transport.url + "/", url), target)


def _push_result(reply: Reply) -> PushResult:
    told = reply.json()
    _succeeded(told, reply)
    refusals = list(_refusals(told))
    outcomes = told.get("outcomes")
    if not isinstance(outcomes, dict):
        outcomes = {name: len(told.get(name) or ()) for name in ("created", "updated", "deleted")}
        outcomes["rejected"] = len(refusals)
    return PushResult(
        records=int(told.get("records") or 0),
        outcomes={str(name): int(count) for name, count in outcomes.items() if count},
        refusals=refusals,
        message=_text(told.get("message")),
        is_ours="checkpoint" in told,
        journal=_text(told.get("journal")) or None,
        checkpoint=_text(told.get("checkpoint")) or None,
        restored=bool(told.get("restored")),
        files=_texts(told.get("files")),
        sent=reply.sent,
    )


def _succeeded(told: Mapping[str, Any], reply: Reply) -> None:
    """Raise where the peer says "failed" in an answer with status 200, as an Eden does."""
    if told.get("status") == "failed" or told.get("status") not in ("success", None):
        message = _text(told.get("message")) or "no reason given"
        raise PeerRefused(f"{reply.url} refused: {message}", remote=True)
    if "status" not in told:
        raise ProtocolError(
            f"{reply.url} answered with JSON that says neither success nor failure.", remote=True
        )


def _refusals(told: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield the records of an error tree (S3JSON), each with all the reasons found in it."""
    tree = told.get("tree")
    if isinstance(tree, str):
        # Some versions put the tree into the answer as text.
        tree = _parsed(tree)
    if isinstance(tree, dict):
        for name, records in tree.items():
            if name.startswith("$_") and isinstance(records, list):
                for record in records:
                    if isinstance(record, dict):
                        reasons = list(dict.fromkeys(_reasons(record))) or [_text(told.get("message"))]
                        uuid = record.get("@uuid")
                        yield Refusal(name[2:], uuid if isinstance(uuid, str) else None, "; ".join(reasons))


def _reasons(node: Any) -> Iterator[str]:
    """Yield the errors below a node; those of fields before the record's own summary."""
    if isinstance(node, dict):
        for name, each in node.items():
            if name != "@error":
                yield from _reasons(each)
        if node.get("@error"):
            yield str(node["@error"])
    elif isinstance(node, list):
        for each in node:
            yield from _reasons(each)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value).encode("utf-8")


def _root(reply: Reply) -> Dict[str, str]:
    """Return the attributes of the document's root element."""
    assert reply.path is not None
    try:
        events = etree.iterparse(str(reply.path), events=("start",), resolve_entities=False, no_network=True)
        _, root = next(iter(events))
    except (etree.XMLSyntaxError, StopIteration) as error:
        raise NotS3XML(
            f"{reply.url} answered with something that is not XML: {error}", remote=True
        ) from error
    if root.tag != "s3xml":
        raise NotS3XML(f"{reply.url} answered with XML that is not S3XML: <{root.tag}>", remote=True)
    return {str(name): str(value) for name, value in root.attrib.items()}


def _swapped(policy: str) -> str:
    """Return a policy as the peer has to read it: this site is the other one there."""
    return {"THIS": "OTHER", "OTHER": "THIS"}.get(policy, policy)


def _query(pairs: List[Tuple[str, str]]) -> str:
    # An active Eden leaves these characters as they are; quoted or not, every site reads them.
    return urlencode(pairs, quote_via=quote, safe="[]~:,.*")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> List[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
