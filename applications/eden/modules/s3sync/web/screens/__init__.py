"""The administrator's screens: a module each, and what they have in common in ``context`` and ``widgets``.

A screen is a function that takes the context and returns what its view shows; ``controllers/sync.py`` only says
which screen an address means.
"""

__all__ = [
    "charts",
    "conflicts",
    "context",
    "datasets",
    "log",
    "menu",
    "overview",
    "record_history",
    "repository",
    "resources",
    "runs",
    "settings",
    "widgets",
    "words",
]
