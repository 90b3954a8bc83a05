"""Answers that go on where they broke off: ranges of what the peer has kept (RFC 9110, 14).

The tag of such an answer is the SHA-256 of its body as it is on the line. What is received is kept under it, the rest
is asked for with ``Range`` and ``If-Range``, and the whole is checked before anybody uses it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..core.errors import DocumentTooLarge, SyncError, TruncatedDocument
from ..core.limits import WORTH_RESUMING
from ..wire.part_store import PartStore, digest_of
from .answer import Response

_TAG = re.compile(r'"([0-9a-f]{64})"')
_LENGTH = re.compile(r"[0-9]{1,15}")
_PART = re.compile(r"bytes ([0-9]{1,15})-[0-9]{1,15}/([0-9]{1,15})")
_FROM = re.compile(r"bytes=([0-9]{1,15})-")


class Resuming:
    """What one peer's answers brought before they broke off.

    Args:
        parts: where it is kept.
        owner: key of the peer's repository.
    """

    def __init__(self, parts: PartStore, owner: int) -> None:
        self._parts = parts
        self._owner = owner
        #: Somebody on the way may change bodies and leave their tags: then answers are read as any others.
        self._trusts_tags = True
        self._of_this_run: set[str] = set()

    def asking(self, url: str) -> dict[str, str]:
        """Return the headers that ask for the rest of an answer, none if nothing of it is here.

        The last byte that is here is asked for again, so that there always is a rest.

        Args:
            url: the URL of the request.
        """
        for name in self._parts.names(self._owner, _key(url)):
            size = self._parts.size(self._owner, name)
            if size > 1 and self._trusts_tags:
                return {"Range": f"bytes={size - 1}-", "If-Range": f'"{name.rpartition("-")[2]}"'}
        return {}

    def receive(self, url: str, asked: Mapping[str, str], answer: Response, most: int) -> Path | None:
        """Receive the body of an answer, as it is on the line, behind what is here of it.

        Args:
            url: the URL of the request.
            asked: headers of the request, from ``asking``.
            answer: the answer, not read yet.
            most: maximum bytes.

        Returns:
            the whole body, to be removed by ``drop``; None if it cannot go on where it breaks off, and was not read.

        Raises:
            SyncError: it broke off; ``brought`` says how many new bytes are kept.
            TruncatedDocument: it is not what its tag says; nothing of it is kept.
        """
        tag = _TAG.fullmatch(answer.response.headers.get("ETag", ""))
        offset, total = _extent(answer)
        if answer.status == 206 and not _is_rest(asked, tag, offset):
            self.drop(url)
            raise TruncatedDocument(f"{answer.url} sent another part than it was asked for.", remote=True)
        if tag is None or total < WORTH_RESUMING or not self._trusts_tags:
            return None
        if total > most:
            raise DocumentTooLarge(f"The answer of {answer.url} has {total} bytes.", remote=True)
        name = f"{_key(url)}-{tag[1]}"
        before = self._parts.size(self._owner, name)
        if not offset:
            self.drop(url)
        if not self._parts.make_room(self._owner, name, total):
            return None
        self._of_this_run.add(url)
        if offset:
            self._parts.cut(self._owner, name, offset)
        try:
            self._parts.append(self._owner, name, offset, _bounded(answer, total - offset))
        except SyncError as error:
            # Who sends everything again was not brought further by it.
            is_new = bool(offset) or not asked
            error.brought = max(0, self._parts.size(self._owner, name) - before) if is_new else 0
            raise
        return self._checked(url, name, answer)

    def _checked(self, url: str, name: str, answer: Response) -> Path:
        path = self._parts.path(self._owner, name)
        with path.open("rb") as body:
            if digest_of(body) == name.rpartition("-")[2]:
                return path
        self.drop(url)
        self._trusts_tags = False
        raise TruncatedDocument(f"What {answer.url} sent is not what its digest says.", remote=True)

    def drop(self, url: str) -> None:
        """Remove what is here of the answer to a request."""
        self._of_this_run.discard(url)
        for name in self._parts.names(self._owner, _key(url)):
            self._parts.remove(self._owner, name)

    def keep(self, url: str) -> None:
        """Keep what is here of the answer to a request also for later runs, which will ask by the same URL."""
        self._of_this_run.discard(url)

    def close(self) -> None:
        """Remove what only this run could have gone on with."""
        for url in list(self._of_this_run):
            self.drop(url)


def _key(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8")).hexdigest()[:32]


def _extent(answer: Response) -> tuple[int, int]:
    """Return where the body of an answer begins, and how many bytes the whole has; 0 if it does not say."""
    headers = answer.response.headers
    if answer.status == 206:
        part = _PART.fullmatch(headers.get("Content-Range", ""))
        return (0, 0) if part is None else (int(part[1]), int(part[2]))
    length = _LENGTH.fullmatch(headers.get("Content-Length", ""))
    return 0, 0 if length is None else int(length[0])


def _is_rest(asked: Mapping[str, str], tag: re.Match[str] | None, offset: int) -> bool:
    """Return whether a part of an answer is what was asked for."""
    begins = _FROM.fullmatch(asked.get("Range", ""))
    return (
        tag is not None
        and begins is not None
        and (asked["If-Range"], int(begins[1])) == (tag[0], offset)
        and offset > 0
    )


def _bounded(answer: Response, most: int) -> Iterator[bytes]:
    for chunk in answer.raw():
        most -= len(chunk)
        if most < 0:
            raise TruncatedDocument(f"{answer.url} sent more bytes than it announced.", remote=True)
        yield chunk
