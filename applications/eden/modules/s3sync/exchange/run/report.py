"""What a run did, and which of its tasks failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ...core.task import Activity
from .failures import Failure


@dataclass
class RunReport:
    """What a run did.

    Attributes:
        received: outcomes here of the records that were pulled.
        sent: number of main records that were pushed.
        failures: tasks that failed.
        not_allowed: resource -> directions in which the scope of this site does not let it be exchanged there.
        warnings: number of problems that were logged besides failures.
    """

    received: "Counter[str]" = field(default_factory=Counter)
    sent: int = 0
    failures: list[Failure] = field(default_factory=list)
    not_allowed: dict[str, set[Activity]] = field(default_factory=dict)
    warnings: int = 0

    def summary(self) -> str:
        """Return a summary in one sentence; failures with the error's code, by which screens translate them."""
        parts = [f"{count} {name}" for name, count in sorted(self.received.items()) if count]
        text = f"Received: {', '.join(parts) if parts else 'nothing'}. Sent: {self.sent}."
        if self.not_allowed:
            text += f" Not allowed there: {', '.join(sorted(self.not_allowed))}."
        if self.failures:
            failed = "; ".join(
                f"{each.resource or 'repository'} ({each.mode}, {each.error.code}): {each.error.explain()}"
                for each in self.failures
            )
            text += f" Failed: {failed}"
        return text
