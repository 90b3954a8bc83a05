"""Memory sticks between two sites of the simulation, and what happens to them."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO

from s3sync.active.carried import CarriedExchange
from s3sync.active.carried import run as run_carried
from s3sync.active.local_site import LocalSite
from s3sync.adapters.base import Remote
from s3sync.adapters.lines import Lines
from s3sync.adapters.stick import StickAdapter
from s3sync.core.errors import PeerUnreachable, SyncError
from s3sync.exchange.run.engine import Engine
from s3sync.exchange.run.failures import Cancelled, RunFailed
from s3sync.transport.sealed_storage import SealedStorage
from s3sync.transport.storage import LocalFolder
from s3sync.wire.carried.names import STATE
from s3sync.wire.carried.sealing import CHEAPEST, Cost, Seal
from s3sync.wire.carried.state import DamagedState, State

from .line import PATIENCE, Watch
from .place import Place

#: Cost of the keys of passphrases.
CHEAP = Cost(CHEAPEST)
#: How many sticks two sites have.
STICKS = 2


class PulledOut(LocalFolder):
    """A stick that is pulled out while something is written: half of it is there, under its own name.

    Args:
        root: its folder.
        after: how many files are written before.
        happened: counts how often that happened.
    """

    def __init__(self, root: Path, after: int, happened: "Counter[str]") -> None:
        super().__init__(root)
        self._left = after
        self._happened = happened
        self._torn = root

    def write(self, name: str, source: BinaryIO) -> int:
        """See port ``Storage``."""
        self._left -= 1
        if self._left >= 0:
            return super().write(name, source)
        if self._left == -1:
            text = source.read()
            self._torn.joinpath(name).write_bytes(text[: len(text) // 2])
            self._happened["stick pulled out"] += 1
        raise PeerUnreachable("The stick was pulled out.")


class Sticks:
    """The sticks of two sites.

    Args:
        folder: where they lie.
        happened: counts what happened to them.
        passphrase: with which both sites seal what they leave, "" for none.
        is_far: whether they are as a server at the end of a slow line (``CarriedAdapter.is_far``).
    """

    def __init__(
        self, folder: Path, happened: "Counter[str]", passphrase: str = "", is_far: bool = False
    ) -> None:
        self.folder = folder
        self.is_far = is_far
        self.passphrase = passphrase
        self._happened = happened
        self.sticks = [folder / f"stick{number}" for number in range(STICKS)]
        for stick in self.sticks:
            stick.mkdir(parents=True)
        self.used = 0

    @property
    def root(self) -> Path:
        """The stick that is used now."""
        return self.sticks[self.used]

    def mishap(self, rnd: random.Random) -> None:
        """Let something happen to a stick."""
        stick = rnd.choice(self.sticks)
        copy = self.folder / f"copy{rnd.randrange(3)}"
        what = rnd.choice(("copied", "old copy of a stick", "stick lost", "stick damaged", "another stick"))
        if what == "copied" or (what == "old copy of a stick" and not copy.exists()):
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(stick, copy)
            return
        self._happened[what] += 1
        if what == "old copy of a stick":
            shutil.rmtree(stick)
            shutil.copytree(copy, stick)
        elif what == "stick lost":
            shutil.rmtree(stick)
            stick.mkdir()
        elif what == "another stick":
            self.used = rnd.randrange(STICKS)
        else:
            self._damage(stick, rnd)

    def _damage(self, stick: Path, rnd: random.Random) -> None:
        files = sorted(each for each in stick.rglob("*") if each.is_file())
        if not files:
            return
        chosen = rnd.choice(files)
        text = bytearray(chosen.read_bytes())
        chance = rnd.random()
        if chance < 0.3:
            chosen.unlink()
        elif chance < 0.6 or not text:
            chosen.write_bytes(text[: len(text) // 2])
        else:
            text[rnd.randrange(len(text))] ^= 1 << rnd.randrange(8)
            chosen.write_bytes(text)

    def content(self) -> str:
        """Return what lies on the present stick, but for what each run counts up."""
        told = hashlib.sha256()
        for path in sorted(self.root.rglob(STATE)):
            state = self._state(path)
            if state is None:
                told.update(path.read_bytes())
                continue
            # A number that is not yet known there is told by the next run.
            told.update(
                repr((sorted(state.read.items()), sorted(state.pages.items()), state.wanted)).encode()
            )
        return told.hexdigest()

    def _state(self, path: Path) -> State | None:
        """Return a state, None for one that is not whole."""
        seal = Seal(self.passphrase) if self.passphrase else None
        try:
            found = SealedStorage(LocalFolder(self.root), seal).read(path.relative_to(self.root).as_posix())
            return State.from_bytes(found.read() if found is not None else b"")
        except (DamagedState, SyncError):
            return None

    def run(self, here: Place, there: Place, page_size: int, fault: str, rnd: random.Random) -> bool:
        """Let a site synchronise with the other one by the present stick; return whether it ended well."""
        repository = here.site.repository(there.uuid)
        settings = {"path": str(self.root), "passphrase": self.passphrase}
        remote = Remote(
            repository.id, there.uuid, there.name, here.uuid, here.name, settings,
            repository.capabilities,
        )  # fmt: skip
        lines = Lines(here.site.spool, here.clock, folder_roots=(self.folder,))
        adapter = StickAdapter(remote, lines)
        adapter.cost = CHEAP
        adapter.is_far = self.is_far
        if self.is_far:
            self._happened["far runs"] += 1
        if self.passphrase:
            self._happened["sealed runs"] += 1
        if fault in ("lost push", "lost pull", "cut"):
            storage = PulledOut(self.root, rnd.randrange(6), self._happened)
            adapter._opened = adapter.place_in(storage)
        watch: Any = Watch(1 + rnd.randrange(12) if fault == "broken off" else 0, self._happened)
        tasks = repository.tasks
        carried = CarriedExchange(repository, adapter, tasks, watch)
        engine = Engine(
            adapter,
            LocalSite(repository),
            tasks,
            watch,
            watch,
            page_size=page_size,
            peer_time=here.clock.now,
            retry_policy=PATIENCE,
            sleep=lambda seconds: None,
            outbox=carried,
        )
        try:
            report = run_carried(engine, carried)
            self._happened.update(
                {f"carried record {name}": count for name, count in report.received.items()}
            )
            return True
        except (RunFailed, Cancelled, SyncError):
            return False
        finally:
            here.db.commit()
