"""One question for the news of all resources, and its answer.

Most questions get nothing. The answering site keeps the last one, so that it can be asked again by its digest alone:
that takes a few hundred bytes, however many resources there are. After a run that moved something only those pulls
travel that have changed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from ...core.errors import BadRequest, ProtocolError
from .prescription import DIGEST as FOLLOWED
from .pull import PullRequest
from .replies import as_count, as_texts, is_text, succeeded

#: Maximum number of resources in a question.
MOST_PULLS = 1000

#: Stands for the token of a request's number, which is another one in each question.
_ANY_TOKEN = "0"
_DIGEST = re.compile(r"[0-9a-f]{32}")
#: The beginning of a digest that tells one question of a site from another one.
_BEGINNING = re.compile(r"[0-9a-f]{8}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: Characters of a pull that is not read anew each time: a longer one is all filters, which take 35 times its length.
_REMEMBERED = 300


@dataclass(frozen=True)
class NewsQuestion:
    """A question for the news of several resources.

    Attributes:
        digest: of all pulls; the same question has the same one.
        token: random name of this request.
        pulls: the query of each pull, None for those of the last question, which had this digest.
        follows: digits of the prescription that the asking site follows, None where it follows none that may come.
        after: the beginning of the digest of the last question, where ``changes`` are all that differs from it.
        changes: those of its pulls that are others now, in their places.
    """

    digest: str
    token: str
    pulls: tuple[str, ...] | None = None
    follows: str | None = None
    after: str | None = None
    changes: tuple[str, ...] = ()

    @classmethod
    def whole(cls, requests: Sequence[PullRequest], follows: str | None = None) -> NewsQuestion:
        """Return the question for what several pulls would bring, all of them with numbers.

        Args:
            requests: the pulls.
            follows: as the attribute.
        """
        token = next((each.number.token for each in requests if each.number is not None), _ANY_TOKEN)
        pulls = tuple(_without_token(each).to_query() for each in requests)
        return cls(digest_of(pulls), token, pulls, follows)

    @property
    def short(self) -> NewsQuestion:
        """The question by its digest alone."""
        return replace(self, pulls=None)

    @property
    def memory(self) -> str:
        """What the asking site keeps of a whole question, to ask ``briefly`` the next time."""
        return " ".join([self.digest, *map(_mark, self.pulls or ())])

    def briefly(self, memory: str, *, by_changes: bool) -> NewsQuestion:
        """Return this whole question as briefly as a site understands it that remembers another one.

        Args:
            memory: of the question that it remembers, "" for none.
            by_changes: whether it can be told what has changed since.
        """
        digest, *marks = memory.split() or [""]
        if digest == self.digest:
            return self.short
        pulls = self.pulls or ()
        changes = tuple(each for each, mark in zip(pulls, marks) if _mark(each) != mark)
        if not by_changes or len(marks) != len(pulls) or len(changes) == len(pulls):
            return self
        return replace(self, pulls=None, after=digest[:8], changes=changes)

    def changed(self, digest: str, pulls: Sequence[str]) -> list[str] | None:
        """Return the pulls of a question that tells what has changed; None if it was not this that it came after.

        Args:
            digest, pulls: of the last question.
        """
        if self.after is None or not digest.startswith(self.after):
            return None
        others = {_resource(each): each for each in self.changes}
        found = [others.get(_resource(each), each) for each in pulls]
        return found if digest_of(found) == self.digest else None

    def to_body(self) -> bytes:
        """Return the body of the request."""
        told: dict[str, Any] = {"digest": self.digest, "token": self.token}
        if self.pulls is not None:
            told["pulls"] = self.pulls
        if self.follows is not None:
            told["follows"] = self.follows
        if self.after is not None:
            told.update(after=self.after, changes=self.changes)
        return json.dumps(told, separators=(",", ":")).encode("utf-8")

    @classmethod
    def from_body(cls, body: bytes) -> NewsQuestion:
        """Read the body of a request.

        Raises:
            BadRequest: it cannot be read, or asks for too much.
        """
        try:
            told = json.loads(body)
            digest, token, pulls = told["digest"], told["token"], told.get("pulls")
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise BadRequest(
                "The question cannot be read.", hint="Send JSON with a digest and a token."
            ) from error
        if not (isinstance(digest, str) and _DIGEST.fullmatch(digest)):
            raise BadRequest("The question has no digest.", hint="Send 32 hexadecimal digits.")
        if not (isinstance(token, str) and _TOKEN.fullmatch(token)):
            raise BadRequest("The question has no token.", hint="Send 64 letters and digits at most.")
        follows = told.get("follows")
        if follows is not None and not (isinstance(follows, str) and FOLLOWED.fullmatch(follows)):
            raise BadRequest("The question follows nothing known.", hint="Send 16 hexadecimal digits.")
        if pulls is not None:
            return cls(digest, token, _texts(pulls), follows)
        after = told.get("after")
        if after is None:
            return cls(digest, token, None, follows)
        if not (isinstance(after, str) and _BEGINNING.fullmatch(after)):
            raise BadRequest("The question comes after none.", hint="Send 8 hexadecimal digits.")
        return cls(digest, token, None, follows, after, _texts(told.get("changes")))

    @staticmethod
    def requests(pulls: Sequence[str]) -> list[PullRequest]:
        """Return the pulls that are asked, which ``told_by`` completes: most are answered without that.

        Args:
            pulls: their queries, those of this question or of the last one.

        Raises:
            BadRequest: one of them cannot be read, or has no cursor.
        """
        found = read_pulls(pulls)
        if any(each.cursor is None or each.look for each in found):
            raise BadRequest("News are asked for with cursors.", hint="Send an empty cursor at first.")
        return found

    def told_by(self, repository: str, request: PullRequest) -> PullRequest:
        """Return a pull of this question as the asking site would send it by itself.

        Args:
            repository: uuid of the asking site.
            request: one of ``requests``.
        """
        number = request.number
        told = None if number is None else number._replace(token=self.token)
        return replace(request, repository=repository, number=told)


def digest_of(pulls: Sequence[str]) -> str:
    """Return the digest of the pulls of a question."""
    return hashlib.sha256("\n".join(pulls).encode("utf-8")).hexdigest()[:32]


def _mark(pull: str) -> str:
    return hashlib.sha256(pull.encode("utf-8")).hexdigest()[:8]


def _resource(pull: str) -> str:
    return parse_qs(pull).get("resource", [""])[0]


def _texts(told: Any) -> tuple[str, ...]:
    found = as_texts(told)
    if not all(map(is_text, found)):
        raise BadRequest("A pull cannot be read.", hint="Send whole characters.")
    if len(found) > MOST_PULLS:
        raise BadRequest(f"The question is for more than {MOST_PULLS} resources.", hint="Send several.")
    return tuple(found)


def read_pulls(pulls: Sequence[str]) -> list[PullRequest]:
    """Return the pulls of a question from their queries.

    Raises:
        BadRequest: one of them cannot be read.
    """
    return [(_known_pull if len(each) <= _REMEMBERED else _read_pull)(each) for each in pulls]


def _read_pull(pull: str) -> PullRequest:
    return PullRequest.from_vars(parse_qs(pull, keep_blank_values=True))


#: Most questions ask the same once more: to read a query takes as long as to look for its answer.
_known_pull = lru_cache(maxsize=5000)(_read_pull)


def _without_token(request: PullRequest) -> PullRequest:
    number = request.number
    return replace(
        request,
        repository=None,
        number=None if number is None else number._replace(token=_ANY_TOKEN),
    )


@dataclass(frozen=True)
class NewsAnswer:
    """What is new. A resource that is not named has nothing.

    Attributes:
        known: whether the question is known; otherwise it has to be sent whole.
        waits: resources that have something, to be pulled one by one.
        pages: resource -> the page that a pull would have got.
        waiting: number of deletions of the asking site that wait here.
        prescribed: another prescription than the asking site follows, as it was told, with nothing else in the answer;
            None in place of it where there is none any more.
        prescribes: whether there is such a one: then nothing is said of the resources.
    """

    known: bool = True
    waits: Sequence[str] = ()
    pages: Mapping[str, str] = field(default_factory=dict)
    waiting: int = 0
    prescribed: Any = None
    prescribes: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the body of the answer."""
        told: dict[str, Any] = {"status": "success", "statuscode": "200", "waits": list(self.waits)}
        if not self.known:
            told["known"] = False
        if self.pages:
            told["pages"] = dict(self.pages)
        if self.waiting:
            told["waiting"] = self.waiting
        if self.prescribes:
            told["prescribed"] = self.prescribed
        return told

    @classmethod
    def from_json(cls, reply: Any) -> NewsAnswer:
        """Read the body of an answer.

        Raises:
            PeerRefused: the peer says that it failed.
            ProtocolError: this is no such answer.
        """
        told = succeeded(reply)
        pages = told.get("pages", {})
        if (
            not isinstance(told.get("waits"), list)
            or not isinstance(pages, dict)
            or not all(map(is_text, pages.values()))
        ):
            raise ProtocolError("The answer does not say what is new.", remote=True)
        return cls(
            told.get("known") is not False,
            as_texts(told["waits"]),
            pages,
            as_count(told.get("waiting")) or 0,
            told.get("prescribed"),
            "prescribed" in told,
        )
