"""The invitation of a site: the code that a person carries, and the request by which the other site takes it up."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ...core.errors import BadRequest, ProtocolError
from ...core.policy import Policy
from ...core.task import Mode
from .names import LONGEST_UUID
from .registration import RegistrationReply, RegistrationRequest
from .replies import as_count, as_text, as_time, succeeded
from .times import format_msince

#: What a code begins with: the number is that of its form.
BEGINNING = "EDEN1-"
#: Maximum characters of a code, bytes of what it says, and resources in it.
LONGEST_CODE, LONGEST_CONTENT, MOST_RESOURCES = 8000, 64_000, 200
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_UNREADABLE = "This is no invitation, or not all of it: copy the whole code, from EDEN1- to its end."


@dataclass(frozen=True)
class InvitedResource:
    """A resource that the invited site shall exchange, as seen from there.

    Attributes:
        resource: name of the table.
        mode: which way.
        components: whether what belongs to a record goes along.
        filters: conditions on the records, joined by ``&``; "" for none.
    """

    resource: str
    mode: Mode
    components: bool = True
    filters: str = ""


@dataclass(frozen=True)
class Invitation:
    """What the code of an invitation says.

    Attributes:
        address: URL of the inviting site's application.
        key: secret that lets one site join, once.
        uuid, name: of the inviting site.
        expires: until when it can be taken up (UTC).
        resources: what shall be exchanged.
        update_policy, conflict_policy: rules for all of it, as seen from the invited site.
        minutes: how often it shall be exchanged; 0 for not by itself.
        certificate: SHA-256 of the certificate of the inviting site, as 64 digits, where no authority vouches for it;
            "" otherwise.
    """

    address: str
    key: str
    uuid: str
    name: str
    expires: datetime
    resources: tuple[InvitedResource, ...] = ()
    update_policy: Policy = Policy.NEWER
    conflict_policy: Policy = Policy.NEWER
    minutes: int = 0
    certificate: str = ""

    @property
    def code(self) -> str:
        """The code: letters, digits, - and _, on one line."""
        told = {
            "a": self.address,
            "k": self.key,
            "u": self.uuid,
            "n": self.name,
            "e": format_msince(self.expires),
            "r": [[each.resource, each.mode.value, each.components, each.filters] for each in self.resources],
            "p": [self.update_policy.value, self.conflict_policy.value],
            "m": self.minutes,
            **({"c": self.certificate} if self.certificate else {}),
        }
        packed = zlib.compress(json.dumps(told, separators=(",", ":")).encode("utf-8"), 9)
        return BEGINNING + base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")

    @classmethod
    def from_code(cls, text: str) -> Invitation:
        """Read a code; blanks and line ends in it do not count.

        Raises:
            BadRequest: it cannot be read.
        """
        code = "".join(text.split())
        if not code.startswith(BEGINNING) or len(code) > LONGEST_CODE:
            raise BadRequest(_UNREADABLE, hint="Ask headquarters for it once more.")
        packed = code[len(BEGINNING) :]
        try:
            content = zlib.decompressobj().decompress(
                base64.b64decode(packed + "=" * (-len(packed) % 4), b"-_", validate=True), LONGEST_CONTENT
            )
            return _read(json.loads(content))
        except (
            binascii.Error,
            zlib.error,
            KeyError,
            TypeError,
            ValueError,
            RecursionError,
        ) as error:
            raise BadRequest(_UNREADABLE, hint="Ask headquarters for it once more.") from error


def _read(told: Mapping[str, Any]) -> Invitation:
    """Return the invitation of a code.

    Raises:
        KeyError, TypeError, ValueError: it says something else.
    """
    expires = as_time(told["e"])
    texts = [as_text(told[name]) for name in ("a", "k", "u", "n")]
    if expires is None or not all(texts) or len(texts[2]) > LONGEST_UUID:
        raise ValueError("incomplete")
    if not texts[0].startswith(("http://", "https://")) or not all(map(str.isprintable, texts)):
        raise ValueError("no address")
    if len(told["r"]) > MOST_RESOURCES:
        # Who confirmed a part of it would not know of the rest.
        raise ValueError("too many resources")
    resources = tuple(
        InvitedResource(as_text(name), Mode(mode), components is True, as_text(filters))
        for name, mode, components, filters in told["r"]
    )
    update, conflict = told["p"]
    address, key, uuid, name = texts
    policies = Policy(update), Policy(conflict)
    certificate = as_text(told.get("c"))
    if certificate and not _FINGERPRINT.fullmatch(certificate):
        # Without it whoever is in between would be believed.
        raise ValueError("no fingerprint")
    minutes = as_count(told["m"]) or 0
    return Invitation(address, key, uuid, name, expires, resources, *policies, minutes, certificate)


@dataclass(frozen=True)
class JoinRequest:
    """The request of a site that takes an invitation up.

    Attributes:
        key: of the invitation.
        registration: who it is.
    """

    key: str
    registration: RegistrationRequest

    def to_body(self) -> bytes:
        """Return the JSON."""
        return json.dumps({**json.loads(self.registration.to_body()), "key": self.key}).encode("utf-8")

    @classmethod
    def from_body(cls, body: bytes) -> JoinRequest:
        """Read a request.

        Raises:
            AnsweredWith200: the site does not identify itself.
            BadRequest: the body is no JSON object, or has an invalid value.
        """
        registration = RegistrationRequest.from_body(body)
        return cls(as_text(json.loads(body).get("key")), registration)


@dataclass(frozen=True)
class JoinReply:
    """The answer to a site that has joined.

    Attributes:
        registration: as to a registration.
        username, password: the account that was made for it.
    """

    registration: RegistrationReply
    username: str
    password: str

    def to_json(self) -> dict[str, Any]:
        """Return the body."""
        return {**self.registration.to_json(), "username": self.username, "password": self.password}

    @classmethod
    def from_json(cls, reply: Any) -> JoinReply:
        """Read a body.

        Raises:
            PeerRefused: the peer says that it failed.
            ProtocolError: this is no such reply.
        """
        told = succeeded(reply)
        username, password = as_text(told.get("username")), as_text(told.get("password"))
        if not username or not password:
            raise ProtocolError("The peer made no account.", remote=True)
        return cls(RegistrationReply.from_json(reply), username, password)
