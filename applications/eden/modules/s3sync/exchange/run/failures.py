"""How a run ended that did not come to its end, and the failures of its tasks."""

from __future__ import annotations

from dataclasses import dataclass

from ...core.errors import SyncError
from ...core.messages import FailureRecord, Text, described
from ...core.task import Activity
from ...core.text import legible


@dataclass(frozen=True)
class Failure:
    """A task that failed.

    Attributes:
        resource: the name of its table, None for the repository as a whole.
        mode: the direction.
        error: what went wrong.
    """

    resource: str | None
    mode: Activity
    error: SyncError

    def record(self) -> FailureRecord:
        """Return the failure as it is stored with a run."""
        error = self.error
        params = described([error.said], error.remedy)
        return FailureRecord(
            self.resource, self.mode, error.code, legible(error.message), legible(error.hint), params
        )


class RunBrokenOff(SyncError):
    """A run was interrupted: its worker died, or an unexpected error occurred."""

    code = "run_broken_off"
    default_hint = "Nothing is lost: the next run goes on where this one stopped."


class RunFailed(SyncError):
    """A synchronisation run ended with at least one failed resource.

    Args:
        failures: the tasks that failed, in the order in which they ran.
    """

    code = "run_failed"
    default_hint = "The log of the repository names each failed resource and the remedy."

    def __init__(self, message: Text, *, failures: tuple[Failure, ...] = ()) -> None:
        super().__init__(message)
        self.failures = failures


class Cancelled(SyncError):
    """A person stopped the run; what is stored already stays."""

    code = "cancelled"
    default_hint = "Start the synchronisation again when ready; it goes on where it stopped."
