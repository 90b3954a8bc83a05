"""Sites that live in one process and exchange through the real engine, adapter, serving end and store.

Only the line is replaced: requests are handed over as text, and can get lost, cut or broken off on the way. A set
of sites is made once and put back to its beginning for each history.
"""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from s3sync.active.local_site import LocalSite
from s3sync.adapters.base import Remote
from s3sync.adapters.eden import EdenAdapter
from s3sync.adapters.testing import one_line
from s3sync.core.errors import PeerUnreachable, TruncatedDocument
from s3sync.core.retry import RetryPolicy
from s3sync.exchange.run.engine import Engine
from s3sync.exchange.run.failures import Cancelled, RunFailed
from s3sync.exchange.run.ports import Stage
from s3sync.passive import pull as pull
from s3sync.passive import push as push
from s3sync.transport.answer import Reply
from s3sync.wire.protocol.pull import PullRequest
from s3sync.wire.protocol.push import PushRequest

from .history import History, Operation
from .place import Place

TASKS = ("org_organisation_type", "gis_location", "org_organisation", "org_office", "pr_person")
FILTER = "~.name__like=*0|~.name__like=*2"
NAMES = "ABCDEF"
MOST_ROUNDS = 30
PATIENCE = RetryPolicy(attempts=2, first_delay=0.0)


class Line:
    """Stands in for ``transport.Transport``: hands requests over to a place in this process.

    Args:
        there: the site that answers.
        scratch: folder for spooled documents.
        fault: what goes wrong, once.
    """

    url = "http://127.0.0.1/eden"
    skew = 0.0

    def __init__(self, there: Place, scratch: Path, fault: str) -> None:
        self._there = there
        self._scratch = scratch
        self._fault = fault
        self._count = 0
        self._answers = 0

    def close(self) -> None:
        """Nothing to close."""

    def _goes_wrong(self, fault: str) -> bool:
        if self._fault != fault:
            return False
        self._count += 1
        return self._count <= PATIENCE.attempts

    def download(self, url: str) -> Reply:
        query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        self._answers += 1
        path = self._scratch / f"answer-{self._answers}.xml"
        with path.open("w+b") as out:
            pull.pull(self._there.site, PullRequest.from_vars(query), out)
        self._there.db.commit()
        if self._goes_wrong("lost pull"):
            raise PeerUnreachable("The answer got lost.", remote=True)
        if self._goes_wrong("cut"):
            raise TruncatedDocument("The document is cut.", remote=True)
        return Reply(url, 200, {}, path=path)

    def send(
        self, method: str, url: str, body: bytes | Path, headers: Mapping[str, str] | None = None
    ) -> Reply:
        query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
        content = body if isinstance(body, bytes) else body.read_bytes()
        reply = push.push(self._there.site, PushRequest.from_vars(query), io.BytesIO(content))
        self._there.db.commit()
        if self._goes_wrong("lost push"):
            raise PeerUnreachable("The answer got lost after the work was done.", remote=True)
        return Reply(url, 200, {}, body=json.dumps(reply.to_json()).encode("utf-8"))


