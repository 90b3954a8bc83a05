"""The rules of a resource's exchange: the choices, and the entered ones."""

from __future__ import annotations

from typing import Any, NamedTuple

from ....core.policy import Method, Policy
from ....core.task import Mode
from ....site import Repository
from ....site.labels import Translate
from ....site.tasks import TaskRules
from ....site.wanted import tasks as wanted_tasks
from ..words.policies import Choices, conflict_policies, modes, strategies, update_policies


class RuleChoices(NamedTuple):
    """The choices for a resource."""

    modes: Choices
    strategies: Choices
    update_policies: Choices
    conflict_policies: Choices


def rule_choices(T: Translate, repository: Repository) -> RuleChoices:
    """Return the choices for a resource, in sentences.

    Args:
        T: web2py's translator.
        repository: the repository; its type determines the directions.
    """
    possible = possible_modes(repository)
    directions = tuple(each for each in modes(T) if int(each.value) in possible)
    return RuleChoices(directions, strategies(T), update_policies(T), conflict_policies(T))


def possible_modes(repository: Repository) -> list[Mode]:
    """Return the possible directions, the default one first, and the pause.

    Args:
        repository: the repository.
    """
    return wanted_tasks.possible_modes(repository.type_capabilities)


def entered_rules(variables: Any, repository: Repository, new: bool = False) -> TaskRules:
    """Return the entered rules.

    Args:
        variables: of the request.
        repository: the repository.
        new: whether what is missing was not asked yet and stays as usual; else a box that is missing is not ticked.
    """
    usual = TaskRules()
    given = variables.strategy or []
    ticked = given if isinstance(given, list) else [given]
    possible = possible_modes(repository)
    mode = next((each for each in possible if str(each.value) == variables.mode), possible[0])
    return TaskRules(
        mode,
        bool(variables.components) or (new and "components" not in variables),
        [each for each in Method if each.value in ticked] or (list(Method) if new and not ticked else []),
        _policy(variables.update_policy, usual.update_policy),
        _policy(variables.conflict_policy, usual.conflict_policy),
    )


def _policy(given: str | None, usual: Policy) -> Policy:
    return next((each for each in Policy if each.value == given), usual)


def problems_of(T: Translate, rules: TaskRules) -> dict[str, Any]:
    """Return field -> what is wrong with its rule."""
    return {} if rules.strategy else {"strategy": T("Choose at least one.")}


def title_of(part: Any, repository: Repository) -> str:
    """Return the title of a page about one aspect of a repository."""
    return f"{part} · {repository.name}"
