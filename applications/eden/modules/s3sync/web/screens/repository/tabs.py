"""The tabs of a repository, and which of them apply to its type."""

from __future__ import annotations

from typing import Any, Callable

from ....exchange.peer import Capability
from ....site import Repository
from ....site.labels import Translate
from .. import conflicts as conflicts
from .. import log as log
from .. import overview as overview
from .. import resources as resources
from .. import scopes as scopes
from ..context import ScreenContext
from . import awaited as awaited
from . import configuration as configuration
from . import preview as preview
from . import schedule as schedule
from . import sets as sets
from . import synchronise as synchronise

#: Name in the URL -> function that shows it. The last two have no tab: the overview and
#: "Synchronize now" lead to them.
PAGES: dict[str, Callable[[ScreenContext, Repository], Any]] = {
    "overview": overview.tab,
    "update": configuration.configuration,
    "sets": sets.tab,
    "task": resources.tab,
    "job": schedule.tab,
    "kept": conflicts.tab,
    "scope": scopes.tab,
    "log": log.tab,
    "now": synchronise.tab,
    "preview": preview.tab,
    "awaited": awaited.tab,
}


def tabs_of(T: Translate, repository: Repository) -> list[tuple[str, Any]]:
    """Return the names and labels of the tabs that apply to a repository.

    Args:
        T: web2py's translator.
        repository: the repository.
    """
    can = repository.type_capabilities
    exchanges = bool(can & {Capability.PULL, Capability.PUSH})
    receives = bool(can & {Capability.PULL, Capability.PASSIVE})
    labels = {
        "overview": T("Overview"),
        "update": T("Configuration"),
        "sets": T("Data sets") if Capability.DATASETS in can else None,
        "task": T("Resources"),
        "job": T("Schedule") if exchanges else None,
        "kept": T("Conflicts and rejected records") if receives else None,
        "scope": T("Scope") if Capability.PASSIVE in can else None,
        "log": T("Log"),
        "now": T("Synchronize now") if exchanges else None,
    }
    return [(name, label) for name, label in labels.items() if label is not None]


def shown(screen: ScreenContext, repository: Repository, tab: str) -> dict[str, Any]:
    """Return the variables of the frame around a tab."""
    return {
        "record": repository,
        "tab": tab,
        "tabs": tabs_of(screen.T, repository),
        "can_begin": repository.can_ask,
        "can_preview": Capability.PREVIEW in repository.type_capabilities,
    }
