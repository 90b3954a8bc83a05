"""What to do with an incoming record: a pure decision from versions and policies.

Detecting a conflict and resolving it are separate: the caller detects (``changed_here``), ``decide`` resolves. The
rules are those of Sahana Eden's synchronisation. Where Eden leaves a choice open, both sites must reach the same
result, so every rule below depends only on what both sites know.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Callable, NamedTuple

from .errors import BadRequest
from .kept import Side
from .messages import Message
from .records import Action


class Policy(str, enum.Enum):
    """Which version wins when both sites have one."""

    THIS = "THIS"
    OTHER = "OTHER"
    NEWER = "NEWER"
    MASTER = "MASTER"

    @property
    def swapped(self) -> "Policy":
        """The same policy from the other site's point of view: THIS and OTHER swapped."""
        if self is Policy.THIS:
            return Policy.OTHER
        if self is Policy.OTHER:
            return Policy.THIS
        return self

    @classmethod
    def parse(cls, text: str | None, default: "Policy") -> "Policy":
        """Read a policy from a request or a task.

        Args:
            text: THIS, OTHER, NEWER or MASTER in upper or lower case; None or empty for the default.
            default: the policy if the text is empty.

        Raises:
            BadRequest: there is no such policy.
        """
        if not text:
            return default
        try:
            return cls(text.strip().upper())
        except ValueError:
            raise BadRequest(
                f"There is no policy {text!r}.", hint="Use one of THIS, OTHER, NEWER and MASTER."
            ) from None

    @classmethod
    def read(cls, stored: str | None) -> "Policy":
        """Return the policy of a stored value, NEWER for an unknown one."""
        return next((each for each in cls if each.value == stored), cls.NEWER)


class Method(str, enum.Enum):
    """What an incoming record asks for."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    MERGE = "merge"

    @classmethod
    def read(cls, stored: Iterable[str] | None) -> "tuple[Method, ...]":
        """Return the strategy of a stored value, without unknown methods; all methods if nothing is stored."""
        known = {each.value: each for each in cls}
        return tuple(known[each] for each in stored if each in known) if stored else tuple(cls)


ALL_METHODS: frozenset[Method] = frozenset(Method)


def parse_strategy(text: str | None) -> frozenset[Method]:
    """Read a strategy: method names joined by commas; None or empty allows all.

    Raises:
        BadRequest: a method is unknown.
    """
    if not text:
        return ALL_METHODS
    methods = set()
    for name in text.split(","):
        if name.strip():
            try:
                methods.add(Method(name.strip().lower()))
            except ValueError:
                raise BadRequest(
                    f"There is no synchronisation method {name.strip()!r}.",
                    hint="A strategy lists some of create, update, delete and merge.",
                ) from None
    return frozenset(methods) or ALL_METHODS


@dataclass(frozen=True)
class Terms:
    """The rules under which a document is imported.

    Attributes:
        strategy: allowed methods; records that need another one are skipped and reported as such.
        update_policy: who wins when only the other side changed.
        conflict_policy: who wins when both sides changed since the last exchange.
        synchronise_uuids: whether a duplicate adopts the peer's uuid.
        components: whether nested components are imported.
    """

    strategy: frozenset[Method] = ALL_METHODS
    update_policy: Policy = Policy.NEWER
    conflict_policy: Policy = Policy.NEWER
    synchronise_uuids: bool = False
    components: bool = True

    @property
    def by_time(self) -> "Terms":
        """The same terms with the policy NEWER."""
        return replace(self, update_policy=Policy.NEWER, conflict_policy=Policy.NEWER)

    @property
    def swapped(self) -> "Terms":
        """The same terms from the other site's point of view, for a push."""
        return Terms(
            self.strategy,
            self.update_policy.swapped,
            self.conflict_policy.swapped,
            self.synchronise_uuids,
            self.components,
        )


class Version(NamedTuple):
    """What a decision needs to know of one version of a record.

    Attributes:
        modified_on: when it was last changed, UTC; None if unknown, which counts as older than any time.
        deleted: whether this version is a deletion.
        mci: master copy index as stored here: 0 at the site that created the record, 1 for its first copy, and so on.
            For an incoming version the index as it arrived (1: directly from the master); None if it has none.
        replaced_by: for a merge, the uuid of the surviving record.
    """

    modified_on: datetime | None
    deleted: bool = False
    mci: int | None = None
    replaced_by: str | None = None