class Watch:
    """Progress and log of a run; breaks it off where the history says so."""

    def __init__(self, breaks_at: int) -> None:
        self._left = breaks_at

    def stage(self, stage: Stage, resource: str | None = None, total: int | None = None) -> None:
        """Nobody looks."""

    def advance(self, done: int = 0, **counts: Any) -> None:
        """Nobody counts."""

    def check(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise Cancelled("The history breaks the run off here.")

    def task(self, *entry: Any, **more: Any) -> None:
        """Nobody reads the log."""


class World:
    """All sites of a process.

    Args:
        most: how many sites histories may have.
    """

    def __init__(self, most: int = 4) -> None:
        # many small files for a moment: in memory, where there is such a place
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self._folder = Path(tempfile.mkdtemp(prefix="eden-world-", dir=memory))
        self.places = [Place(NAMES[number], self._folder / NAMES[number]) for number in range(most)]
        self.scratch = self._folder / "scratch"
        self.scratch.mkdir()
        self.happened: "Counter[str]" = Counter()

    def close(self) -> None:
        for place in self.places:
            place.db.close()
        shutil.rmtree(self._folder)

    # --- running ----------------------------------------------------------------------------------------

    def run(self, history: History) -> list[str]:
        """Run a history to its end; return what is wrong with it, nothing where all is well."""
        self._begin(history)
        for number, operation in enumerate(history.operations):
            self._do(history, number, operation)
        rounds = self._settle(history)
        self.happened["histories"] += 1
        problems = self._differences(history)
        if rounds > MOST_ROUNDS:
            problems.append(f"the sites were not quiet after {MOST_ROUNDS} rounds")
        return problems

    def _begin(self, history: History) -> None:
        for place, skew in zip(self.places, history.skews):
            place.start_over(skew)
        for here, there in history.edges:
            self._introduce(self.places[here], self.places[there], history.filtered)
            self._introduce(self.places[there], self.places[here], False, tasks=False)

    @staticmethod
    def _introduce(here: Place, there: Place, filtered: bool, tasks: bool = True) -> None:
        db = here.db
        key = db.sync_repository.insert(
            name=there.name, uuid=there.uuid, url="http://127.0.0.1/eden", capabilities=["cursor", "nulls"]
        )
        for resource in TASKS if tasks else ():
            task = db.sync_task.insert(repository_id=key, resource_name=resource)
            if filtered and resource == "org_office":
                db.sync_resource_filter.insert(task_id=task, tablename="org_office", filter_string=FILTER)
        db.commit()

    def _do(self, history: History, number: int, operation: Operation) -> None:
        self.happened[operation.what] += 1
        if operation.what == "tick":
            for place in self.places:
                place.clock.step(operation.amount)
        elif operation.what == "edit":
            self.places[operation.who].edit(number, random.Random(operation.choice))
        elif operation.what == "hand over":
            self.places[operation.who].hand_over(number, random.Random(operation.choice))
        elif operation.what == "backup":
            self.places[operation.who].take_backup()
        elif operation.what == "restore":
            self.places[operation.who].restore(with_file=bool(operation.choice & 1))
        else:
            here, there = history.edges[operation.who]
            self.happened[operation.fault] += operation.fault != "none"
            breaks_at = 1 + operation.choice % 12 if operation.fault == "broken off" else 0
            self.synchronise(
                self.places[here], self.places[there], operation.amount, operation.fault, breaks_at
            )

    def synchronise(
        self, here: Place, there: Place, page_size: int = 1000, fault: str = "none", breaks_at: int = 0
    ) -> int:
        """Let one site synchronise with another as the worker would; return how many records changed."""
        site = here.site
        repository = site.repository(there.uuid)
        before = here.site.journal.head() + there.site.journal.head()
        line: Any = Line(there, self.scratch, fault)
        remote = Remote(
            repository.id, repository.uuid, there.name, here.uuid, here.name, {"url": line.url},
            repository.capabilities,
        )  # fmt: skip
        watch: Any = Watch(breaks_at)
        engine = Engine(
            EdenAdapter(remote, one_line(line)),
            LocalSite(repository),
            repository.tasks,
            watch,
            watch,
            page_size=page_size,
            peer_time=here.clock.now,
            retry_policy=PATIENCE,
            sleep=lambda seconds: None,
        )
        try:
            engine.run()
        except (RunFailed, Cancelled):
            if fault == "none":
                raise
        finally:
            here.db.commit()
        self.happened["synchronisations"] += 1
        return here.site.journal.head() + there.site.journal.head() - before

    def _settle(self, history: History) -> int:
        """Synchronise every edge until nothing moves any more; return the rounds it took."""
        for rounds in range(1, MOST_ROUNDS + 2):
            for place in self.places:
                place.clock.step(60)
            moved = [
                self.synchronise(self.places[here], self.places[there], 50) for here, there in history.edges
            ]
            if not any(moved):
                return rounds
        return MOST_ROUNDS + 1

    def _differences(self, history: History) -> list[str]:
        known = [place.contents() for place in self.places[: history.sites]]
        problems = []
        for table, uuid in sorted({key for contents in known for key in contents}):
            if history.filtered and table == "org_office" and not self._passes(known, (table, uuid)):
                continue
            versions = [contents.get((table, uuid)) for contents in known]
            if any(version != versions[0] for version in versions) and not self._is_told(table, uuid):
                told = "; ".join(
                    f"{place.name}: {'-' if version is None else ' '.join(version)}"
                    for place, version in zip(self.places, versions)
                )
                problems.append(f"{table} {uuid}: {told}")
        return problems

    def _is_told(self, table: str, uuid: str) -> bool:
        """Return whether a person is told that sites differ here: a unique value is that of another record.

        Where a site took one of the two for the other, the rejected one is named by the uuid of the other.
        """
        meant = {uuid}.union(*(place.twins_of(table, uuid) for place in self.places))
        for place in self.places:
            kept = place.db.sync_kept
            query = (kept.tablename == table) & kept.uuid.belongs(meant)
            if not place.db(query & (kept.state == "open") & (kept.kind == "rejected")).isempty():
                self.happened["told"] += 1
                return True
        return False

    @staticmethod
    def _passes(known: list[dict[tuple[str, str], tuple[str, ...]]], key: tuple[str, str]) -> bool:
        version = next(contents[key] for contents in known if key in contents)
        return any(value.startswith("name=") and value[-1] in "02" for value in version)
