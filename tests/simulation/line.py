"""The line between two sites of the simulation: requests are handed over as text, and can get lost or cut."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Callable
from urllib.parse import parse_qsl, unquote, urlsplit

from s3sync.core.errors import (
    NoSuchRecord,
    PeerRefused,
    PeerUnreachable,
    ProtocolError,
    SyncError,
    TruncatedDocument,
)
from s3sync.core.limits import LEAST_BROUGHT
from s3sync.core.retry import RetryPolicy
from s3sync.exchange.line import Line as Measured
from s3sync.exchange.run.failures import Cancelled
from s3sync.exchange.run.ports import Stage
from s3sync.passive import files as files
from s3sync.passive import news as news
from s3sync.passive import parts as parts
from s3sync.passive import pull as pull
from s3sync.passive import push as push
from s3sync.passive import pushes as pushes
from s3sync.passive import standing as standing
from s3sync.site.uploaded import upload_path
from s3sync.transport.answer import Reply
from s3sync.transport.answer import Watch as AnswerWatch
from s3sync.transport.failures import error_of
from s3sync.wire import dictionary as dictionary
from s3sync.wire.columns import DamagedColumns, fold, unfold
from s3sync.wire.compression import DamagedPacking, gzip, is_packed, thorough
from s3sync.wire.protocol.names import CURSOR_HEADER, NEWS_PATH, PUSHES_PATH, STANDING_PATH, PeerCapability
from s3sync.wire.protocol.news import NewsQuestion
from s3sync.wire.protocol.pull import PullRequest
from s3sync.wire.protocol.push import PushRequest
from s3sync.wire.protocol.pushes import Pushes, pushes_reply
from s3sync.wire.protocol.replies import failure, part_reply
from s3sync.wire.protocol.standing import StandingReport, standing_reply

from .place import Place

PATIENCE = RetryPolicy(attempts=2, first_delay=0.0)
FILES, PARTS = "/sync/file/", "/sync/part/"
#: What tells edits, in the root and in records: an Eden and a site of ours of before neither write nor read it.
EDITS = re.compile(rb' (?:edits|sites|deletion)="[^"]*"')


class Line:
    """Stands in for ``transport.Transport``: hands requests over to a place in this process.

    Args:
        there: the site that answers.
        scratch: folder for spooled documents.
        fault: what goes wrong, once.
        happened: counts what went wrong and what became of the records that were pushed.
        meanwhile: called before and after each request is answered.
        loses_file: whether the next file that is sent gets lost.
        are_told: called when sites tell each other what has changed.

    Attributes:
        whole: whether documents tell no edits, as those of a site of ours of before.
        folded: bytes from which on an answer goes column by column to who asks for that.
        has_dictionary: whether small bodies are packed with the dictionary.
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
        are_told: Callable[[], None],
    ) -> None:
        self._there = there
        self._scratch = scratch
        self._fault = fault
        self._happened = happened
        self._meanwhile = meanwhile
        self._loses_file = loses_file
        self._are_told = are_told
        self.whole = False
        self.folded = 0
        self.has_dictionary = False
        self.line = Measured()
        self._count = 0
        self._answers = 0
        #: URL -> the answer that broke off, which the other site has kept.
        self._kept: dict[str, bytes] = {}
        #: Cursor at which a page ended -> that at which it began.
        self._begins: dict[str, str] = {}
        #: Cursors for which somebody has asked ahead.
        self._asked_behind: set[str] = set()

    def close(self) -> None:
        """Nothing to close."""

    def use_dictionary(self) -> None:
        """Pack small bodies with the dictionary from now on."""
        self.has_dictionary = True

    def forget_dictionary(self) -> None:
        """Do without it."""
        self.has_dictionary = False

    def _goes_wrong(self, fault: str) -> bool:
        if self._fault != fault:
            return False
        self._count += 1
        if self._count > PATIENCE.attempts:
            return False
        self._happened[fault] += 1
        return True

    def _loses_page(self, fault: str, cursor: str) -> bool:
        """Return whether a page gets lost that ends at a cursor."""
        loses = self._goes_wrong(fault)
        self._happened["lost with another one on its way"] += loses and cursor in self._asked_behind
        return loses

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

    def download(self, url: str, *, resumes: bool = False, watch: AnswerWatch | None = None) -> Reply:
        """Answer a pull; the same question after a break is answered by what was kept of the first answer."""
        query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        self._answers += 1
        path = self._scratch / f"answer-{self._answers}.xml"
        kept = self._kept.pop(url, None)
        if kept is not None:
            self._happened["went on with an answer"] += 1
            self._meanwhile()
            path.write_bytes(kept)
            return Reply(url, 200, {}, path=path)
        with self._answering(url), path.open("w+b") as out:
            cursor = self._write_answer(query, out)
        is_spared = self._note_ahead(query, cursor) and self._answers % 2 == 0
        if watch is not None and cursor and self._answers % 3:
            # What follows is asked for while this is on its way, and before it gets lost. Otherwise when it is here.
            watch.began({CURSOR_HEADER: cursor})
        if self.whole:
            path.write_bytes(self._without_edits(path.read_bytes()))
        if not is_spared and self._loses_page("lost pull", cursor):
            raise PeerUnreachable("The answer got lost.", remote=True)
        folds = query.get("columns") == "1" and path.stat().st_size >= self.folded and not self.whole
        packed = self._folded(path.read_bytes()) if folds else b""
        if not is_spared and self._loses_page("cut", cursor):
            cut = TruncatedDocument("The document is cut.", remote=True)
            if folds:
                # What arrived tells by itself that it is not whole.
                self._happened["answers cut that came column by column"] += 1
                with contextlib.suppress(DamagedColumns, DamagedPacking):
                    path.write_bytes(b"".join(unfold(gzip.unpack([packed[: len(packed) * 2 // 3]]))))
                    return Reply(url, 200, {}, path=path)
            if resumes and self._answers % 2:
                self._kept[url] = path.read_bytes()
                cut.brought = LEAST_BROUGHT
            raise cut
        if folds:
            path.write_bytes(b"".join(unfold(gzip.unpack([packed]))))
        return Reply(url, 200, {}, path=path)

    def _folded(self, document: bytes) -> bytes:
        """Return an answer as it is on the line."""
        packed = io.BytesIO()
        thorough.pack_chunks(fold([document]), packed)
        self._happened["answers column by column"] += 1
        return packed.getvalue()

    def _answer(self, url: str, told: Mapping[str, Any]) -> Reply:
        """Answer with JSON, as it arrives behind the line."""
        body = json.dumps(told, separators=(",", ":")).encode("utf-8")
        small = dictionary.pack(body) if self.has_dictionary else None
        if small is not None:
            self._happened["answers packed with the dictionary"] += 1
            body = b"".join(dictionary.unpack([small]))
        return Reply(url, 200, {}, body=body)

    def _note_ahead(self, query: Mapping[str, str], cursor: str) -> bool:
        """Note where a page begins and ends; return whether it was asked for two ahead."""
        stored, begins = query.get("cursor", ""), query.get("ahead", "")
        self._begins[cursor] = begins or stored
        if not begins:
            return False
        is_second = self._begins.get(begins, stored) != stored
        self._happened["asked ahead"] += 1
        self._happened["asked two ahead"] += is_second
        self._asked_behind.add(begins)
        return is_second

    def _write_answer(self, query: Mapping[str, str], out: BinaryIO) -> str:
        """Answer a pull; return where the next page begins, "" if it may not be asked for before this one is stored."""
        if self._there.eden is not None:
            self._there.eden.pull(query, out)
            return ""
        return pull.pull(self._there.site, PullRequest.from_vars(query), out).cursor

    def _without_edits(self, document: bytes) -> bytes:
        found, count = EDITS.subn(b"", document)
        self._happened["edits not told"] += count
        return found

    def send(
        self, method: str, url: str, body: bytes | Path, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Answer a push, or take a file."""
        if (headers or {}).get("Content-Encoding") == PeerCapability.DICTIONARY:
            if self.whole:
                raise PeerRefused("A site of ours of before cannot read this.", remote=True)
            assert isinstance(body, bytes)
            self._happened["requests packed with the dictionary"] += 1
            body = b"".join(dictionary.unpack([body]))
        if STANDING_PATH in url:
            return self._take_standing(url, body)
        if NEWS_PATH in url:
            return self._tell_news(url, body)
        if PUSHES_PATH in url:
            return self._take_pushes(url, body)
        if PARTS in url:
            return self._take_part(url, body)
        with self._answering(url):
            answer = self._take_file(url, body) if FILES in url else self._take_push(url, body)
        if self._goes_wrong("lost push"):
            raise PeerUnreachable("The answer got lost after the work was done.", remote=True)
        return Reply(url, 200, {}, body=json.dumps(answer).encode("utf-8"))

    def _tell_news(self, url: str, body: bytes | Path) -> Reply:
        assert isinstance(body, bytes)
        if self.whole or self._there.eden is not None:
            raise PeerRefused("Neither an Eden nor a site of ours of before has this address.", remote=True)
        query = dict(parse_qsl(urlsplit(url).query))
        with self._answering(url):
            asked = NewsQuestion.from_body(unpacked(body))
            told = news.news(self._there.site, query["repository"], asked)
        self._happened["news by digest" if asked.pulls is None else "news"] += 1
        self._happened["pages with news"] += len(told.pages)
        if self._goes_wrong("lost pull"):
            raise PeerUnreachable("The answer got lost.", remote=True)
        return self._answer(url, told.to_json())

    def _take_pushes(self, url: str, body: bytes | Path) -> Reply:
        assert isinstance(body, bytes)
        if self.whole or self._there.eden is not None:
            raise PeerRefused("Neither an Eden nor a site of ours of before has this address.", remote=True)
        query = dict(parse_qsl(urlsplit(url).query))
        with self._answering(url):
            told = pushes.pushes(self._there.site, query["repository"], Pushes.from_body(unpacked(body)))
        self._happened["pages pushed together"] += len(told)
        for each in told:
            self._happened.update(
                {f"record {name}": count for name, count in each.get("outcomes", {}).items()}
            )
        if self._goes_wrong("lost push"):
            raise PeerUnreachable("The answer got lost after the work was done.", remote=True)
        return self._answer(url, pushes_reply(told))

    def get(self, url: str) -> Reply:
        """Tell how much of a body is there."""
        return self._take_part(url, b"")

    def _take_part(self, url: str, body: bytes | Path) -> Reply:
        assert isinstance(body, bytes)
        digest, query = url.partition(PARTS)[2].partition("?")[0], dict(parse_qsl(urlsplit(url).query))
        site = self._there.site
        with self._answering(url):
            if body:
                offset, size = int(query["offset"]), int(query["size"])
                have = parts.take_part(site, query["repository"], digest, offset, size, io.BytesIO(body))
                self._happened["parts of a push"] += 1
            else:
                have = parts.there(site, query["repository"], digest)
        if body and self._goes_wrong("lost push"):
            raise PeerUnreachable("The answer got lost after the part was taken.", remote=True)
        return Reply(url, 200, {}, body=json.dumps(part_reply(have)).encode("utf-8"))

    def _sent_before(self, url: str) -> bytes:
        query = dict(parse_qsl(urlsplit(url).query))
        with parts.opened(self._there.site, query["repository"], query["body"]) as source:
            return source.read()

    def _take_push(self, url: str, body: bytes | Path) -> Mapping[str, Any]:
        query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        sent = unpacked(body or self._sent_before(url))
        content = b"".join(unfold([sent]))
        self._happened["documents column by column"] += content != sent
        if self.whole:
            content = self._without_edits(content)
        if self._there.eden is not None:
            return self._there.eden.push(query, content)
        reply = push.push(self._there.site, PushRequest.from_vars(query), io.BytesIO(content))
        self._happened.update({f"record {name}": count for name, count in reply.outcomes.items()})
        return reply.to_json()

    def _take_standing(self, url: str, body: bytes | Path) -> Reply:
        assert isinstance(body, bytes)
        query = dict(parse_qsl(urlsplit(url).query))
        self._are_told()
        with self._answering(url):
            if self._there.eden is not None:
                raise NoSuchRecord("invalid request")
            told = standing.take(
                self._there.site, query["repository"], StandingReport.from_body(unpacked(body))
            )
        return self._answer(url, standing_reply(told))

    def _take_file(self, url: str, body: bytes | Path) -> dict[str, Any]:
        if self._loses_file():
            raise PeerUnreachable("The file got lost.", remote=True)
        address = urlsplit(url)
        # After a break it comes in parts, also if it is small.
        content = body.read_bytes() if isinstance(body, Path) else self._sent_before(url)
        files.take_file(
            self._there.site,
            dict(parse_qsl(address.query))["repository"],
            unquote(address.path.rpartition("/")[2]),
            io.BytesIO(content),
        )
        self._happened["file sent"] += 1
        return {"status": "success", "message": "File received"}

    def fetch(self, url: str, target: Path, *, resumes: bool = False) -> None:
        """Hand a file out, under the address that is entered for the site and no other, as the real one does."""
        if not url.startswith(f"{self.url}/"):
            raise ProtocolError(f"{url} is not at {self.url}.", remote=True)
        with self._answering(url):
            path = upload_path(self._there.site, unquote(urlsplit(url).path.rpartition("/")[2]))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
        self._happened["file fetched"] += 1


def unpacked(body: bytes | Path) -> bytes:
    """Return the body of a request as the interface reads it."""
    content = body if isinstance(body, bytes) else body.read_bytes()
    return b"".join(gzip.unpack([content])) if is_packed(content[:2]) else content


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
