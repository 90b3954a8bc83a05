"""The line between two sites of the simulation: requests are handed over as text, and can get lost or cut."""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Callable
from urllib.parse import parse_qsl, unquote, urlsplit

from s3sync.core.errors import PeerUnreachable, SyncError, TruncatedDocument
from s3sync.core.retry import RetryPolicy
from s3sync.exchange.run.failures import Cancelled
from s3sync.exchange.run.ports import Stage
from s3sync.passive import files as files
from s3sync.passive import pull as pull
from s3sync.passive import push as push
from s3sync.passive import standing as standing
from s3sync.site.uploaded import upload_path
from s3sync.transport.answer import Reply
from s3sync.transport.failures import error_of
from s3sync.wire.protocol.names import STANDING_PATH
from s3sync.wire.protocol.pull import PullRequest
from s3sync.wire.protocol.push import PushRequest
from s3sync.wire.protocol.replies import failure
from s3sync.wire.protocol.standing import StandingReport, standing_reply

from .place import Place

PATIENCE = RetryPolicy(attempts=2, first_delay=0.0)
FILES = "/sync/file/"


class Line:
    """Stands in for ``transport.Transport``: hands requests over to a place in this process.

    Args:
        there: the site that answers.
        scratch: folder for spooled documents.
        fault: what goes wrong, once.
        happened: counts what went wrong and what became of the records that were pushed.
        meanwhile: called before and after each request is answered.
        loses_file: whether the next file that is sent gets lost.
    """

    url = "http://127.0.0.1/eden"
    skew = 0.0

    def __init__(
        self,
        there: Place,
        scratch: Path,
        fault: str,
        happened: "Counter[str]",
        meanwhile: Callable[[], None],
        loses_file: Callable[[], bool],
    ) -> None:
        self._there = there
        self._scratch = scratch
        self._fault = fault
        self._happened = happened
        self._meanwhile = meanwhile
        self._loses_file = loses_file
        self._count = 0
        self._answers = 0

    def close(self) -> None:
        """Nothing to close."""

    def _goes_wrong(self, fault: str) -> bool:
        if self._fault != fault:
            return False
        self._count += 1
        if self._count > PATIENCE.attempts:
            return False
        self._happened[fault] += 1
        return True

    @contextlib.contextmanager
    def _answering(self, url: str) -> Iterator[None]:
        """What the other site does for a request; its errors arrive as they do over HTTP."""
        there = self._there
        self._meanwhile()
        try:
            yield
            there.db.commit()
        except SyncError as error:
            there.db.rollback()
            status, body = failure(error)
            self._happened["file not there yet" if FILES in url else f"answered {status}"] += 1
            told = json.dumps(body, default=str).encode("utf-8")
            raise error_of(status, url, told, {}, there.clock.now()) from error
        self._meanwhile()

    def download(self, url: str) -> Reply:
        """Answer a pull."""
        query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        self._answers += 1
        path = self._scratch / f"answer-{self._answers}.xml"
        with self._answering(url), path.open("w+b") as out:
            pull.pull(self._there.site, PullRequest.from_vars(query), out)
        if self._goes_wrong("lost pull"):
            raise PeerUnreachable("The answer got lost.", remote=True)
        if self._goes_wrong("cut"):
            raise TruncatedDocument("The document is cut.", remote=True)
        return Reply(url, 200, {}, path=path)

    def send(
        self, method: str, url: str, body: bytes | Path, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Answer a push, or take a file."""
        if STANDING_PATH in url:
            return self._take_standing(url, body)
        with self._answering(url):
            answer = self._take_file(url, body) if FILES in url else self._take_push(url, body)
        if self._goes_wrong("lost push"):
            raise PeerUnreachable("The answer got lost after the work was done.", remote=True)
        return Reply(url, 200, {}, body=json.dumps(answer).encode("utf-8"))

    def _take_push(self, url: str, body: bytes | Path) -> dict[str, Any]:
        query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        content = body if isinstance(body, bytes) else body.read_bytes()
        reply = push.push(self._there.site, PushRequest.from_vars(query), io.BytesIO(content))
        self._happened.update({f"record {name}": count for name, count in reply.outcomes.items()})
        return reply.to_json()

    def _take_standing(self, url: str, body: bytes | Path) -> Reply:
        assert isinstance(body, bytes)
        query = dict(parse_qsl(urlsplit(url).query))
        with self._answering(url):
            told = standing.take(self._there.site, query["repository"], StandingReport.from_body(body))
        return Reply(url, 200, {}, body=json.dumps(standing_reply(told)).encode("utf-8"))

    def _take_file(self, url: str, body: bytes | Path) -> dict[str, Any]:
        assert isinstance(body, Path)
        if self._loses_file():
            raise PeerUnreachable("The file got lost.", remote=True)
        parts = urlsplit(url)
        with body.open("rb") as source:
            files.take_file(
                self._there.site,
                dict(parse_qsl(parts.query))["repository"],
                unquote(parts.path.rpartition("/")[2]),
                source,
            )
        self._happened["file sent"] += 1
        return {"status": "success", "message": "File received"}

    def fetch(self, url: str, target: Path) -> None:
        """Hand a file out."""
        with self._answering(url):
            path = upload_path(self._there.site, unquote(url.rpartition("/")[2]))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
        self._happened["file fetched"] += 1


class Watch:
    """Progress and log of a run; breaks it off where the history says so.

    Args:
        breaks_at: at which check, 0 for never.
        happened: counts the runs that were broken off.
    """

    def __init__(self, breaks_at: int, happened: "Counter[str]") -> None:
        self._left = breaks_at
        self._happened = happened

    def stage(self, stage: Stage, resource: str | None = None, total: int | None = None) -> None:
        """Nobody looks."""

    def advance(self, done: int = 0, **counts: Any) -> None:
        """Nobody counts."""

    def check(self) -> None:
        """Break the run off if it is time."""
        self._left -= 1
        if self._left == 0:
            self._happened["broken off"] += 1
            raise Cancelled("The history breaks the run off here.")

    def task(self, *entry: Any, **more: Any) -> None:
        """Nobody reads the log."""
