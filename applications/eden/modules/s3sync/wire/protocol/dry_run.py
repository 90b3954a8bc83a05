"""What a site answers to a push that shall only be looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...core.errors import ProtocolError
from .replies import as_count, as_text, succeeded


@dataclass(frozen=True)
class DryRunRecord:
    """A record of which is known beforehand what would become of it at the receiving site.

    Attributes:
        action: what would become of it, see ``records.Action``.
        uuid: of the record, None where it has none.
        reason: why, "" for the plain cases.
        winner: for a conflict, whose version would stay, as the receiving site sees it: "ours" or "theirs".
        present: S3XML of the version at the receiving site, None where it has none.
        incoming: S3XML of the version that would arrive there.
    """

    action: str
    uuid: str | None
    reason: str = ""
    winner: str | None = None
    present: str | None = None
    incoming: str | None = None


@dataclass(frozen=True)
class DryRunResult:
    """What would become of the records of a document, without anything being written.

    Attributes:
        looked: main records that were looked at.
        outcomes: how many of them would meet which fate, by action.
        others: records that come along with them (components and records referred to) and would change.
        examples: some of them.
    """

    looked: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    others: int = 0
    examples: tuple[DryRunRecord, ...] = ()


def dry_run_json(forecast: DryRunResult) -> dict[str, Any]:
    """Return the body of the reply to a site that asks what would become of a document."""
    return {
        "status": "success",
        "statuscode": "200",
        "looked": forecast.looked,
        "outcomes": forecast.outcomes,
        "others": forecast.others,
        "examples": [
            {
                "action": each.action,
                "uuid": each.uuid,
                "reason": each.reason,
                "winner": each.winner,
                "present": each.present,
                "incoming": each.incoming,
            }
            for each in forecast.examples
        ],
    }


def read_dry_run(reply: Any) -> DryRunResult:
    """Read what a peer would do.

    Raises:
        PeerRefused: the peer says that it failed.
        ProtocolError: this is no such reply.
    """
    told = succeeded(reply)
    outcomes, examples = told.get("outcomes"), told.get("examples")
    if "looked" not in told or not isinstance(outcomes, dict) or not isinstance(examples, list):
        raise ProtocolError("The peer did not say what it would do.", remote=True)
    return DryRunResult(
        looked=as_count(told.get("looked")) or 0,
        outcomes={name: count for name, count in outcomes.items() if as_count(count) is not None},
        others=as_count(told.get("others")) or 0,
        examples=tuple(
            DryRunRecord(
                action=as_text(each.get("action")),
                uuid=as_text(each.get("uuid")) or None,
                reason=as_text(each.get("reason")),
                winner=as_text(each.get("winner")) or None,
                present=as_text(each.get("present")) or None,
                incoming=as_text(each.get("incoming")) or None,
            )
            for each in examples
            if isinstance(each, dict)
        ),
    )
