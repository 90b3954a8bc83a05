"""The small pages of several resources, pushed in one request."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from ...core.errors import BadRequest, ProtocolError
from .push import PushRequest
from .replies import is_text, succeeded

#: Maximum number of pages in a request.
MOST_PUSHES = 100


@dataclass(frozen=True)
class Pushes:
    """Several pushes, in the order in which they are taken.

    Attributes:
        pages: the request of each push, and its document.
    """

    pages: Sequence[tuple[PushRequest, str]]

    def to_body(self) -> bytes:
        """Return the body of the request."""
        pages = [[each.to_query(), document] for each, document in self.pages]
        return json.dumps(pages, separators=(",", ":")).encode("utf-8")

    @classmethod
    def from_body(cls, body: bytes) -> Pushes:
        """Read the body of a request.

        Raises:
            BadRequest: it cannot be read, or one of the pushes cannot.
        """
        try:
            told = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise BadRequest("The pushes cannot be read.", hint="Send a list in JSON.") from error
        if not (isinstance(told, list) and all(_is_page(each) for each in told)):
            raise BadRequest("The pushes cannot be read.", hint="Send a list of queries with documents.")
        if len(told) > MOST_PUSHES:
            raise BadRequest(f"There are more than {MOST_PUSHES} pushes.", hint="Send several requests.")
        pages = [
            (PushRequest.from_vars(parse_qs(query, keep_blank_values=True)), text) for query, text in told
        ]
        if any(each.checkpoint is None or each.look for each, _ in pages):
            raise BadRequest("A push with others has a checkpoint.", hint="Send an empty one at first.")
        return cls(pages)


def _is_page(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(is_text, value))


def pushes_reply(answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the body of the answer.

    Args:
        answers: what each push would have been answered.
    """
    return {"status": "success", "statuscode": "200", "answers": [dict(each) for each in answers]}


def read_pushes_reply(reply: Any, count: int) -> list[Mapping[str, Any]]:
    """Return what each push was answered.

    Args:
        reply: the JSON of the answer.
        count: number of the pushes.

    Raises:
        PeerRefused: the peer says that it failed.
        ProtocolError: this is no such answer.
    """
    answers = succeeded(reply).get("answers")
    if not isinstance(answers, list) or len(answers) != count:
        raise ProtocolError("The answer does not say what became of each push.", remote=True)
    return [each if isinstance(each, dict) else {} for each in answers]
