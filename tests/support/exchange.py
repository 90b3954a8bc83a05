"""Sites in one process that exchange with each other without HTTP: the real use cases, store and journal."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from s3sync.active.local_site import LocalSite
from s3sync.active.standing import StandingExchange
from s3sync.active.standing import run as run_and_tell
from s3sync.core.errors import PeerUnreachable
from s3sync.core.retry import RetryPolicy
from s3sync.exchange.peer import (
    Asking,
    Capability,
    Exchange,
    News,
    PullResult,
    PushResult,
    Refusal,
    Registration,
    Sending,
)
from s3sync.exchange.prescribed import AnotherPrescription
from s3sync.exchange.run.engine import Engine
from s3sync.exchange.run.ports import Stage, Task
from s3sync.exchange.run.report import RunReport
from s3sync.passive import dry_run as dry_run
from s3sync.passive import files as files
from s3sync.passive import news as passive_news
from s3sync.passive import offer as passive_offer
from s3sync.passive import pull as passive_pull
from s3sync.passive import push as passive_push
from s3sync.passive import pushes as passive_pushes
from s3sync.passive import registration as registration
from s3sync.passive import standing as passive_standing
from s3sync.site import Site
from s3sync.wire.protocol.dry_run import DryRunResult
from s3sync.wire.protocol.news import NewsAnswer, NewsQuestion
from s3sync.wire.protocol.offer import Offer
from s3sync.wire.protocol.pull import PullRequest
from s3sync.wire.protocol.push import PushReply, PushRequest
from s3sync.wire.protocol.pushes import Pushes, pushes_reply, read_pushes_reply
from s3sync.wire.protocol.registration import RegistrationRequest
from s3sync.wire.protocol.standing import StandingAnswer, StandingReport, read_standing_reply, standing_reply
from s3sync.wire.s3xml import DocumentReader
from s3sync.wire.s3xml.error_tree import rejected_uuids
from tests.support.standing import check_words


class DirectPeer:
    """The other site at the end of a line without length (port ``Peer``).

    Args:
        own, other: the asking and the answering site.
        eden: whether to ask as an Eden does, without cursors.
    """

    capabilities = frozenset(Capability) - {Capability.CARRIED, Capability.DATASETS}
    skew: float | None = 0.0

    def __init__(self, own: Site, other: Site, eden: bool = False) -> None:
        self.repeats_everything = False
        self.own, self.other, self.eden = own, other, eden
        self.uuid = str(own.config().uuid)
        self.lose_answers = 0
        #: Whether the other site never hears that nothing more comes, as from an older version.
        self.never_final = False
        #: Whether requests have no numbers, as from an older version.
        self.never_numbers = False
        #: How many pushes do not arrive now, and those that did not.
        self.hold_pushes = 0
        self.held: list[tuple[PushRequest, bytes]] = []
        self.sent_files: list[str] = []
        #: What this site tells of the prescription that it follows.
        self.follows: str | None = None
        #: The questions for news and the pulls that arrived.
        self.questions: list[NewsQuestion] = []
        self.pulls: list[str] = []
        #: The resources of each request with several pushes, and those that were pushed by themselves.
        self.together: list[list[str]] = []
        self.pushes: list[str] = []

    def register(self) -> Registration:
        reply = registration.register(self.other, RegistrationRequest(self.uuid, "direct"))
        return Registration(reply.sender, reply.message, reply.version, reply.capabilities)

    def offer(self) -> Offer | None:
        return None if self.eden else passive_offer.offer(self.other, self.uuid)

    def news(self, asked: Sequence[tuple[Exchange, Asking]], known: str) -> News | None:
        question = NewsQuestion.whole([self._pull_request(*each) for each in asked], self.follows)
        self.questions.append(question.briefly(known, by_changes=True))
        answer = self._answer(self.questions[-1])
        if not answer.known:
            self.questions.append(question)
            answer = self._answer(question)
        self._maybe_lose()
        if answer.prescribes:
            raise AnotherPrescription(answer.prescribed)
        pages = {name: self._spooled(page.encode()) for name, page in answer.pages.items()}
        return News(question.memory, frozenset(answer.waits), pages, answer.waiting)

    def _answer(self, question: NewsQuestion) -> NewsAnswer:
        asked = NewsQuestion.from_body(question.to_body())
        return NewsAnswer.from_json(passive_news.news(self.other, self.uuid, asked).to_json())

    def pull(self, exchange: Exchange, asking: Asking) -> PullResult:
        self.pulls.append(exchange.resource)
        out = io.BytesIO()
        passive_pull.pull(self.other, self._pull_request(exchange, asking), out)
        self._maybe_lose()
        return self._spooled(out.getvalue())

    def _pull_request(self, exchange: Exchange, asking: Asking) -> PullRequest:
        return PullRequest(
            exchange.resource,
            self.uuid,
            None if self.eden else asking.cursor,
            None if self.eden else asking.limit,
            asking.msince if self.eden and not self.repeats_everything else None,
            exchange.components,
            exchange.filters,
            None if self.eden else asking.checkpoint,
            asking.total and not self.eden,
            asking.look and not self.eden,
            None if self.eden or self.never_numbers else asking.number,
            ahead=asking.ahead or None,
        )

    def _spooled(self, document: bytes) -> PullResult:
        path = self.own.spool / f"pulled-{uuid4().hex}.xml"
        path.write_bytes(document)
        header = DocumentReader(io.BytesIO(document)).header
        return PullResult(
            path,
            is_ours=header.is_paged,
            cursor=header.cursor,
            more=header.more,
            journal=header.journal,
            restored=header.restored,
            total=header.total,
            waiting=0 if self.never_final else header.waiting,
        )

    def push(self, exchange: Exchange, document: Path, sending: Sending) -> PushResult:
        asked = self._asked(exchange, sending)
        self.pushes.append(exchange.resource)
        if self.hold_pushes:
            self.hold_pushes -= 1
            self.held.append((asked, document.read_bytes()))
            raise PeerUnreachable("The request is held on the way.")
        with document.open("rb") as source:
            reply = passive_push.push(self.other, asked, source)
        self._maybe_lose()
        return self._result(reply, exchange)

    def _result(self, reply: PushReply, exchange: Exchange) -> PushResult:
        return PushResult(
            reply.records,
            dict(reply.outcomes),
            [Refusal(exchange.resource, uuid, said) for uuid, said in rejected_uuids(reply.tree).items()],
            reply.barred,
            is_ours=not self.eden,
            journal=reply.journal,
            checkpoint=reply.checkpoint,
            restored=reply.restored,
            files=list(reply.files),
            waiting=0 if self.never_final else reply.waiting,
        )

    def push_together(self, pushes: Sequence[tuple[Exchange, bytes, Sending]]) -> list[PushResult | None]:
        if self.hold_pushes:
            return [None] * len(pushes)
        pages = [
            (replace(self._asked(exchange, sending), repository=None), document.decode())
            for exchange, document, sending in pushes
        ]
        self.together.append([each.resource for each, _ in pages])
        asked = Pushes.from_body(Pushes(pages).to_body())
        answers = read_pushes_reply(
            pushes_reply(passive_pushes.pushes(self.other, self.uuid, asked)), len(pages)
        )
        self._maybe_lose()
        return [
            self._result(PushReply.from_json(answer), exchange) if answer["status"] == "success" else None
            for answer, (exchange, _, _) in zip(answers, pushes)
        ]

    def standing(self, report: StandingReport) -> StandingAnswer | None:
        if self.eden:
            return None
        told = passive_standing.take(self.other, self.uuid, StandingReport.from_body(report.to_body()))
        return read_standing_reply(standing_reply(told))

    def dry_run(self, exchange: Exchange, document: Path, sending: Sending) -> DryRunResult | None:
        if self.eden:
            return None
        asked = self._asked(exchange, sending, look=True)
        with document.open("rb") as source:
            return dry_run.dry_run(self.other, asked, source)

    def _asked(self, exchange: Exchange, sending: Sending, look: bool = False) -> PushRequest:
        if self.never_numbers:
            sending = replace(sending, number=None, again=None)
        return PushRequest(
            exchange.resource,
            self.uuid,
            exchange.strategy,
            exchange.update_policy.swapped,
            exchange.conflict_policy.swapped,
            exchange.components,
            sending.journal,
            sending.checkpoint,
            look,
            sending.final,
            number=sending.number,
            again=sending.again,
        )

    def send_file(self, stored: str, path: Path) -> int:
        with path.open("rb") as source:
            files.take_file(self.other, self.uuid, stored, source)
        self.sent_files.append(stored)
        return path.stat().st_size

    def fetch(self, url: str, target: Path) -> None:
        source = files.sent_file(self.other, self.uuid, url.rpartition("/")[2])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())

    def let_arrive(self) -> Any:
        """Let the first push arrive that was held, and return its reply."""
        asked, document = self.held.pop(0)
        return passive_push.push(self.other, asked, io.BytesIO(document))

    def _maybe_lose(self) -> None:
        if self.lose_answers:
            self.lose_answers -= 1
            raise PeerUnreachable("The answer was lost.")


class Told:
    """Progress and log of a run, kept."""

    def __init__(self) -> None:
        self.entries: list[tuple[str | None, str, str, str]] = []

    def stage(self, stage: Stage, resource: str | None = None, total: int | None = None) -> None:
        return

    def advance(self, done: int = 0, **counts: Any) -> None:
        return

    def check(self) -> None:
        return

    def task(
        self,
        resource: str | None,
        mode: str,
        action: str,
        result: str,
        message: Any,
        *,
        details: Sequence[Any] = (),
        remote: bool = False,
        remedy: Any = "",
        code: str | None = None,
    ) -> None:
        self.entries.append((resource, mode, result, "\n".join(map(str, (message, *details)))))


class Pair:
    """A site that synchronises with another one.

    Args:
        own, other: the active and the passive site.
        tables: what is exchanged.
        page_size: most main records in a page.
        eden: whether they speak as with an Eden.
        capabilities: what the passive site announces, unless it is an Eden.
        exchange: further settings of the tasks.
    """

    def __init__(
        self,
        own: Site,
        other: Site,
        *tables: str,
        page_size: int = 3,
        eden: bool = False,
        capabilities: Sequence[str] = ("cursor", "together", "ahead"),
        **exchange: Any,
    ) -> None:
        self.own, self.other, self.page_size = own, other, page_size
        self.peer = DirectPeer(own, other, eden)
        answer = self.peer.register()
        table = own.db.sync_repository
        if own.known_repository(answer.uuid) is None:
            with own.store.transaction():
                table.insert(name="other", uuid=answer.uuid, capabilities=[] if eden else capabilities)
        self.repository = own.repository(answer.uuid)
        if eden and self.repository.capabilities:
            # It was one of ours until now.
            self.repository.update(capabilities=[])
            own.db.commit()
        self.tasks = [Task(number + 1, Exchange(name, **exchange)) for number, name in enumerate(tables)]
        self.told = Told()
        # With filters or policies of its own an exchange may leave sites different on purpose.
        self._is_plain = not exchange and not eden

    def listen(self) -> None:
        """Only pull: the other site hears of nothing."""
        speaking, plain = self.tasks, self._is_plain
        self.tasks, self._is_plain = [replace(task, pushes=False) for task in speaking], False
        self.run()
        self.tasks, self._is_plain = speaking, plain

    def run(self) -> RunReport:
        self.told.entries.clear()
        engine = Engine(
            self.peer,
            LocalSite(self.own.repository(self.repository.id)),
            self.tasks,
            self.told,
            self.told,
            page_size=self.page_size,
            peer_time=self.other.clock.now,
            retry_policy=RetryPolicy(attempts=3),
            sleep=lambda seconds: None,
            # The other site is in this process: it answers in the same thread.
            start=lambda work: work(),
        )
        standing = StandingExchange(self.own.repository(self.repository.id), self.peer, list(self.tasks))
        report = run_and_tell(engine, standing)
        if self._is_plain:
            check_words(self.own, self.other, [task.resource for task in self.tasks])
        return report
