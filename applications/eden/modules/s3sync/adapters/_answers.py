"""What the answers of an Eden, or of one of ours, hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import DocumentError, PeerRefused, ProtocolError
from ..core.limits import BEGINNING, is_number
from ..exchange.peer import PullResult, PushResult, Refusal
from ..exchange.receiving import Receiving
from ..transport.answer import Reply
from ..transport.failures import a_web_page, looks_like_html
from ..wire.protocol.names import CURSOR_HEADER
from ..wire.protocol.push import PushReply
from ..wire.protocol.replies import succeeded
from ..wire.s3xml import DocumentReader, Header, rejected_uuids


class CursorWatch:
    """Watches the answer to a pull for where the next page begins.

    Args:
        receiving: who wants to know.
    """

    def __init__(self, receiving: Receiving) -> None:
        self._receiving = receiving
        self.received = receiving.received

    def began(self, headers: Mapping[str, str]) -> None:
        """See port ``Watch``."""
        cursor = headers.get(CURSOR_HEADER, "")
        if cursor:
            length = headers.get("Content-Length", "")
            self._receiving.next_begins(cursor, int(length) if is_number(length) else 0)


def pulled(reply: Reply) -> PullResult:
    """Return what a spooled answer to a pull holds.

    Raises:
        SyncError: it holds no document; its file is removed.
    """
    try:
        return _pulled(reply)
    except BaseException:
        reply.discard()
        raise


def _pulled(reply: Reply) -> PullResult:
    assert reply.path is not None
    with reply.path.open("rb") as stream:
        start = stream.read(BEGINNING)
    if not start.strip():
        raise ProtocolError(f"{reply.url} answered with nothing.", remote=True)
    if looks_like_html(start):
        raise a_web_page(reply.url, start)
    if start.lstrip()[:1] == b"{":
        checked(Reply(reply.url, reply.status, reply.headers, start))
        raise ProtocolError(f"{reply.url} answered with JSON instead of a document.", remote=True)
    header = _header(reply, reply.path)
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


def push_result(resource: str, reply: Reply, body: Mapping[str, Any]) -> PushResult:
    """Return what the peer did with a push.

    Args:
        resource: name of the table.
        reply: the answer.
        body: its JSON.
    """
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
        barred=told.barred,
        message=told.message,
        is_ours=told.is_ours,
        journal=told.journal,
        checkpoint=told.checkpoint,
        restored=told.restored,
        files=list(told.files),
        sent=reply.sent,
        waiting=told.waiting,
    )


def checked(reply: Reply) -> Mapping[str, Any]:
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