@enum.unique
class DecisionReason(enum.Enum):
    """Why a version was taken or not; the value is the English text in reports, replies and kept versions.

    The texts are stored and on the wire: one that is reworded must still be found by ``of``.
    """

    UNKNOWN_DELETION = "The deleted record was never known here."
    ECHO = "It is our own former version, which was replaced here since."
    OWNER_DELETED = "The record it belongs to was deleted here."
    TAKEN_ALONG = (
        "It changed here, unknown to the site that deleted what it belongs to, and was deleted with it."
    )
    TOOK_ALONG = (
        "What belongs to it changed here, unknown to the site that deleted it, and was deleted with it."
    )
    ONLY_ONE = "There can be one of them, and what they belong to was merged: that of the survivor was kept."
    NO_CREATE = "The strategy of this resource does not allow to create."
    NO_UPDATE = "The strategy of this resource does not allow to update."
    NO_DELETE = "The strategy of this resource does not allow to delete."
    NO_MERGE = "The strategy of this resource does not allow to merge."
    OUT_OF_SCOPE = "Not allowed: it lies outside of what the sending site may write here."
    OTHER_TAKEN = "Policy OTHER: the other site's version was taken."
    THIS_KEPT = "Policy THIS: our version was kept."
    MASTER_ELSEWHERE = "Policy MASTER: the record does not come from the site where it was created."
    MASTER_TAKEN = "Policy MASTER: the version of the site where the record was created was taken."
    MASTER_HERE = "Policy MASTER: the record was created here, our version was kept."
    MASTER_NEITHER = "Policy MASTER: theirs is a copy too, our version was kept."
    NEWER_TAKEN = "Policy NEWER: the other site's version is newer and was taken."
    NEWER_KEPT = "Policy NEWER: our version is newer and was kept."

    @classmethod
    def of(cls, text: str | None) -> DecisionReason | None:
        """Return the reason with this English text, None if it is another text."""
        return _BY_TEXT.get(text or "")

    @property
    def code(self) -> str:
        """The code for the log."""
        return self.name.lower()

    @property
    def message(self) -> Message:
        """The reason as a message with its code."""
        return Message(self.code, self.value)


#: As they were told before, and are stored.
_FORMER_TEXTS = {
    "It changed here after the deletion of what it belongs to, and was deleted with it.": DecisionReason.TAKEN_ALONG,
    "What belongs to it changed here after its deletion, and was deleted with it.": DecisionReason.TOOK_ALONG,
}
_BY_TEXT = {**_FORMER_TEXTS, **{each.value: each for each in DecisionReason}}


_NOT_ALLOWED = {
    Method.CREATE: DecisionReason.NO_CREATE,
    Method.UPDATE: DecisionReason.NO_UPDATE,
    Method.DELETE: DecisionReason.NO_DELETE,
    Method.MERGE: DecisionReason.NO_MERGE,
}


class Decision(NamedTuple):
    """What to do with an incoming version.

    Attributes:
        action: the outcome; CREATED, UPDATED, DELETED, MERGED and CONFLICT won by theirs take the version.
        take: whether the incoming version becomes the record here.
        reason: why, for a person; empty for the plain cases.
        winner: for a conflict, the version that becomes or stays the record.
        assert_ours: whether our version must be sent again: it stays, but the peer seems to believe that we have
            another one. Without that the sites would differ for good.
        overrules: whether a policy puts the incoming version above a later one of ours; see ``Overruled``.
    """

    action: Action
    take: bool
    reason: DecisionReason | None = None
    winner: Side | None = None
    assert_ours: bool = False
    overrules: bool = False

    @property
    def reason_text(self) -> str:
        """The reason as text for reports and replies, "" for the plain cases."""
        return "" if self.reason is None else self.reason.value


_TAKEN = {
    Method.CREATE: Action.CREATED,
    Method.UPDATE: Action.UPDATED,
    Method.DELETE: Action.DELETED,
    Method.MERGE: Action.MERGED,
}

