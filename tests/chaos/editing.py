"""People and programs that edit while everything breaks, and what was promised to them."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .sites import EMAIL, PASSWORD, ChaosSite, objects


@dataclass
class Promised:
    """What was acknowledged of a record that one editor alone edits.

    Attributes:
        table: its table.
        value: the last value that was acknowledged; None for a deletion.
        unknown: later values of which nobody knows.
    """

    table: str
    value: "str | None"
    unknown: "set[str | None]" = field(default_factory=set)

    @property
    def possible(self) -> "set[str | None]":
        """What the record may say in the end."""
        return {self.value, *self.unknown}


class Ledger:
    """All that was promised, and how many edits there were."""

    def __init__(self) -> None:
        self.promised: dict[str, Promised] = {}
        self.counts: "Counter[str]" = Counter()
        self._lock = threading.Lock()

    def stored(self, table: str, uuid: str, value: "str | None") -> None:
        """Note an edit that was acknowledged."""
        with self._lock:
            self.promised[uuid] = Promised(table, value)

    def perhaps(self, table: str, uuid: str, value: "str | None") -> None:
        """Note an edit of which nobody knows whether it was stored."""
        with self._lock:
            known = self.promised.get(uuid)
            if known is not None:
                known.unknown.add(value)

    def read(self, output: str) -> None:
        """Take what an editor inside a site told."""
        for told in objects(output):
            if "failed" in told:
                self.counts["local edits refused"] += 1
                continue
            self.counts["local edits"] += 1
            if told.get("uuid"):
                self.stored(told["table"], told["uuid"], told["value"])


class RestEditor(threading.Thread):
    """A program that posts to the plain resources of a site, without times.

    Args:
        site: the site.
        ledger: where it notes what was acknowledged.
        storm: number of the storm.
        until: when it ends (``time.monotonic``).
    """

    def __init__(self, site: ChaosSite, ledger: Ledger, storm: int, until: float) -> None:
        super().__init__(daemon=True)
        self._site = site
        self._ledger = ledger
        self._until = until
        self._own = f"urn:uuid:{site.name}-{storm}-rest-"
        self._random = random.Random(f"rest {site.name} {storm}")
        self._made = 0

    def run(self) -> None:
        """Edit until the time is up."""
        number = 0
        while time.monotonic() < self._until:
            number += 1
            self._edit(number)
            time.sleep(self._random.random() * 0.8)

    def _edit(self, number: int) -> None:
        if not self._made or self._random.random() < 0.3:
            self._made += 1
            uuid, shared = f"{self._own}{self._made}", False
        else:
            shared = self._random.random() < 0.2
            uuid = (
                f"urn:uuid:together-{self._random.randrange(5)}"
                if shared
                else f"{self._own}{self._random.randint(1, self._made)}"
            )
        value = f"{self._site.name} rest {number}"
        name = "" if shared else f'<data field="name">{uuid}</data>'
        document = (
            f'<s3xml><resource name="org_organisation" uuid="{uuid}">{name}'
            f'<data field="comments">{value}</data></resource></s3xml>'
        )
        if not shared and uuid not in self._ledger.promised:
            # Also where the answer is lost: then it may be there or not.
            self._ledger.stored("org_organisation", uuid, None)
        answered = self._post(document)
        self._ledger.counts["rest edits" if answered else "rest edits without answer"] += 1
        if not shared:
            note = self._ledger.stored if answered else self._ledger.perhaps
            note("org_organisation", uuid, value)

    def _post(self, document: str) -> bool:
        """Return whether it was acknowledged."""
        account = base64.b64encode(f"{EMAIL}:{PASSWORD}".encode()).decode()
        request = urllib.request.Request(
            f"{self._site.url}/org/organisation.xml",
            document.encode(),
            {"Authorization": f"Basic {account}", "Content-Type": "text/xml"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=20) as answer:
                told: Any = json.loads(answer.read())
                return bool(told.get("status") == "success")
        except (OSError, ValueError, urllib.error.HTTPError):
            return False


class Inside(threading.Thread):
    """A process inside a site, started again until the time is up whenever it was killed or lost its database.

    Args:
        site: the site.
        ledger: takes what it tells.
        until: when it ends (``time.monotonic``).
    """

    def __init__(self, site: ChaosSite, ledger: Ledger, until: float) -> None:
        super().__init__(daemon=True)
        self._site = site
        self._ledger = ledger
        self._until = until

    def run(self) -> None:
        """Keep it running until the time is up."""
        times = 0
        while (left := self._until - time.monotonic()) > 2:
            times += 1
            output, _ = self._begin(times, f"{left:.1f}").communicate()
            self._read(output)

    def _begin(self, times: int, seconds: str) -> "subprocess.Popen[str]":
        raise NotImplementedError

    def _read(self, output: str) -> None:
        raise NotImplementedError


class LocalEditor(Inside):
    """Edits as forms do.

    Args:
        storm: number of the storm.
        others: as those of ``Inside``.
    """

    def __init__(self, storm: int, *others: Any) -> None:
        super().__init__(*others)
        self._storm = storm

    def _begin(self, times: int, seconds: str) -> "subprocess.Popen[str]":
        return self._site.begin("edit", f"{self._site.name}{times}", str(self._storm), seconds)

    def _read(self, output: str) -> None:
        self._ledger.read(output)


class Runner(Inside):
    """A second worker, which wants the same repository as the first one."""

    def _begin(self, times: int, seconds: str) -> "subprocess.Popen[str]":
        self._site.runner = self._site.begin("work", str(self._site.repository_id), seconds)
        return self._site.runner

    def _read(self, output: str) -> None:
        self._ledger.counts.update(f"runs: {told['ended']}" for told in objects(output) if "ended" in told)
