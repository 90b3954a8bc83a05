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
        return keys if self.unknown() or not self.fits() else self.handle(keys)

    def fits(self) -> bool:
        """Return whether the settings are those with which this was compared."""
        return True

    def handle(self, keys: Sequence[int]) -> Collection[int]:
        """See ``accept``; called where code and settings are known."""
        raise NotImplementedError

    def further(self) -> Sequence[Any]:
        """Return further functions that have to be known, which no name leads to."""
        return ()

    def unknown(self) -> list[str]:
        """Return the names of the functions that have another code than this was compared with, or are not there."""
        return [name for name, function in self._functions() if not knows(function)]

    def _functions(self) -> list[tuple[str, Any]]:
        """Return all functions that have to be known by their names, None for each that is not there."""
        found = [(_name(each), each) for each in (self.callback, *self.further())]
        for name in self.uses:
            found.append((name, self._named(name, [each for _, each in found])))
        return found

    def _named(self, name: str, found: Sequence[Any]) -> Any:
        """Return what a name means in the modules of these functions, or to the data model.

        A name with a dot is a function of a class.
        """
        first, _, inner = name.partition(".")
        spaces = (getattr(each, "__globals__", {}) for each in found)
        named = next((space[first] for space in spaces if first in space), None)
        if named is None and "_" in first:  # a classic Eden's data model fails for names without a prefix
            named = getattr(self.eden.s3db, first, None)
        return getattr(named, inner, None) if inner else named


def _name(function: Any) -> str:
    return (
        getattr(function, "__qualname__", None)
        or getattr(function, "__name__", None)
        or "a function that is gone"
    )
