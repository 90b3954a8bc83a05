"""What a site says about another one, and whether it is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

from s3sync.core.repository_state import State
from s3sync.core.task import RunState
from s3sync.monitoring import status as status

if TYPE_CHECKING:
    from .place import Place


def note_run(here: Place, there: Place, state: RunState) -> None:
    """Note how a run ended, as the worker does.

    Args:
        here: the site that began it.
        there: the other one.
        state: how it ended.
    """
    now = here.clock.now()
    here.db.sync_run.insert(
        repository_id=here.site.repository(there.uuid).id,
        started_on=now,
        finished_on=now,
        state=state.value,
        manual=False,
    )
    here.db.commit()


def says_in_step(here: Place, there: Place) -> bool:
    """Return whether a site says that it is in step with another one."""
    key = here.site.repository(there.uuid).id
    (found,) = status.statuses(here.site, only=here.db.sync_repository.id == key)
    here.db.commit()
    return found.state.condition is State.IN_STEP