_UNCHANGED = Decision(Action.UNCHANGED, False)
_NOT_KNOWN_HERE = Decision(Action.UNCHANGED, False, DecisionReason.UNKNOWN_DELETION)


def is_newer(ours: Version, theirs: Version, tie: Callable[[], bool]) -> bool:
    """Return whether the incoming version ranks above ours, with the same result at every site.

    The later ``modified_on`` wins; at equal times a deletion wins over a live version. If that does not decide,
    ``tie`` compares the contents.

    Args:
        ours, theirs: the two versions.
        tie: returns whether their content ranks above ours; called only when needed.
    """
    if theirs.modified_on != ours.modified_on:
        if ours.modified_on is None:
            return True
        return theirs.modified_on is not None and theirs.modified_on > ours.modified_on
    if theirs.deleted != ours.deleted:
        return theirs.deleted
    return tie()


def preferred(policy: Policy, ours: int | None, theirs: int | None) -> Side | None:
    """Return the side that a policy prefers where both edited a field, None for the later edit.

    Args:
        policy: the policy.
        ours, theirs: the master copy indices, see ``Version``.
    """
    if policy is Policy.NEWER:
        return None
    taken = policy is Policy.OTHER or (policy is Policy.MASTER and bool(ours) and theirs == 1)
    return Side.THEIRS if taken else Side.OURS


def method_of(ours: Version | None, theirs: Version) -> Method:
    """Return the method that the incoming version needs."""
    if theirs.deleted:
        return Method.MERGE if theirs.replaced_by else Method.DELETE
    return Method.CREATE if ours is None else Method.UPDATE


def decide(
    ours: Version | None,
    theirs: Version,
    terms: Terms,
    *,
    changed_here: bool,
    same: bool,
    tie: Callable[[], bool],
    ruling: Policy | None = None,
) -> Decision:
    """Decide what becomes of an incoming record.

    Args:
        ours: the version here, None if there is none.
        theirs: the incoming version.
        terms: strategy and policies of the exchange.
        changed_here: whether the record changed here since the last exchange with this repository, by anyone but
            this repository.
        same: whether both versions have the same content.
        tie: see ``is_newer``.
        ruling: result of the resource's own ``onconflict`` rule, which overrides the conflict policy.

    Returns:
        the decision; its action is the outcome of the record unless writing it fails.
    """
    method = method_of(ours, theirs)
    if ours is None:
        return _decide_unknown(theirs, terms, method)
    if same:
        return _UNCHANGED
    if method not in terms.strategy:
        return Decision(Action.SKIPPED, False, _NOT_ALLOWED[method])
    policy = (ruling or terms.conflict_policy) if changed_here else terms.update_policy
    takes, reason = _apply_policy(policy, ours, theirs, tie)
    if changed_here:
        return Decision(Action.CONFLICT, takes, reason, Side.THEIRS if takes else Side.OURS)
    if takes:
        return Decision(_TAKEN[method], True)
    return Decision(Action.SKIPPED, False, reason, assert_ours=True)


def _decide_unknown(theirs: Version, terms: Terms, method: Method) -> Decision:
    if theirs.deleted:
        return _NOT_KNOWN_HERE
    if method not in terms.strategy:
        return Decision(Action.SKIPPED, False, DecisionReason.NO_CREATE)
    if terms.update_policy is Policy.MASTER and theirs.mci != 1:
        return Decision(Action.SKIPPED, False, DecisionReason.MASTER_ELSEWHERE)
    return Decision(Action.CREATED, True)


def _apply_policy(
    policy: Policy, ours: Version, theirs: Version, tie: Callable[[], bool]
) -> tuple[bool, DecisionReason | None]:
    if policy is Policy.OTHER:
        return True, DecisionReason.OTHER_TAKEN
    if policy is Policy.THIS:
        return False, DecisionReason.THIS_KEPT
    if policy is Policy.MASTER:
        if ours.mci and theirs.mci == 1:
            return True, DecisionReason.MASTER_TAKEN
        if not ours.mci:
            return False, DecisionReason.MASTER_HERE
        return False, DecisionReason.MASTER_NEITHER
    if is_newer(ours, theirs, tie):
        return True, DecisionReason.NEWER_TAKEN
    return False, DecisionReason.NEWER_KEPT
