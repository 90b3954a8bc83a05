"""The parameters of a registration, and its reply."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...core.errors import BadRequest, ProtocolError
from ...core.text import shown
from .names import LONGEST_UUID, LONGEST_VERSION
from .replies import AnsweredWith200, as_text, as_time, succeeded
from .times import format_msince
from .variables import WORD, read_words


@dataclass(frozen=True)
class RegistrationRequest:
    """The request of a site that registers.

    Attributes:
        uuid: its identifier, which it uses to pull and push.
        name: its name.
        apitype: kind of site; "eden" for an Eden.
        capabilities: its capabilities beyond those of an Eden.
        version: version of its synchronisation, None for an Eden.
    """

    uuid: str
    name: str
    apitype: str = "eden"
    capabilities: frozenset[str] = frozenset()
    version: str | None = None

    @classmethod
    def from_body(cls, body: bytes) -> RegistrationRequest:
        """Read a request.

        Raises:
            AnsweredWith200: the site does not identify itself.
            BadRequest: the body is no JSON object, or has an invalid value.
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
        if not _identifies(as_text(uuid)):
            raise BadRequest(f"This is no repository identifier: {shown(str(uuid))!r}.")
        apitype = as_text(given.get("apitype"))
        return cls(
            uuid,
            _on_one_line(as_text(given.get("name"))) or uuid,
            apitype if WORD.fullmatch(apitype) else "eden",
            read_words(given.get("capabilities")),
            read_version(given.get("version")),
        )

    def to_body(self) -> bytes:
        """Return the JSON."""
        body: dict[str, Any] = {"uuid": self.uuid, "name": self.name, "apitype": self.apitype}
        if self.capabilities:
            body["capabilities"] = sorted(self.capabilities)
        if self.version is not None:
            body["version"] = self.version
        return json.dumps(body).encode()


def read_version(told: Any) -> str | None:
    """Return the version that a site tells, None if it tells none."""
    return _on_one_line(as_text(told))[:LONGEST_VERSION] or None


# --- replies ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RegistrationReply:
    """The answer to a registration.

    Attributes:
        sender: identifier of the answering site.
        message: a message for a person.
        version: version of its synchronisation, None for an Eden.
        capabilities: its capabilities beyond those of an Eden.
        time: the time by its clock (UTC), None for an Eden.
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
        sender = as_text(told.get("sender"))
        if not _identifies(sender):
            raise ProtocolError("The peer did not say how it identifies itself.", remote=True)
        return cls(
            sender,
            as_text(told.get("message")),
            read_version(told.get("version")),
            read_words(told.get("capabilities")),
            as_time(told.get("time")),
        )


def _identifies(uuid: str) -> bool:
    """Return whether a text is a valid identifier of a site."""
    return 0 < len(uuid) <= LONGEST_UUID and uuid.isprintable()


def _on_one_line(text: str) -> str:
    """Return a name without line ends and control characters, so that it can be shown, stored and mailed."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
