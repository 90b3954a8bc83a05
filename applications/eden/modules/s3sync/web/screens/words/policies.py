"""The choices for a resource, in sentences: direction, strategy, policies."""

from __future__ import annotations

from typing import Any, NamedTuple

from ....core.policy import Method, Policy
from ....core.task import Mode
from ....site.labels import Translate


class PolicyChoice(NamedTuple):
    """One value of a rule.

    Attributes:
        value: the stored value.
        label: label of the choice.
        help: its effect, and when to choose it.
        short: a policy as a sentence, for a list.
    """

    value: str
    label: Any
    help: Any
    short: Any = ""


Choices = tuple[PolicyChoice, ...]


def modes(T: Translate) -> Choices:
    """Return the possible directions of a resource."""
    return (
        PolicyChoice(
            str(Mode.BOTH.value),
            T("Fetch and send"),
            T("Each site gets the changes of the other one. The usual choice."),
        ),
        PolicyChoice(
            str(Mode.PULL.value),
            T("Only fetch"),
            T("Changes made at the other site come here. Changes made here stay here."),
        ),
        PolicyChoice(
            str(Mode.PUSH.value),
            T("Only send"),
            T("Changes made here go to the other site. Changes made there stay there."),
        ),
        PolicyChoice(
            str(Mode.NONE.value),
            T("Pause"),
            T("Nothing travels for the time being. Later it goes on where it stopped."),
        ),
    )


def strategies(T: Translate) -> Choices:
    """Return the methods that may be allowed at the receiving site."""
    return (
        PolicyChoice(
            Method.CREATE.value,
            T("Create new records"),
            T("Without it, records that only one site has stay there."),
        ),
        PolicyChoice(
            Method.UPDATE.value,
            T("Update existing records"),
            T("Without it, records stay as they arrived first."),
        ),
        PolicyChoice(
            Method.DELETE.value,
            T("Delete records"),
            T("Without it, a record that is deleted at one site stays at the other."),
        ),
        PolicyChoice(
            Method.MERGE.value,
            T("Merge duplicates"),
            T("Without it, two records that one site made into one stay two at the other."),
        ),
    )


def update_policies(T: Translate) -> Choices:
    """Return what happens to a record that only the other site changed."""
    return (
        PolicyChoice(
            Policy.NEWER.value,
            T("take the change, unless the version here is newer"),
            T("Choose this normally."),
            T("If only one site changed a record, the newer version stays."),
        ),
        PolicyChoice(
            Policy.OTHER.value,
            T("always take the change"),
            T("Whatever its date says. For records that the other site is in charge of."),
            T("If only the other site changed a record, the change is taken."),
        ),
        PolicyChoice(
            Policy.THIS.value,
            T("never take the change"),
            T("This site's version stays and is sent back. For records that this site is in charge of."),
            T("Changes of the other site are not taken."),
        ),
        PolicyChoice(
            Policy.MASTER.value,
            T("take the change only if the record was made at the other site"),
            T("Each site keeps its own records as they are and reads those of the other."),
            T("Changes are taken only from the site where the record was made."),
        ),
    )


def conflict_policies(T: Translate) -> Choices:
    """Return what happens to a record that both sites changed since they last exchanged it."""
    return (
        PolicyChoice(
            Policy.NEWER.value,
            T("keep the newer one"),
            T("The change made last counts. Choose this normally, and keep the clocks of both sites right."),
            T("If both changed it, the newer version stays."),
        ),
        PolicyChoice(
            Policy.THIS.value,
            T("always keep ours"),
            T("For records that this site is in charge of. The other site is told to take our version."),
            T("If both changed it, ours stays."),
        ),
        PolicyChoice(
            Policy.OTHER.value,
            T("always take theirs"),
            T("For records that the other site is in charge of."),
            T("If both changed it, theirs is taken."),
        ),
        PolicyChoice(
            Policy.MASTER.value,
            T("keep the version of the site where the record was made"),
            T("For records that belong to the site that entered them."),
            T("If both changed it, the version of the site where it was made stays."),
        ),
    )


def policy_sentences(T: Translate, update_policy: Policy, conflict_policy: Policy) -> list[Any]:
    """Return the policies of a resource in short sentences for a list."""
    if update_policy is conflict_policy is Policy.NEWER:
        return [T("The newer version stays.")]
    return [
        chosen(update_policies(T), update_policy).short,
        chosen(conflict_policies(T), conflict_policy).short,
    ]


def chosen(choices: Choices, value: Mode | Policy) -> PolicyChoice:
    """Return the choice with this value."""
    return next(each for each in choices if each.value == str(value.value))
