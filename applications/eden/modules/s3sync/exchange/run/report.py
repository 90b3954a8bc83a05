"""What a run did, and which of its tasks failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .failures import Failure


@dataclass
class RunReport:
    """What a run did.

    Attributes:
        received: outcomes here of the records that were pulled.
        sent: number of main records that were pushed.
        failures: tasks that failed.
        warnings: number of problems that were logged besides failures.
    """

    received: "Counter[str]" = field(default_factory=Counter)
    sent: int = 0
    failures: list[Failure] = field(default_factory=list)
    warnings: int = 0

    def summary(self) -> str:
        """Return a summary in one sentence; failures with the error's code, by which screens translate them."""
        parts = [f"{count} {name}" for name, count in sorted(self.received.items()) if count]
        text = f"Received: {', '.join(parts) if parts else 'nothing'}. Sent: {self.sent}."
        if self.failures:
            failed = "; ".join(
                f"{each.resource or 'repository'} ({each.mode}, {each.error.code}): {each.error.explain()}"
                for each in self.failures
            )
            text += f" Failed: {failed}"
        return text
