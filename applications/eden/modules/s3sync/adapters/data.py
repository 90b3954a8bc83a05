"""Repositories that publish data sets: a Sahana Eden, or another site of ours. This site subscribes to some of them.

What is exchanged is what the sets say; records are only fetched. See docs/PROTOCOL.md, "Data sets".
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from ..core.errors import (
    NotPermitted,
    NotS3XML,
    PeerFailed,
    PeerRefused,
    ProtocolError,
    RedirectedElsewhere,
    SyncError,
    UnsupportedFormat,
)
from ..exchange.line import Line
from ..exchange.peer import Asking, Capability, Exchange, PullResult, Remark
from ..transport.urls import application_url
from ..wire.data_sets import TAKES_ARCHIVES, PublishedSet, PublishedTask, ReadSets, Stamp, read_sets
from ..wire.protocol.names import OFFER_PATH
from ..wire.protocol.offer import Offer, read_offer
from ..wire.protocol.pull import PullRequest
from ._answers import CursorWatch, pulled
from ._of_sites.archive import Archives
from ._of_sites.site_settings import (
    CERTIFICATE,
    PASSWORD,
    PROXY,
    SYNCHRONISE_UUIDS,
    USERNAME,
    connection,
    file_address,
)
from .base import Adapter, Remote, T
from .connection_test import (
    Answer,
    ConnectionTest,
    Finding,
    Question,
    clock,
    complete,
    introduced,
    obstructed,
)
from .lines import Lines
from .settings import Kind, Setting

SETS_PATH, TASKS_PATH = "sync/dataset.xml", "sync/task.xml"
QUESTIONS = (Question.REACH, Question.KIND, Question.LOGIN, Question.CLOCK)


class DataAdapter(Adapter):
    """A site that publishes data sets."""

    apitype: ClassVar[str] = "data"
    label: ClassVar[str] = T("Data sets of another site")
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        (
            Capability.PULL,
            Capability.FILES,
            Capability.FILTERS,
            Capability.PREVIEW,
            Capability.TEST,
            Capability.DATASETS,
        )
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            "url",
            T("Address (URL)"),
            T(
                "Address of the application that publishes data sets, for example https://eden.example.org/eden"
            ),
            Kind.ADDRESS,
            required=True,
            correct=application_url,
        ),
        USERNAME,
        PASSWORD,
        PROXY,
        CERTIFICATE,
        SYNCHRONISE_UUIDS,
    )
    guide: ClassVar[tuple[str, ...]] = (
        T("Ask the people at the other site for an account with the role Synchronization."),
        T("Test the connection: nothing is saved and nothing is changed at the other site."),
        T("Save. No records travel yet."),
        T(
            "Then choose among the data sets that the other site has. What they are made up of is decided there."
        ),
    )

    def __init__(self, remote: Remote, lines: Lines) -> None:
        super().__init__(remote, lines)
        self.transport = connection(remote, lines)
        self._archives = Archives(lines, self.transport)
        self._subscribed: ReadSets | None = None

    @property
    def skew(self) -> float | None:
        """See port ``Peer``."""
        return self.transport.skew

    @property
    def line(self) -> Line:
        """See ``Adapter``."""
        return self.transport.line

    def close(self) -> None:
        """See ``Adapter``."""
        self._archives.close()
        self.transport.close()

    def greet(self) -> None:
        """See ``Adapter``."""
        self.sets(self.remote.datasets)

    def test(self, clock_warning: float) -> ConnectionTest:
        """See ``Adapter``."""
        offer = None
        try:
            self.sets()
            offer = self._offer()
        except SyncError as error:
            findings = obstructed(self.transport.explain(error), bool(self.remote.settings.get("username")))
        else:
            findings = [Finding(Question.REACH, Answer.ANSWERS), *introduced(offer, self.remote.own_uuid)]
            findings = [each for each in findings if each.question in QUESTIONS]
        if findings[0].answer is Answer.ANSWERS:
            findings.append(clock(self.skew, clock_warning))
        return complete(findings, questions=QUESTIONS)

    # --- data sets -----------------------------------------------------------------------------------

    def sets(self, codes: Sequence[str] | None = None) -> Sequence[PublishedSet]:
        """See ``Adapter``. A site of ours of before has names of resources in its offer, and nothing else."""
        return self._read(codes).sets

    def _read(self, codes: Sequence[str] | None) -> ReadSets:
        if codes is not None and not codes:
            return ReadSets((), None)
        try:
            query = f"?{TAKES_ARCHIVES}=1"
            if codes is None:
                return self._asked(SETS_PATH + query)
            named = quote(",".join(codes), safe="")
            # Sets without tasks are told by their own address only, and when an archive was made by no other.
            found = self._asked(f"{SETS_PATH}{query}&~.code={named}")
            tasks = self._asked(f"{TASKS_PATH}{query}&~.dataset_id$code={named}")
        except RedirectedElsewhere:
            raise
        except (PeerRefused, PeerFailed, NotPermitted, NotS3XML, ProtocolError, UnsupportedFormat) as error:
            offer = self._offer()
            if offer is None:
                raise error
            return ReadSets(_of_offer(offer, codes), None)
        wanted = {each.code: each for each in found.sets if each.code in codes}
        for each in tasks.sets:
            if each.code in wanted:
                wanted[each.code] = replace(wanted[each.code], tasks=each.tasks)
        return ReadSets(tuple(wanted[code] for code in sorted(wanted)), found.domain)

    def _asked(self, path: str) -> ReadSets:
        return read_sets(io.BytesIO(self.transport.get(f"{self.transport.url}/{path}").body))

    def _offer(self) -> Offer | None:
        try:
            return read_offer(self.transport.get(f"{self.transport.url}/{OFFER_PATH}").json())
        except RedirectedElsewhere:
            raise
        except (PeerRefused, NotPermitted, NotS3XML, ProtocolError):
            return None

    # --- pull ----------------------------------------------------------------------------------------

    def pull(self, exchange: Exchange, asking: Asking) -> PullResult:
        """See port ``Peer``. What was never fetched comes from the archive of its set, where there is one."""
        remarks: list[Remark] = []
        if asking.first and not asking.look and self.remote.datasets:
            archived, remark = self._archived(exchange)
            remarks += [remark] if remark is not None else []
            if archived is not None:
                archived.remarks = remarks
                return archived
        request = PullRequest(
            exchange.resource,
            # Without a name: the other site remembers nothing of who only subscribes, and another exchange with it goes
            # its own way.
            cursor=asking.cursor,
            limit=asking.limit,
            msince=asking.msince,
            components=exchange.components,
            filters=exchange.filters,
            total=asking.total,
            look=asking.look,
        )
        url = f"{self.transport.url}/sync/sync.xml?{request.to_query()}"
        watch = None if asking.receiving is None else CursorWatch(asking.receiving)
        found = pulled(self.transport.download(url, watch=watch))
        found.remarks = remarks
        return found

    def _archived(self, exchange: Exchange) -> tuple[PullResult | None, Remark | None]:
        """Return the records of a resource from an archive, None where they have to be asked for."""
        if self._subscribed is None:
            self._subscribed = self._read(self.remote.datasets)
        for of in self._subscribed.sets:
            task = next((each for each in of.tasks if each.resource == exchange.resource), None)
            if task is not None:
                if not of.archive_url:
                    return None, None
                return self._archives.document(of, task, exchange, self._subscribed.domain)
        return None, None

    # --- files ---------------------------------------------------------------------------------------

    def fetch(self, url: str, target: Path) -> None:
        """See port ``Peer``."""
        self.transport.fetch(file_address(self.transport, url), target)


def _of_offer(offer: Offer, codes: Sequence[str] | None) -> tuple[PublishedSet, ...]:
    """Return the data sets in the offer of a site of ours of before."""
    return tuple(
        PublishedSet(
            Stamp(each.code),
            each.code,
            each.name,
            tasks=tuple(
                PublishedTask(Stamp(f"{each.code}/{name}"), name, components=True) for name in each.resources
            ),
        )
        for each in offer.datasets
        if codes is None or each.code in codes
    )
