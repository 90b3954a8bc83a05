"""Documents with files."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from .base import Feature

if TYPE_CHECKING:
    from ..history import History
    from ..place import Place
    from ..world import World

DOCUMENT = "doc_document"
#: "a", as web2py writes the name of a file into that under which it stores it.
NAMED_A = "61"


class Files(Feature):
    """Documents come with files, and get others; some get lost, so that a site has the record before the file."""

    name = "files"
    fires = ("file stored", "file replaced", "file lost", "file sent", "file fetched", "file not there yet")
    tables = {DOCUMENT: "comments"}
    resources = (DOCUMENT,)
    puts_off = True

    def begin(self, world: World, history: History) -> None:
        """See ``Feature``."""
        self._random = random.Random(history.seed)
        self._is_over = False

    def loses_file(self, world: World) -> bool:
        """See ``Feature``."""
        is_lost = not self._is_over and self._random.random() < 0.6
        world.happened["file lost"] += is_lost
        return is_lost

    def settle(self, world: World, history: History) -> None:
        """See ``Feature``."""
        self._is_over = True

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        chance = rnd.random()
        key = place.any(DOCUMENT, rnd)
        if key is None or chance < 0.5:
            place.insert(
                DOCUMENT,
                name=number,
                uuid=f"d{number}",
                file=self._stored(place, number, rnd),
                organisation_id=place.any("org_organisation", rnd),
            )
            world.happened["file stored"] += 1
        elif chance < 0.7:
            place.change(DOCUMENT, key, file=self._stored(place, f"{number} anew", rnd))
            world.happened["file replaced"] += 1
        elif chance < 0.85:
            place.change(DOCUMENT, key, comments=number)
        else:
            place.delete(DOCUMENT, key)

    @staticmethod
    def _stored(place: Place, content: str, rnd: random.Random) -> str:
        stored = f"{DOCUMENT}.file.{rnd.getrandbits(64):016x}.{NAMED_A}.txt"
        path = place.site.files.path(DOCUMENT, "file", stored)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
        return stored
