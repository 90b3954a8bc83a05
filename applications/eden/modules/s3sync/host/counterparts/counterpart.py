"""What all counterparts have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from .known import knows


class Eden(NamedTuple):
    """The Eden of this request or job: ``current`` by names.

    Attributes:
        db, s3db, auth, settings: the DAL, the data model, users and rights, ``deployment_settings``.
        current: the request's surroundings.
    """

    db: Any
    s3db: Any
    auth: Any
    settings: Any
    current: Any


class Counterpart:
    """Does for a whole page what an ``onaccept`` does for a record.

    Args:
        eden: the Eden.
        callback: the one that it stands for.

    Attributes:
        uses: names of the functions that the callback leads to, besides itself: all of them have to be known.
    """

    uses: Sequence[str] = ()

    def __init__(self, eden: Eden, callback: Callable[..., Any]) -> None:
        self.eden = eden
        self.db = eden.db
        self.callback = callback

    def accept(self, keys: Sequence[int]) -> Collection[int]:
        """Do what the callback would do for these records.

        Returns:
            the keys of the records that are left to the callback.
        """
        return self.handle(keys) if self._is_known() and self.fits() else keys

    def fits(self) -> bool:
        """Return whether the settings are those with which this was compared."""
        return True

    def handle(self, keys: Sequence[int]) -> Collection[int]:
        """See ``accept``; called where code and settings are known."""
        raise NotImplementedError

    def further(self) -> Sequence[Any]:
        """Return further functions that have to be known, which no name leads to."""
        return ()

    def _is_known(self) -> bool:
        return knows(*self.functions())

    def functions(self) -> list[Any]:
        """Return all functions that have to be known, None for each that is not there."""
        found = [self.callback, *self.further()]
        for name in self.uses:
            found.append(self._named(name, found))
        return found

    def _named(self, name: str, found: Sequence[Any]) -> Any:
        """Return what a name means in the modules of these functions, or to the data model.

        A name with a dot is a function of a class.
        """
        first, _, inner = name.partition(".")
        spaces = (getattr(each, "__globals__", {}) for each in found)
        named = next((space[first] for space in spaces if first in space), None)
        if named is None:
            named = getattr(self.eden.s3db, first, None)
        return getattr(named, inner, None) if inner else named
