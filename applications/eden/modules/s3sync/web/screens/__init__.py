"""The administrator's screens: a module for each, with common parts in ``context`` and ``widgets``.

A screen is a function that takes the context and returns the variables of its view; ``controllers/sync.py`` only maps
addresses to screens.
"""

__all__ = [
    "charts",
    "conflicts",
    "context",
    "datasets",
    "log",
    "menu",
    "notices",
    "overview",
    "record_history",
    "repository",
    "resources",
    "runs",
    "scopes",
    "settings",
    "stick",
    "stick_seal",
    "widgets",
    "words",
]
