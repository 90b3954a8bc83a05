"""The port to another site at which this one listens, until something changes there."""

from __future__ import annotations

from typing import Protocol

from ..wire.protocol.listening import ListenAnswer


class ListenedPeer(Protocol):
    """Another site that announces the capability LISTEN."""

    def listen(self, heard: str) -> ListenAnswer | None:
        """Wait until something changes at the peer, or until its answer comes after a while.

        Args:
            heard: what was heard of before, "" for nothing.

        Returns:
            what it answers; None from one that cannot be listened to.

        Raises:
            SyncError: it cannot be reached, or refuses.
        """
        ...

    def close(self) -> None:
        """Close the connections to the peer."""
        ...
