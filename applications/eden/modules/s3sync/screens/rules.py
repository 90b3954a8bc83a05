"""How a resource is exchanged: what can be chosen, and what was."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..administration.tasks import Rules
from ..model import MODE_BOTH, MODE_NONE, MODE_PULL, MODE_PUSH, STRATEGIES
from ..titles import Translate
from .choices import Choices, conflict_policies, modes, strategies, update_policies


class RuleChoices(NamedTuple):
    """What can be chosen for a resource."""

    modes: Choices
    strategies: Choices
    update_policies: Choices
    conflict_policies: Choices


def rule_choices(T: Translate) -> RuleChoices:
    """Return what can be chosen for a resource, in sentences."""
    return RuleChoices(modes(T), strategies(T), update_policies(T), conflict_policies(T))


def entered_rules(variables: Any, new: bool = False) -> Rules:
    """Return the rules that were sent.

    Args:
        variables: of the request.
        new: whether what is missing was not asked yet and stays as usual; else a box that is missing is not ticked.
    """
    usual = Rules()
    given = variables.strategy or []
    ticked = given if isinstance(given, list) else [given]
    mode = str(variables.mode or "")
    return Rules(
        int(mode)
        if mode in {str(each) for each in (MODE_PULL, MODE_PUSH, MODE_BOTH, MODE_NONE)}
        else usual.mode,
        bool(variables.components) or (new and "components" not in variables),
        [each for each in STRATEGIES if each in ticked] or (list(STRATEGIES) if new and not ticked else []),
        _policy(variables.update_policy, usual.update_policy),
        _policy(variables.conflict_policy, usual.conflict_policy),
    )


def _policy(given: str | None, usual: str) -> str:
    return given if given in ("NEWER", "OTHER", "THIS", "MASTER") else usual


def problems_of(T: Translate, rules: Rules) -> dict[str, Any]:
    """Return what is wrong with rules, by field."""
    return {} if rules.strategy else {"strategy": T("Choose at least one.")}


def title_of(part: Any, repository: Any) -> str:
    """Return the title of a page about a part of a repository."""
    return f"{part} · {repository.name}"
