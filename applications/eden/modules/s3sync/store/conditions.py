"""Filters as SQL conditions."""

from __future__ import annotations

from typing import Any, NamedTuple


class Condition(NamedTuple):
    """A condition and its parameters."""

    sql: str
    parameters: tuple[Any, ...]


class Conditions:
    pass
