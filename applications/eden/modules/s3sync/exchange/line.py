"""How good the line to another site was during a run: measured by whoever asks, kept with the run, shown to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

#: Bytes of an answer from which on its speed says something of the line.
TELLING = 20_000


@dataclass
class Line:
    """What was measured. Seconds of several connections are added up.

    Attributes:
        connections: how many were made.
        lookup: seconds for the address of the other site's name.
        connect: seconds for the connections themselves.
        secure: seconds for TLS, and for the way through a proxy.
        requests: how many were answered.
        quickest: seconds to the first byte of the quickest answer, None before the first.
        received, receiving: bytes of large answers, and the seconds that they took.
    """

    connections: int = 0
    lookup: float = 0.0
    connect: float = 0.0
    secure: float = 0.0
    requests: int = 0
    quickest: float | None = None
    received: int = 0
    receiving: float = 0.0

    def answered(self, seconds: float) -> None:
        """Note an answer.

        Args:
            seconds: from the question to the first byte, the connection not counted.
        """
        self.requests += 1
        self.quickest = seconds if self.quickest is None else min(self.quickest, seconds)

    def brought(self, size: int, seconds: float) -> None:
        """Note the body of an answer; small ones say nothing of the speed.

        Args:
            size: bytes on the line.
            seconds: from its first byte to its last.
        """
        if size >= TELLING and seconds > 0:
            self.received += size
            self.receiving += seconds

    @property
    def connecting(self) -> float:
        """Seconds for all connections."""
        return self.lookup + self.connect + self.secure

    @property
    def rate(self) -> float | None:
        """Bytes a second of large answers, None if there were none."""
        return self.received / self.receiving if self.receiving else None

    def to_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        told = {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }
        return {name: value for name, value in told.items() if value}

    @classmethod
    def from_json(cls, told: Mapping[str, Any] | None) -> Line | None:
        """Return a stored one, None where nothing was measured."""
        if not told:
            return None
        names = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in told.items() if name in names})
