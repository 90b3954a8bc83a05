"""Kept versions, decisions by rule and the last exchange of a resource, as they are named on pages."""

from __future__ import annotations

import pytest
from gluon.storage import Storage

from s3sync.conflicts.resolve_many import WorkState
from s3sync.core.kept import KeptKind, KeptState, Resolution, Side
from s3sync.core.task import Result
from s3sync.web.screens.words import conflicts_and_log as words


@pytest.mark.parametrize(
    ("state", "decision", "kind", "label"),
    [
        (KeptState.OPEN, None, "attention", "open"),
        (KeptState.RESOLVED, Resolution.OURS, "good", "our version was used"),
        (KeptState.RESOLVED, None, "good", "decided"),
        (KeptState.SUPERSEDED, Resolution.OURS, "off", "superseded by a later version"),
        ("another", None, "off", "another"),
    ],
)
def test_a_kept_version_that_was_decided_on_has_the_decision_as_its_state(
    state: str, decision: Resolution | None, kind: str, label: str
) -> None:
    badge = str(words.kept_state(str, Storage(state=str(state), decision=decision)))
    assert f"state-{kind}" in badge and label in badge


@pytest.mark.parametrize(
    ("kind", "winner", "told"),
    [
        (KeptKind.REJECTED, None, "none: it was not taken"),
        (KeptKind.CONFLICT, Side.THEIRS, "the other site's version"),
        (KeptKind.CONFLICT, Side.OURS, "this site's version"),
        (KeptKind.REFUSED, None, "this site's version"),
    ],
)
def test_the_version_that_was_taken_is_told(kind: KeptKind, winner: Side | None, told: str) -> None:
    assert words.taken(str, Storage(kind=kind.value, winner=winner and winner.value)) == told


@pytest.mark.parametrize(
    ("state", "left_open", "kind"),
    [
        (WorkState.WAITING, 0, "waiting"),
        (WorkState.RUNNING, 3, "working"),
        (WorkState.FINISHED, 0, "good"),
        (WorkState.FINISHED, 3, "attention"),
    ],
)
def test_the_work_of_a_rule_needs_attention_where_it_left_something_open(
    state: WorkState, left_open: int, kind: str
) -> None:
    badge = str(words.work_state(str, Storage(state=state.value, left_open=left_open)))
    assert f"state-{kind}" in badge


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (Result.SUCCESS, "good"),
        (Result.WARNING, "attention"),
        (Result.ERROR, "waiting"),
        (Result.FATAL, "bad"),
        (None, "bad"),
    ],
)
def test_an_exchange_that_is_tried_again_by_itself_only_waits(result: Result | None, kind: str) -> None:
    assert f"state-{kind}" in str(words.task_result(str, result))
