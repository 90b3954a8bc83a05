"""The tests that every repository type has to pass, for its authors (see docs/ADAPTERS.md).

A test module subclasses ``AdapterContract`` once a type; pytest does the rest::

    class TestMyType(AdapterContract):
        kind = MyAdapter
        ...
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..transport.client import Transport
from .lines import Lines


@dataclass(frozen=True)
class OneLine(Lines):
    """Lines that lead to one place, whatever address is asked for.

    Attributes:
        line: what every ``http`` returns: a transport made beforehand, or what plays one.
    """

    line: Any = None

    def http(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        proxy: str | None = None,
    ) -> Transport:
        """See ``Lines``."""
        found: Transport = self.line
        return found


def one_line(transport: Any, spool: Path = Path()) -> OneLine:
    """Return lines that lead to one place.

    Args:
        transport: made beforehand, or what plays one.
        spool: folder for documents on their way.
    """
    return OneLine(spool, line=transport)
