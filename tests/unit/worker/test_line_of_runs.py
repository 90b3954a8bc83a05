"""What a run keeps of the line that it had."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.core.errors import PeerRefused
from s3sync.exchange.line import Line
from s3sync.exchange.run.failures import RunFailed
from tests.support.jobs import World


def test_how_good_the_line_was_is_kept_with_the_run_however_it_ended(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.peer.line = Line(connections=1, connect=0.61, requests=2, quickest=0.6)
    world.run()
    told = world.last.line
    assert Line.from_json(told) == world.peer.line
    world.peer.line = None
    world.run()
    assert world.last.line is None
    world.peer.line, world.peer.fails = Line(connections=3), PeerRefused("no")
    with pytest.raises(RunFailed):
        world.run()
    assert world.last.line == {"connections": 3}
