"""Requests for several resources, to one of ours: what is new, pushes of small pages, and listening for changes."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from ...core.atomic_write import owner_mark
from ...core.errors import NotS3XML, PeerRefused, ProtocolError, RedirectedElsewhere
from ...exchange.peer import News, PushResult
from ...exchange.prescribed import AnotherPrescription
from ...transport.answer import Reply
from ...transport.client import Transport
from ...wire import dictionary as dictionary
from ...wire.compression import gzip
from ...wire.protocol.listening import ListenAnswer
from ...wire.protocol.names import LISTEN_PATH, NEWS_PATH, PUSHES_PATH, PeerCapability
from ...wire.protocol.news import NewsAnswer, NewsQuestion
from ...wire.protocol.pull import PullRequest
from ...wire.protocol.push import PushRequest
from ...wire.protocol.pushes import Pushes, read_pushes_reply
from .._answers import pulled, push_result
from ..base import Remote
from ..lines import Lines

#: Minimum bytes of a body to compress.
WORTH_PACKING = 500


class Asker(Protocol):
    """An adapter of one of ours."""

    remote: Remote
    lines: Lines
    transport: Transport


def ask_news(asker: Asker, requests: Sequence[PullRequest], known: str) -> News | None:
    """Ask what is new: by what has changed in the question that the peer remembers, else by the whole of it.

    Args:
        asker: the adapter.
        requests: the pulls to which this is the question.
        known: memory of the question that the peer remembers.

    Returns:
        what is new; None from a site of before, which does not have the address.

    Raises:
        AnotherPrescription: it prescribes something else than this site follows.
        SyncError: the peer cannot be reached, or refuses.
    """
    question = NewsQuestion.whole(requests, asker.remote.follows)
    try:
        reply = _send(asker, question.briefly(known, by_changes=asker.transport.has_dictionary))
        answer = NewsAnswer.from_json(reply.json())
        if not answer.known:
            reply = _send(asker, question)
            answer = NewsAnswer.from_json(reply.json())
    except RedirectedElsewhere:
        raise
    except (PeerRefused, NotS3XML, ProtocolError):
        return None
    if answer.prescribes and question.follows is not None:
        raise AnotherPrescription(answer.prescribed)
    found = News(question.memory, frozenset(answer.waits), waiting=answer.waiting)
    asked = {each.resource for each in requests}
    try:
        for resource, page in answer.pages.items():
            if resource in asked:
                found.pages[resource] = pulled(_spooled(asker.lines.spool, reply, page.encode("utf-8")))
    except BaseException:
        found.discard()
        raise
    return found


def ask_to_listen(asker: Asker, heard: str) -> ListenAnswer | None:
    """Wait until something changes at the peer; see port ``ListenedPeer``."""
    url = f"{asker.transport.url}/{LISTEN_PATH}?repository={quote(asker.remote.own_uuid, safe=':')}"
    if heard:
        url += f"&heard={quote(heard)}"
    try:
        return ListenAnswer.from_json(asker.transport.send("POST", url, b"").json())
    except RedirectedElsewhere:
        raise
    except (PeerRefused, NotS3XML, ProtocolError):
        return None


def push_together(asker: Asker, pages: Sequence[tuple[PushRequest, bytes]]) -> list[PushResult | None]:
    """Send small pages of several resources.

    Args:
        asker: the adapter.
        pages: the request of each push, and its document.

    Returns:
        for each page what the peer did; None where it was not taken, also by a site of before.

    Raises:
        SyncError: the peer cannot be reached, or refuses.
    """
    sent = Pushes([(replace(each, repository=None), document.decode("utf-8")) for each, document in pages])
    try:
        reply = _post(asker, PUSHES_PATH, sent.to_body())
        answers = read_pushes_reply(reply.json(), len(pages))
    except RedirectedElsewhere:
        raise
    except (PeerRefused, NotS3XML, ProtocolError):
        return [None] * len(pages)
    return [
        _push_result(reply, each.resource, len(document), answer)
        for (each, document), answer in zip(pages, answers)
    ]


def _push_result(reply: Reply, resource: str, size: int, answer: Mapping[str, Any]) -> PushResult | None:
    if answer.get("status") != "success":
        return None
    return push_result(resource, replace(reply, sent=size), answer)


def _send(asker: Asker, question: NewsQuestion) -> Reply:
    return _post(asker, NEWS_PATH, question.to_body())


def _post(asker: Asker, path: str, body: bytes) -> Reply:
    return send_json(asker, "POST", path, body)


def send_json(asker: Asker, method: str, path: str, body: bytes) -> Reply:
    """Send JSON, packed where that is worth it and the peer takes it: with the dictionary where it has that.

    Args:
        asker: the adapter.
        method: "POST" or "PUT".
        path: below the peer's address.
        body: the JSON.

    Raises:
        SyncError: as by ``Transport.send``.
    """
    url = f"{asker.transport.url}/{path}?repository={quote(asker.remote.own_uuid, safe=':')}"
    headers = {"Content-Type": "application/json"}
    small = dictionary.pack(body) if asker.transport.has_dictionary else None
    if small is not None:
        try:
            coded = {**headers, "Content-Encoding": PeerCapability.DICTIONARY.value}
            return asker.transport.send(method, url, small, coded)
        except PeerRefused:
            # It may have gone back to a version that does not have it. If not, it says the same once more.
            asker.transport.forget_dictionary()
    if PeerCapability.GZIP in asker.remote.capabilities and len(body) > WORTH_PACKING:
        packed = io.BytesIO()
        gzip.pack(io.BytesIO(body), packed)
        body = packed.getvalue()
        headers["Content-Encoding"] = "gzip"
    return asker.transport.send(method, url, body, headers)


def _spooled(spool: Path, reply: Reply, page: bytes) -> Reply:
    handle, name = tempfile.mkstemp(prefix=f"sync-{owner_mark()}", suffix=".xml", dir=spool)
    with os.fdopen(handle, "wb") as target:
        target.write(page)
    return Reply(reply.url, reply.status, reply.headers, path=Path(name), received=len(page))
