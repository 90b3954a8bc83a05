"""The reply to a dry run of a push."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...core.errors import ProtocolError
from .replies import as_count, as_text, succeeded


@dataclass(frozen=True)
class DryRunRecord:
    """The expected outcome of one record at the receiving site.

    Attributes:
        action: the expected action, see ``records.Action``.
        uuid: uuid of the record, None if it has none.
        reason: why, "" for the plain cases.
        winner: for a conflict, the version that would stay from the receiver's point of view: "ours" or "theirs".
        present: S3XML of the version at the receiving site, None if it has none.
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
    """The expected outcomes of a document, from a dry run.

    Attributes:
        looked: number of main records examined.
        outcomes: action -> number of these records.
        others: number of records that come with them (components and referenced records) and would change.
        examples: some of the records.
    """

    looked: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    others: int = 0
    examples: tuple[DryRunRecord, ...] = ()


def dry_run_json(dry_run: DryRunResult) -> dict[str, Any]:
    """Return the body of the reply to a dry run of a push."""
    return {
        "status": "success",
        "statuscode": "200",
        "looked": dry_run.looked,
        "outcomes": dry_run.outcomes,
        "others": dry_run.others,
        "examples": [
            {
                "action": each.action,
                "uuid": each.uuid,
                "reason": each.reason,
                "winner": each.winner,
                "present": each.present,
                "incoming": each.incoming,
            }
            for each in dry_run.examples
        ],
    }


def read_dry_run(reply: Any) -> DryRunResult:
    """Read the reply to a dry run of a push.

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
