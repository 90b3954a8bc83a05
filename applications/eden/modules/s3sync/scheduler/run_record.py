"""The record of a run: its progress, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from ..core.messages import Sentence
from ..core.task import Activity, RunState
from ..core.text import legible
from ..database import traffic as traffic
from ..exchange.line import Line
from ..exchange.run.failures import Cancelled, Failure, RunBrokenOff
from ..exchange.run.ports import Stage
from ..site import Site
from .lease import Lease, has_died
from .queue import scheduler_run_id

COUNT_COLUMNS = {"conflict": "conflicts"}
DIRECTIONS = {
    Stage.PULLING: Activity.PULL,
    Stage.IMPORTING: Activity.PULL,
    Stage.EXPORTING: Activity.PUSH,
    Stage.PUSHING: Activity.PUSH,
}

#: Minimum seconds between two writes of the progress, except for a new stage.
PROGRESS_EVERY = 1.0
#: The largest number that a column has; the other site may tell any.
MOST_TOLD = 2**31 - 1


class RunRecord:
    """A row of sync_run with the progress of a run, for the screens (the engine's ``Progress``).

    ``done``, ``total`` and ``stage_since`` are for the current resource and direction; ``details`` has the results of
    each resource so far: {resource: {"received": {outcome: records}, "sent": records}}.

    Args:
        site: this site.
        repository_id: the repository.
        user_id: the user who started it.
        manual: whether a person started it.
        lease: the lease; if it is lost, the run ends.
    """

    def __init__(
        self,
        site: Site,
        repository_id: int,
        user_id: int | None,
        manual: bool,
        lease: Lease | None = None,
    ) -> None:
        self._site = site
        self._lease = lease
        self._repository_id = repository_id
        self._told = 0.0
        self._pending: dict[str, Any] = {}
        self._sums: dict[str, int] = {}
        self._details: dict[str, dict[str, Any]] = {}
        with site.store.aside():
            self.id: int = site.db.sync_run.insert(
                repository_id=repository_id,
                started_on=site.clock.now(),
                manual=manual,
                user_id=user_id,
                state=RunState.RUNNING.value,
                scheduler_run_id=scheduler_run_id(),
                stage=Stage.STARTING.value,
            )

    def stage(self, stage: Stage, resource: str | None = None, total: int | None = None) -> None:
        """See port ``Progress``."""
        former = (self._pending.get("resource_name"), self._pending.get("direction"))
        present = (resource or former[0], DIRECTIONS.get(stage, former[1]))
        if present != former:
            self._pending.update(
                resource_name=present[0],
                direction=present[1],
                done=0,
                total=None,
                stage_since=self._site.clock.now(),
            )
        if total is not None:
            self._pending["total"] = min(total, MOST_TOLD)
        self._pending["stage"] = stage.value
        self._write()

    def advance(
        self,
        done: int = 0,
        *,
        counts: dict[str, int] | None = None,
        sent: int = 0,
        bytes_in: int = 0,
        bytes_out: int = 0,
    ) -> None:
        """See port ``Progress``."""
        if done:
            self._pending["done"] = done
        increments = {"sent": sent, "bytes_received": bytes_in, "bytes_sent": bytes_out}
        for name, count in (counts or {}).items():
            increments[COUNT_COLUMNS.get(name, name)] = count
        for name, count in increments.items():
            self._sums[name] = self._sums.get(name, 0) + count
        self._note_details(counts or {}, sent)
        self._write(if_due=True)

    def _note_details(self, counts: dict[str, int], sent: int) -> None:
        resource = self._pending.get("resource_name")
        if resource is None or not (sent or any(counts.values())):
            return
        entry = self._details.setdefault(resource, {"received": {}, "sent": 0})
        entry["sent"] += sent
        for name, count in counts.items():
            if count:
                entry["received"][name] = entry["received"].get(name, 0) + count

    def note_line(self, line: Line | None) -> None:
        """Remember how good the line was, to be stored with the end of the run; None for no line."""
        self._pending["line"] = line.to_json() or None if line is not None else None

    def check(self) -> None:
        """See port ``Progress``."""
        db = self._site.db
        if self._lease is not None:
            self._lease.ensure()
        row = db(db.sync_run.id == self.id).select(db.sync_run.cancel_requested).first()
        # Ends the read transaction: in some databases it would not see later changes.
        db.commit()
        if row is not None and row.cancel_requested:
            raise Cancelled(Sentence.STOPPED_BY_PERSON.say())

    def end(self, state: RunState, message: str, failures: Iterable[Failure] = ()) -> None:
        """Close the record.

        Args:
            state: COMPLETED, FAILED or CANCELLED.
            message: a message about the run.
            failures: the failures of the run.
        """
        self._site.db.rollback()
        self._pending.update(_ended(self._site, state, message, failures))
        with self._site.store.aside():
            self._update()
            _note_traffic(self._site, self._repository_id, self._sums)

    def _write(self, if_due: bool = False) -> None:
        now = time.monotonic()
        if if_due and now - self._told < PROGRESS_EVERY:
            return
        self._told = now
        with self._site.store.aside():
            self._update()

    def _update(self) -> None:
        db = self._site.db
        details = self._details or None
        db(db.sync_run.id == self.id).update(**self._pending, **self._sums, details=details)


def _note_traffic(site: Site, repository_id: int, sums: Mapping[str, int]) -> None:
    today = site.clock.now().date()
    traffic.note(site.db, today, repository_id, received=traffic.changes(sums), sent=sums.get("sent") or 0)


def _ended(site: Site, state: RunState, message: str, failures: Iterable[Failure]) -> dict[str, Any]:
    return {
        "state": state.value,
        "message": legible(message),
        "failures": [each.record()._asdict() for each in failures] or None,
        "stage": Stage.FINISHED.value,
        "finished_on": site.clock.now(),
    }


def end_lost(site: Site, run_id: int) -> None:
    """Close the record of a run whose worker did not do so.

    Args:
        site: this site.
        run_id: the run.
    """
    db = site.db
    lost = Failure(None, Activity.PULL, RunBrokenOff(Sentence.WORKER_LOST.say()))
    with site.store.aside():
        run = db((db.sync_run.id == run_id) & (db.sync_run.state == RunState.RUNNING)).select().first()
        if run is not None:
            run.update_record(**_ended(site, RunState.FAILED, lost.error.message, [lost]))
            _note_traffic(site, run.repository_id, run)


def request_cancel(db: Any, repository_id: int) -> int:
    """Ask the runs of a repository to stop after the current page; return how many. The caller commits."""
    asked: int = db(
        (db.sync_run.repository_id == repository_id) & (db.sync_run.state == RunState.RUNNING)
    ).update(cancel_requested=True)
    return asked


def live_run(site: Site, repository_id: int) -> int | None:
    """Return the run that a live worker is working on, None if there is none.

    Args:
        site: this site; its settings have the time without a heartbeat after which a worker counts as dead.
        repository_id: the repository.
    """
    return live_runs(site, site.db.sync_lease.repository_id == repository_id).get(repository_id)


def live_runs(site: Site, only: Any = None) -> dict[int, int]:
    """Return the runs that live workers are working on, by repository.

    Args:
        site: as in ``live_run``.
        only: pydal query for the leases, None for all.
    """
    lease = site.db.sync_lease
    stale_after = timedelta(seconds=site.host.settings.get_sync_lease_seconds())
    fresh = lease.heartbeat >= site.clock.now() - stale_after
    rows = site.db(fresh if only is None else fresh & only).select(
        lease.repository_id, lease.run_id, lease.owner
    )
    return {row.repository_id: int(row.run_id) for row in rows if row.run_id and not has_died(row.owner)}
