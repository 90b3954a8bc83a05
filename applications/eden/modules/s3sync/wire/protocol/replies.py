"""JSON replies that every Eden understands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from ...core.errors import BadRequest, LateRequest, PeerRefused, ProtocolError, SyncError
from .times import parse_msince


class AnsweredWith200(BadRequest):
    """A failure that an Eden client understands only in an answer with status 200."""

    code = "request_incomplete"
    eden_status: ClassVar[int] = 200


class RecordChanged(SyncError):
    """The record is not the version that the request was made for (RFC 9110, 13.1.1).

    Args:
        message: what happened.
        tag: tag of the stored version, None if the record is gone.
        stored: the stored version as S3XML, None if the record is gone.
        sent: the document of the request, None if it has none that can be repeated.
    """

    code = "record_changed"
    default_hint = (
        "Nothing was stored. Put your change into the version in `stored`, and send that with its tag."
    )
    http_status = 412

    def __init__(self, message: str, *, tag: str | None, stored: str | None, sent: str | None) -> None:
        super().__init__(message)
        self.tag = tag
        self.stored = stored
        self.sent = sent


def failure(error: SyncError, sender: str | None = None) -> tuple[int, dict[str, Any]]:
    """Return HTTP status and body of a reply that reports an error.

    Args:
        error: the error.
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
    if isinstance(error, LateRequest):
        body["number"] = error.last
    if isinstance(error, RecordChanged):
        body.update(stored=error.stored, sent=error.sent)
    return status, body


def part_reply(have: int) -> dict[str, Any]:
    """Return the reply that tells how many bytes of a body are here."""
    return {"status": "success", "statuscode": "200", "have": have}


def succeeded(reply: Any) -> Mapping[str, Any]:
    """Return a reply that reports success; an Eden also reports failures with status 200.

    Raises:
        PeerRefused: the reply reports a failure.
        ProtocolError: the reply reports neither.
    """
    if not isinstance(reply, dict) or "status" not in reply:
        raise ProtocolError("The peer answered with JSON that says neither success nor failure.", remote=True)
    if reply["status"] != "success":
        reason = as_text(reply.get("message")) or "no reason given"
        raise PeerRefused(f"The peer refused: {reason}", hint=as_text(reply.get("hint")) or None, remote=True)
    return reply


# --- values in replies --------------------------------------------------------------------------------------


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def is_text(value: Any) -> bool:
    """Return whether a value is text that can be written again: JSON can name halves of characters alone."""
    if not isinstance(value, str):
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def as_texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def as_count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def as_time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return parse_msince(value)
    except BadRequest:
        # The peer's time is only informative; a reply without it is valid.
        return None
