"""The resources exchanged with repositories, and what waits of each of them, here and there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from ..core.cursor import Checkpoint, CheckpointKind
from ..core.task import Mode
from ..database import own_rows as own_rows
from ..database.own_rows import Repositories
from ..exchange.peer import Capability
from ..site import Site
from ..site import exchange_state as exchange_state
from . import pending_changes as pending_changes
from .bounds import Bounds
from .pending_changes import PendingChanges


class FlowTask(NamedTuple):
    """The columns of a task for the overview."""

    id: int
    resource: str
    mode: Mode


class Flow(NamedTuple):
    """A resource exchanged with a repository.

    Attributes:
        table: name of the table.
        task: row of its task, None if only the other site pulls or pushes it.
        outgoing: number of records waiting to be sent.
        incoming: number of records waiting there, None if it is not known.
        is_fetched: whether this site fetches it; otherwise nothing can wait there for us.
        files: number of files that the other site needs from here.
        position: of our journal, up to which the other site has our changes; None if none are sent.
    """

    table: str
    task: "FlowTask" | None
    outgoing: PendingChanges
    incoming: int | None
    is_fetched: bool = True
    files: int = 0
    position: int | None = None


class Incoming(NamedTuple):
    """What waits at the other site, of several resources.

    Attributes:
        records: number of records that it has told of.
        unknown: number of resources of which it is not known.
        is_any: whether there is any resource that this site fetches, or that the other one brings.
    """

    records: int = 0
    unknown: int = 0
    is_any: bool = True

    @property
    def is_known(self) -> bool:
        """Whether the number is known."""
        return not self.unknown


def incoming_of(flows: Sequence[Flow]) -> Incoming:
    counts = [flow.incoming for flow in flows if flow.is_fetched]
    return Incoming(sum(count or 0 for count in counts), counts.count(None), bool(counts))


def present(site: Site, alias: str = "") -> str:
    """Return the condition that a row is not deleted."""
    no = "FALSE" if site.store.columns.native_booleans else "'F'"
    return f"({alias}deleted = {no} OR {alias}deleted IS NULL)"


def flows_of(
    site: Site,
    only: Repositories,
    looked_at: int,
    told: Mapping[tuple[int, str], "Told"],
    standing: Mapping[int, exchange_state.Standing],
    can: Mapping[int, frozenset[Capability]],
    bounds: Mapping[int, Bounds] = {},
) -> dict[int, list[Flow]]:
    """Return the resources exchanged with each repository, with the waiting records of those that may be exchanged."""
    tasks = {key: found for key, found in _tasks(site, only).items() if key in can}
    wanted: dict[tuple[int, str], int | None] = {}
    for repository_id, of_repository in tasks.items():
        for task in of_repository.values():
            state = told.get((repository_id, task.resource), NOTHING_TOLD)
            sends = task.mode.pushes and Capability.PUSH in can[repository_id]
            wanted[repository_id, task.resource] = state.delivered if sends else None
    for (repository_id, table), state in told.items():
        if state.is_served:
            wanted[repository_id, table] = state.delivered
        elif state.is_received:
            wanted.setdefault((repository_id, table), None)
    for repository_id, said in standing.items():
        for table in said.fetches:
            if wanted.get((repository_id, table)) is None:
                # Also where it has brought records, and was never told a cursor because there was nothing to fetch.
                wanted[repository_id, table] = told.get((repository_id, table), NOTHING_TOLD).delivered
        for table in said.changed:
            wanted.setdefault((repository_id, table), None)
    for repository_id, table in [each for each in wanted if each[0] in bounds]:
        by_us = table in tasks.get(repository_id, {})
        if not bounds[repository_id].lets_send(table, by_us=by_us):
            wanted[repository_id, table] = None
    lowest = pending_changes.lowest_of(
        (table, position) for (_, table), position in wanted.items() if position is not None
    )
    tails = pending_changes.tails(site.store, lowest, looked_at)
    flows: dict[int, list[Flow]] = {}
    for (repository_id, table), position in wanted.items():
        tail = tails.get(table, pending_changes.NOTHING)
        outgoing = PendingChanges() if position is None else tail.behind(position, repository_id)
        state = told.get((repository_id, table), NOTHING_TOLD)
        own = tasks.get(repository_id, {}).get(table)
        is_fetched = own is None or (own.mode.pulls and Capability.PULL in can.get(repository_id, ()))
        may = bounds.get(repository_id)
        is_fetched = is_fetched and (may is None or may.lets_fetch(table, by_us=own is not None))
        incoming = state.incoming
        said = standing.get(repository_id, NOTHING_SAID)
        if own is None and said.complete:
            # It has told what it has not sent.
            incoming = said.changed.get(table, 0)
        flows.setdefault(repository_id, []).append(
            Flow(table, own, outgoing, incoming, is_fetched, state.files, position)
        )
    return flows


def _tasks(site: Site, only: Repositories) -> dict[int, dict[str, FlowTask]]:
    """Return the tasks by repository and table; without pydal, which takes twenty times as long for a thousand."""
    name = site.store.columns.name
    of, keys = own_rows.among(site.store, "repository_id", only)
    sql = f"SELECT id, repository_id, resource_name, mode FROM {name('sync_task')} WHERE {present(site)} AND {of}"
    found: dict[int, dict[str, FlowTask]] = {}
    for key, repository_id, resource, mode in site.store.rows(f"{sql} ORDER BY id", keys):
        found.setdefault(repository_id, {})[resource] = FlowTask(key, resource, Mode.read(mode))
    return found


class Told(NamedTuple):
    """The checkpoints of a repository and table, evaluated.

    Attributes:
        delivered: position of our journal up to which the repository has received our changes.
        is_served, is_received: whether the other site pulls or pushes them.
        incoming: number of records waiting there, None if it is not known.
        files: number of files that the other site needs from here.
        fetched_on: when the other site last fetched something new, None if it never did.
        is_again: whether it had fetched before everything is sent again.
    """

    delivered: int = 0
    is_served: bool = False
    is_received: bool = False
    incoming: int | None = None
    files: int = 0
    fetched_on: datetime | None = None
    is_again: bool = False

    def has_begun(self, flow: Flow) -> bool:
        """Return whether the other site has confirmed anything, or brought it; an empty table needs no confirmation."""
        if self.is_received or self.delivered or self.is_again:
            return True
        return self.is_served and not flow.outgoing.count


NOTHING_TOLD = Told()
NOTHING_SAID = exchange_state.Standing()


def told_by_repository(
    site: Site, only: Repositories
) -> tuple[dict[tuple[int, str], Told], dict[int, exchange_state.Standing]]:
    """Return the evaluated checkpoints of each repository and table, and what was told of their runs."""
    stored = site.checkpoints.dated(only)
    own = site.journal.identity() if stored else ""
    found = {}
    standing: dict[int, exchange_state.Standing] = {}
    for (repository_id, table), dated in stored.items():
        states = {direction: text for direction, (text, _) in dated.items()}
        if CheckpointKind.STANDING in states:
            standing[repository_id] = exchange_state.standing(states, own)
            continue
        served = Checkpoint.from_json(states.get(CheckpointKind.SERVE))
        found[repository_id, table] = Told(
            delivered=exchange_state.delivered(states, own),
            is_served=CheckpointKind.SERVE in states,
            is_received=CheckpointKind.RECEIVE in states,
            incoming=exchange_state.pulled(states, own).waiting,
            files=len(exchange_state.pushed(states, own).files),
            fetched_on=dated[CheckpointKind.SERVE][1] if served.acknowledged else None,
            is_again=served.known > 0,
        )
    return found, standing
