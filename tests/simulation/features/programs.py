"""What programs do: requests to the plain resources, and SQL past the application."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

from s3.data_model.clock import next_modified_on
from s3sync.core.policy import Policy, Terms

from ..edits import MAKERS, some
from .base import Feature

if TYPE_CHECKING:
    from ..place import Place
    from ..world import World

TABLES = tuple(MAKERS)


class RestEdits(Feature):
    """A program changes a record by a POST to its resource, without a time."""

    name = "edits through rest"
    fires = ("changed through rest",)

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        tablename = rnd.choice(TABLES)
        before = place.s3db[tablename][some(place, tablename, number, rnd)]
        field = f'<data field="{place.tables[tablename]}">{number}</data>'
        document = f'<s3xml><resource name="{tablename}" uuid="{before.uuid}">{field}</resource></s3xml>'
        site = place.site
        terms = Terms(update_policy=Policy.OTHER, conflict_policy=Policy.OTHER)
        with site.document(io.BytesIO(document.encode("utf-8")), tablename) as read:
            with site.store.transaction():
                report = site.importer.import_page(read, terms, site.context(None, None))
        if report.counts.get("updated"):
            place.enter(tablename, before, {place.tables[tablename]: number})
        world.happened["changed through rest"] += report.counts.get("updated", 0)


class PastTheJournal(Feature):
    """A program changes a record with SQL; the journal learns of it by looking."""

    name = "sql past the journal"
    fires = ("changed with sql",)

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        tablename = rnd.choice(TABLES)
        key = some(place, tablename, number, rnd)
        before = place.s3db[tablename][key]
        moment = next_modified_on(before.modified_on, place.clock.now())
        place.db.executesql(
            f"UPDATE {tablename} SET {place.tables[tablename]} = ?, modified_on = ? WHERE id = ?",
            placeholders=(number, moment.isoformat(" "), key),
        )
        place.enter(tablename, before, {place.tables[tablename]: number})
        world.happened["changed with sql"] += 1
