"""The parameters of a push, and its reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ...core.cursor import Comparison, RequestNumber
from ...core.errors import BadRequest
from ...core.policy import Method, Policy, parse_strategy
from ...core.text import shown
from .names import LONGEST_JOURNAL
from .replies import as_text, as_texts, as_time, succeeded
from .times import format_msince
from .variables import query_string, read_components, read_resource, read_single


@dataclass(frozen=True)
class PushRequest:
    """How a site wants its document to be imported.

    Attributes:
        resource: name of the main table.
        repository: uuid of the sending site.
        strategy, update_policy, conflict_policy: None if not sent; THIS means the receiving site.
        components: whether to import components in the document.
        journal: identity of the sender's journal; None for an Eden.
        checkpoint: the receiver's checkpoint from the last push, "" at first; None for an Eden.
        look: whether this is a dry run: only the outcomes are answered, and nothing is stored.
        final: whether the sender has nothing more: its deletions that still wait are refused now.
        number: the sender's number of this push, None from a site without numbers.
        again: why the sender sends everything again, None if it does not.
    """

    resource: str
    repository: str | None = None
    strategy: tuple[Method, ...] | None = None
    update_policy: Policy | None = None
    conflict_policy: Policy | None = None
    components: bool = True
    journal: str | None = None
    checkpoint: str | None = None
    look: bool = False
    final: bool = False
    number: RequestNumber | None = None
    again: Comparison | None = None

    @classmethod
    def from_vars(cls, variables: Mapping[str, Any]) -> PushRequest:
        """Read a request from its URL variables.

        Raises:
            AnsweredWith200: there is no resource, or it is "mixed".
            BadRequest: a variable cannot be read, or must not be repeated.
        """
        return cls(
            resource=read_resource(variables),
            repository=read_single(variables, "repository") or None,
            strategy=_strategy(variables),
            update_policy=_policy(variables, "update_policy"),
            conflict_policy=_policy(variables, "conflict_policy"),
            components=read_components(variables),
            journal=_journal(variables),
            checkpoint=read_single(variables, "checkpoint"),
            look=read_single(variables, "look") == "1",
            final=read_single(variables, "final") == "1",
            number=RequestNumber.parse(read_single(variables, "number")),
            again=_again(variables),
        )

    def to_query(self) -> str:
        """Return the query string."""
        return query_string(
            [
                ("resource", self.resource),
                ("repository", self.repository),
                ("strategy", ",".join(each.value for each in self.strategy) if self.strategy else None),
                ("update_policy", self.update_policy and self.update_policy.value),
                ("conflict_policy", self.conflict_policy and self.conflict_policy.value),
                ("components", None if self.components else "None"),
                ("journal", self.journal),
                ("checkpoint", self.checkpoint),
                ("look", "1" if self.look else None),
                ("final", "1" if self.final else None),
                ("number", str(self.number) if self.number else None),
                ("again", self.again and self.again.value),
            ]
        )


@dataclass(frozen=True)
class PushReply:
    """The answer to a push.

    Attributes:
        records: number of main records that were not rejected.
        created, updated, deleted: ids of main records at the receiving site.
        message: a message for a person, "" for none.
        tree: S3JSON of the rejected records.
        outcomes: action -> number of main records; empty from an Eden.
        barred: names of records that the sender must not write there, not all where there are many.
        journal: identity of the receiver's journal; None from an Eden.
        checkpoint: to be sent with the next push; None from an Eden.
        restored: whether the checkpoint was unknown, so that the sender must start from the beginning.
        files: stored names of files that the receiver needs.
        time: the time by the receiver's clock (UTC).
        waiting: number of the sender's deletions, of all resources, that wait there; 0 from an Eden.
    """

    records: int = 0
    created: Sequence[int] = ()
    updated: Sequence[int] = ()
    deleted: Sequence[int] = ()
    message: str = ""
    tree: Mapping[str, Any] = field(default_factory=dict)
    outcomes: Mapping[str, int] = field(default_factory=dict)
    barred: Sequence[str] = ()
    journal: str | None = None
    checkpoint: str | None = None
    restored: bool = False
    files: Sequence[str] = ()
    time: datetime | None = None
    waiting: int = 0

    @property
    def is_ours(self) -> bool:
        """Whether the receiver has the extended protocol."""
        return self.checkpoint is not None

    def to_json(self) -> dict[str, Any]:
        """Return the body; empty values that an Eden leaves out are left out."""
        reply: dict[str, Any] = {"status": "success", "statuscode": "200", "records": self.records}
        for name in ("created", "updated", "deleted", "message"):
            if getattr(self, name):
                value = getattr(self, name)
                reply[name] = value if isinstance(value, str) else list(value)
        if self.tree:
            reply["tree"] = dict(self.tree)
        if self.barred:
            reply["barred"] = list(self.barred)
        if self.checkpoint is not None:
            reply["outcomes"] = dict(self.outcomes)
            reply["journal"] = self.journal
            reply["checkpoint"] = self.checkpoint
            reply["restored"] = self.restored
            reply["files"] = list(self.files)
            if self.waiting:
                reply["waiting"] = self.waiting
        if self.time is not None:
            reply["time"] = format_msince(self.time)
        return reply

    @classmethod
    def from_json(cls, reply: Any) -> PushReply:
        """Read a body.

        Raises:
            PeerRefused: the peer says that it failed.
            ProtocolError: this is no such reply.
        """
        told = succeeded(reply)
        tree, outcomes, records = told.get("tree"), told.get("outcomes"), told.get("records")
        return cls(
            records=records if isinstance(records, int) else 0,
            created=_ids(told.get("created")),
            updated=_ids(told.get("updated")),
            deleted=_ids(told.get("deleted")),
            message=as_text(told.get("message")),
            tree=tree if isinstance(tree, dict) else {},
            outcomes={k: v for k, v in outcomes.items() if isinstance(v, int)}
            if isinstance(outcomes, dict)
            else {},
            barred=tuple(as_texts(told.get("barred"))),
            journal=as_text(told.get("journal")) or None,
            checkpoint=told["checkpoint"] if isinstance(told.get("checkpoint"), str) else None,
            restored=told.get("restored") is True,
            files=tuple(as_texts(told.get("files"))),
            time=as_time(told.get("time")),
            waiting=_count(told.get("waiting")),
        )


def _strategy(variables: Mapping[str, Any]) -> tuple[Method, ...] | None:
    text = read_single(variables, "strategy")
    if not text:
        return None
    allowed = parse_strategy(text)
    return tuple(each for each in Method if each in allowed)


def _policy(variables: Mapping[str, Any], name: str) -> Policy | None:
    text = read_single(variables, name)
    return Policy.parse(text, Policy.NEWER) if text else None


def _again(variables: Mapping[str, Any]) -> Comparison | None:
    text = read_single(variables, "again")
    return next((each for each in Comparison if each.value == text), None)


def _journal(variables: Mapping[str, Any]) -> str | None:
    name = read_single(variables, "journal") or None
    if name is not None and len(name) > LONGEST_JOURNAL:
        raise BadRequest(f"journal cannot be read: {shown(name)!r}.", hint="Give the name of a journal.")
    return name


def _ids(value: Any) -> tuple[int, ...]:
    return tuple(each for each in value if isinstance(each, int)) if isinstance(value, list) else ()


def _count(value: Any) -> int:
    return max(0, value) if isinstance(value, int) else 0
