"""The question of a site that listens for changes, and its answer, which comes once there is one or after a while."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.errors import BadRequest, ProtocolError
from .replies import as_count, is_text, succeeded
from .variables import read_single

#: Seconds after which a site that listens is answered at the latest: proxies usually break off what is silent for 60.
LISTENS_FOR = 50.0
#: Seconds after which a site that could not listen asks again.
LISTEN_AGAIN = 600
_HEARD = re.compile(r"([!-~]{1,64})[.]([0-9]{1,18})")


@dataclass(frozen=True)
class Heard:
    """Up to where a site has heard of the changes at another one.

    Attributes:
        journal: identity of the journal there.
        position: position in it.
    """

    journal: str
    position: int

    def __str__(self) -> str:
        return f"{self.journal}.{self.position}"

    @classmethod
    def parse(cls, text: str | None) -> Heard | None:
        """Read a text, None for none.

        Raises:
            BadRequest: it cannot be read.
        """
        if not text:
            return None
        found = _HEARD.fullmatch(text)
        if found is None:
            raise BadRequest("What was heard cannot be read.", hint="Send it as it was answered.")
        return cls(found.group(1), int(found.group(2)))


def heard_in(variables: Mapping[str, Any]) -> Heard | None:
    """Return what a request says that was heard, None for nothing.

    Raises:
        BadRequest: it cannot be read.
    """
    return Heard.parse(read_single(variables, "heard"))


@dataclass(frozen=True)
class ListenAnswer:
    """What a site that listens is told.

    Attributes:
        heard: what it has heard of now, as text; it comes with the next question.
        changed: whether there is something for it that it had not heard of.
        again: seconds after which it shall ask again, because it cannot listen now; None where it can.
    """

    heard: str
    changed: bool = False
    again: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the body of the answer."""
        told: dict[str, Any] = {"status": "success", "statuscode": "200", "heard": self.heard}
        if self.changed:
            told["changed"] = True
        if self.again is not None:
            told["again"] = self.again
        return told

    @classmethod
    def from_json(cls, reply: Any) -> ListenAnswer:
        """Read the body of an answer.

        Raises:
            PeerRefused: the peer says that it failed.
            ProtocolError: this is no such answer.
        """
        told = succeeded(reply)
        heard = told.get("heard")
        if not (isinstance(heard, str) and is_text(heard) and _HEARD.fullmatch(heard)):
            raise ProtocolError("The answer does not say what was heard.", remote=True)
        return cls(heard, told.get("changed") is True, as_count(told.get("again")))
