"""What a feature of the simulation is."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from ..history import History
    from ..place import Contents, Place
    from ..world import World


class Feature:
    """Something that histories may have besides edits, synchronisations, faults and backups.

    Attributes:
        name: by which it is switched on; its operations are called so.
        acts: whether it has operations, which take the place of some of the edits.
        fires: what has to be counted in ``World.happened`` over a set of histories with it. A feature that is switched
            on and never does what it is for tests nothing.
        tables: further tables that are edited and compared, each with a field that may be anything, "" for none.
        resources: further resources that are exchanged, after the usual ones.
        words_hold: whether sites that say to be in step right after a run hold the same then, not only in the end.
        alone: whether it goes with no other feature.
        differ_by_choice: whether sites may differ by what was chosen; then nobody need say so.
        one_time: whether two sites have the same time for the same version.
        forgets: whether it removes what was kept of values that lost.
        puts_off: whether something is tried again after pauses of up to a day only.
        telling: the kinds of open entries that tell people why sites differ.
    """

    name: ClassVar[str]
    acts: ClassVar[bool] = True
    fires: ClassVar[tuple[str, ...]] = ()
    tables: ClassVar[dict[str, str]] = {}
    resources: ClassVar[tuple[str, ...]] = ()
    words_hold: ClassVar[bool] = True
    alone: ClassVar[bool] = False
    differ_by_choice: ClassVar[bool] = False
    one_time: ClassVar[bool] = True
    forgets: ClassVar[bool] = False
    puts_off: ClassVar[bool] = False
    telling: ClassVar[tuple[str, ...]] = ("rejected",)

    def begin(self, world: World, history: History) -> None:
        """Set up what it needs, before the first operation."""

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """Do one operation at a place; the caller commits.

        Args:
            world: the sites.
            place: where.
            number: makes what is new tell apart.
            rnd: decides everything.
        """

    def before_run(self, choice: int) -> None:
        """Be told that a run of the history begins, with the number that decides everything in it."""

    def synchronise(self, world: World, here: Place, there: Place, page_size: int, fault: str) -> int | None:
        """Let two sites synchronise another way; return how much moved, None where they do it by the line.

        Args:
            world: the sites.
            here, there: the two.
            page_size: maximum number of records in a page.
            fault: what goes wrong.
        """
        return None

    def told(self) -> None:
        """Be told that sites tell each other now what has changed."""

    def meanwhile(self, world: World) -> None:
        """Do something while a request is under way, before or after it is answered."""

    def loses_file(self, world: World) -> bool:
        """Return whether the next file that is sent gets lost on the way."""
        return False

    def is_exchanged(self, world: World, known: list[Contents], key: tuple[str, str]) -> bool:
        """Return whether a record is one that all sites should have in the end.

        Args:
            world: the sites.
            known: the contents of all sites.
            key: its table and uuid.
        """
        return True

    def settle(self, world: World, history: History) -> None:
        """End what must not go on while the sites become equal."""
