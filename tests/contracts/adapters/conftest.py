"""Another site at the end of real HTTP, and adapters of an Eden that are connected with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from s3sync.adapters.base import Remote
from s3sync.adapters.eden import EdenAdapter
from s3sync.adapters.testing import OWN_UUID, one_line
from s3sync.core.clock import SystemClock
from s3sync.transport.client import Transport
from s3sync.transport.limits import Limits
from tests.support.peer import PASSWORD, USER, UUID, Answer, Asked, FakePeer, authenticated


@pytest.fixture()
def peer() -> Iterator[FakePeer]:
    with FakePeer() as server:
        yield server


@pytest.fixture()
def connect(peer: FakePeer, tmp_path: Path) -> Iterator[Callable[..., EdenAdapter]]:
    """Returns an adapter whose peer plays a role, or answers each request in one way."""
    opened = []
    spool = tmp_path / "spool"
    spool.mkdir()

    def connected(
        role: Callable[[Asked], Answer] | None = None, password: str = PASSWORD, **remote: Any
    ) -> EdenAdapter:
        if role is not None:
            peer.role = authenticated(role)
        transport = Transport(
            peer.url,
            username=USER,
            password=password,
            clock=SystemClock(),
            spool=spool,
            limits=Limits(read_timeout=3),
        )
        opened.append(
            EdenAdapter(
                Remote(1, UUID, "peer", OWN_UUID, "here", {"url": peer.url}, **remote),
                one_line(transport, spool),
            )
        )
        return opened[-1]

    yield connected
    for each in opened:
        each.close()
