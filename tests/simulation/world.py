"""Sites that live in one process and exchange through the real engine, adapter, serving end and store.

Only the line is replaced (``line``). A set of sites is made once and put back to its beginning for each history.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import traceback
from collections import Counter
from pathlib import Path
from typing import Any, Callable

from s3sync.active.local_site import LocalSite
from s3sync.active.standing import StandingExchange
from s3sync.active.standing import run as run_and_tell
from s3sync.adapters.base import Remote
from s3sync.adapters.eden import EdenAdapter
from s3sync.adapters.testing import one_line
from s3sync.core.task import RunState
from s3sync.exchange.run.engine import Engine
from s3sync.exchange.run.failures import Cancelled, RunFailed
from s3sync.wire.protocol.names import CAPABILITIES as CAPABILITIES_OF_OURS
from tests.support.site import EMPTY, SampleSite

from .chance import from_seed
from .differences import differences, untrue_words
from .edits import edit
from .entered import lost_values
from .features import FEATURES, Feature
from .history import History, Operation
from .line import PATIENCE, Line, Watch
from .place import EDITED, Place
from .words import note_run

TASKS = ("org_organisation_type", "gis_location", "org_organisation", "org_office", "pr_person")
NAMES = "ABCDEF"
MOST_ROUNDS = 30
#: Seconds after which everything is due that was put off.
PAUSE = 2 * 86400
#: All of them but those for people and for who waits: a run has neither.
CAPABILITIES = sorted({*CAPABILITIES_OF_OURS} - {"look", "listen", "prescribe"})
#: Bytes from which on a document goes column by column: pages of histories are small.
FOLDED = 300


class World:
    """All sites of a process.

    Args:
        most: how many sites histories may have.

    Attributes:
        happened: how often what happened, in all histories so far.
        features: what the present history has besides.
        forgets: whether a restore of a backup lost changes in it.
        resources: what it exchanges.
        sites: the sites that take part in it.
        edges: pairs of the site that asks and the one that answers.
        watch: is told each step, None for nobody.
    """

    def __init__(self, most: int = 4) -> None:
        # many small files for a moment: in memory, where there is such a place
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self._folder = Path(tempfile.mkdtemp(prefix="eden-world-", dir=memory))
        if not EMPTY.is_known:
            # The first site of a process draws otherwise than those that are copies of it.
            SampleSite(self._folder / "first").close()
        with from_seed(NAMES):
            self.places = [Place(NAMES[number], self._folder / NAMES[number]) for number in range(most)]
        self.scratch = self._folder / "scratch"
        self.scratch.mkdir()
        self.happened: "Counter[str]" = Counter()
        self.features: list[Feature] = []
        self.forgets = False
        self.resources: tuple[str, ...] = TASKS
        self.sites = self.places
        self.edges: list[tuple[Place, Place]] = []
        self.watch: Callable[[str], None] | None = None

    def close(self) -> None:
        """Throw all sites away."""
        for place in self.places:
            place.db.close()
        shutil.rmtree(self._folder)

    # --- running ----------------------------------------------------------------------------------------

    def run(self, history: History) -> list[str]:
        """Run a history to its end; return what is wrong with it, nothing where all is well."""
        with from_seed(history.seed):
            return self._run(history)

    def _run(self, history: History) -> list[str]:
        self.happened["histories"] += 1
        problems: list[str] = []
        try:
            self.begin(history)
            for operation in history.operations:
                problems += self._do(history, operation)
                self._tell(str(operation))
            rounds = self._settle(history)
        except Exception as error:
            # It can be shrunk as any other problem; the next history begins anew.
            for place in self.sites:
                place.db.rollback()
            return ["".join(traceback.format_exception(type(error), error, error.__traceback__))]
        self._count_kept()
        problems += differences(self) + lost_values(self)
        if rounds > MOST_ROUNDS:
            problems.append(f"the sites were not quiet after {MOST_ROUNDS} rounds")
        return problems

    def _count_kept(self) -> None:
        for place in self.sites:
            table = place.db.sync_kept
            for row in place.db(table).select(table.kind):
                self.happened[f"kept {row.kind}"] += 1

    def begin(self, history: History) -> None:
        """Put all sites back to their beginning and introduce them to each other."""
        self.features = [FEATURES[name] for name in history.features]
        self.forgets = any(feature.forgets for feature in self.features)
        self.resources = (*TASKS, *(name for feature in self.features for name in feature.resources))
        self.sites = self.places[: history.sites]
        tables = dict(EDITED)
        for feature in self.features:
            tables.update(feature.tables)
        for place, skew in zip(self.sites, history.skews):
            place.start_over(skew, tables)
        self.edges = [(self.places[here], self.places[there]) for here, there in history.edges]
        for here, there in self.edges:
            self._introduce(here, there)
            self._introduce(there, here, asks=False)
        for feature in self.features:
            feature.begin(self, history)

    def _introduce(self, here: Place, there: Place, asks: bool = True) -> None:
        db = here.db
        url = Line.url if asks else None
        key = db.sync_repository.insert(name=there.name, uuid=there.uuid, url=url, capabilities=CAPABILITIES)
        for resource in self.resources if asks else ():
            db.sync_task.insert(repository_id=key, resource_name=resource)
        db.commit()

    def _do(self, history: History, operation: Operation) -> list[str]:
        """Do an operation; return what sites say after it and is not true."""
        self.happened[operation.what] += 1
        if operation.what == "tick":
            for place in self.sites:
                place.clock.step(operation.amount)
        elif operation.what == "sync":
            here, there = self.edges[operation.who]
            for feature in self.features:
                feature.before_run(operation.choice)
            breaks_at = 1 + operation.choice % 12 if operation.fault == "broken off" else 0
            self.synchronise(here, there, operation.amount, operation.fault, breaks_at)
            if operation.fault == "none" and all(feature.words_hold for feature in self.features):
                return untrue_words(self, here, there)
        elif operation.what in ("backup", "restore") and self.places[operation.who].eden is not None:
            # Nobody can know that an Eden was put back: what it had then counts as sent.
            return []
        elif operation.what == "backup":
            self.places[operation.who].take_backup()
        elif operation.what == "restore":
            self.restore(self.places[operation.who], with_file=bool(operation.choice & 1))
        else:
            self._act(operation)
        return []

    def restore(self, place: Place, *, with_file: bool) -> None:
        """Put a site back to its backup, with or without the file that lies beside the database."""
        lost = place.restore(with_file)
        self.happened["changes lost by a restore"] += lost
        self.forgets = self.forgets or lost > 0

    def _act(self, operation: Operation) -> None:
        place = self.places[operation.who]
        number = f"{place.name}{operation.number}"
        rnd = random.Random(operation.choice)
        if operation.what == "edit":
            edit(place, number, rnd)
        else:
            FEATURES[operation.what].act(self, place, number, rnd)
        place.db.commit()

    def _tell(self, step: str) -> None:
        if self.watch is not None:
            self.watch(step)

    def _meanwhile(self) -> None:
        self._tell("  before or after a request is answered")
        for feature in self.features:
            feature.meanwhile(self)

    def _loses_file(self) -> bool:
        return any(feature.loses_file(self) for feature in self.features)

    def _are_told(self) -> None:
        for feature in self.features:
            feature.told()

    def synchronise(
        self, here: Place, there: Place, page_size: int = 1000, fault: str = "none", breaks_at: int = 0
    ) -> int:
        """Let one site synchronise with another as the worker would; return how many records changed."""
        for feature in self.features:
            moved = feature.synchronise(self, here, there, page_size, fault)
            if moved is not None:
                return moved
        site = here.site
        if there.eden is not None:
            # Of an Eden nothing but its answers tells how far its clock is off.
            skew = (there.clock.now() - here.clock.now()).total_seconds()
            site.repository(there.uuid).note_contact(skew)
        repository = site.repository(there.uuid)
        before = here.site.journal.head() + there.site.journal.head()
        line: Any = Line(
            there, self.scratch, fault, self.happened, self._meanwhile, self._loses_file, self._are_told
        )
        line.whole = here.tells_no_edits or there.tells_no_edits
        if here.eden is not None:
            answered = here.eden.ask(there, line, self.resources)
            self._tell(f"{here.name}, an Eden, has asked {there.name}: {answered}")
            self.happened["asked by an Eden"] += 1
            return here.site.journal.head() + there.site.journal.head() - before
        remote = Remote(
            repository.id, repository.uuid, there.name, here.uuid, here.name, {"url": line.url},
            repository.capabilities,
        )  # fmt: skip
        watch: Any = Watch(breaks_at, self.happened)
        peer = EdenAdapter(remote, one_line(line, self.scratch))
        peer.packing.least = line.folded = FOLDED  # type: ignore[misc]
        if page_size % 2:
            # What is pushed goes in two parts.
            peer.bodies.large, peer.bodies.part = 1, 200  # type: ignore[misc]
        tasks = repository.tasks
        standing = StandingExchange(repository, peer, tasks)
        engine = Engine(
            peer,
            LocalSite(repository),
            tasks,
            watch,
            watch,
            page_size=page_size,
            peer_time=there.clock.now,
            retry_policy=PATIENCE,
            sleep=lambda seconds: None,
            # Before the present page is imported, in the same thread: the same history is the same once more.
            start=lambda work: work(),
        )
        state = RunState.COMPLETED
        try:
            report = run_and_tell(engine, standing)
            self.happened.update({f"record {name}": count for name, count in report.received.items()})
        except (RunFailed, Cancelled) as ended:
            if fault == "none":
                raise
            state = RunState.CANCELLED if isinstance(ended, Cancelled) else RunState.FAILED
        finally:
            here.db.commit()
        note_run(here, there, state)
        self._tell(f"{here.name} has synchronised with {there.name}: {state.value}")
        self.happened["synchronisations"] += 1
        return here.site.journal.head() + there.site.journal.head() - before

    def _settle(self, history: History) -> int:
        """Synchronise every edge until nothing moves any more; return the rounds it took."""
        for feature in self.features:
            feature.settle(self, history)
        puts_off = any(feature.puts_off for feature in self.features)
        for rounds in range(1, MOST_ROUNDS + 2):
            for place in self.sites:
                place.clock.step(60)
            moved = [self.synchronise(here, there, 50) for here, there in self.edges]
            if any(moved):
                continue
            if not puts_off:
                return rounds
            # What comes now has to pass on to other sites.
            puts_off = False
            for place in self.sites:
                place.clock.step(PAUSE)
        return MOST_ROUNDS + 1
