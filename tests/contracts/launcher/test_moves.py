"""All rows of a site go from each kind of database into each other one, and are compared there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from launcher.moves.copying import Copy, CopyFailed
from launcher.moves.ends import End, open_end
from s3sync.database.tables import indices as indices
from tests.support.server_sites import EVERY_KIND, site_on
from tests.support.site import IN_A_FILE, SampleSite

ORG, PERSON = "org_organisation", "pr_person"
TEXT = "Füße – 日本 🚑 'quoted' \\ %s"


def quiet(table: str, done: int, of: int) -> None:
    """Tell nobody."""


class Place:
    """A site, and how its database is opened from outside."""

    def __init__(self, kind: str, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        if kind == "sqlite":
            self.site = SampleSite(folder, uri=IN_A_FILE)
            stack.callback(self.site.close)
        else:
            self.site = stack.enter_context(site_on(kind, folder))
        self.uri = str(self.site.db._uri)
        self._stack = stack

    def end(self) -> End:
        self.site.db.commit()
        end = open_end(self.uri, Path(self.site.db._adapter.folder or self.folder))
        self._stack.callback(end.connection.close)
        return end

    def told(self) -> dict[str, Any]:
        """Return what the site has, by pydal."""
        db, found = self.site.db, {}
        db.commit()
        for name in (ORG, PERSON, "sync_log", "sync_journal_state"):
            found[name] = [row.as_dict() for row in db(db[name]).select(orderby=db[name].id)]
        return found


class Places:
    """The sites of these tests: two of each kind, made once. A server takes half a minute for the tables of one.

    Args:
        folder: where they write.
        stack: closes them.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._made: dict[tuple[str, str], Place] = {}

    def source(self, kind: str) -> Place:
        """Return a site with records."""
        found = self._place("source", kind)
        if found.site.db(found.site.s3db[ORG]).isempty():
            fill(found)
        return found

    def target(self, kind: str) -> Place:
        """Return a site whose records may go."""
        return self._place("target", kind)

    def _place(self, role: str, kind: str) -> Place:
        if (role, kind) not in self._made:
            self._made[role, kind] = Place(kind, self._folder / f"{role}-{kind}", self._stack)
        return self._made[role, kind]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    with ExitStack() as stack:
        yield Places(tmp_path_factory.mktemp("places"), stack)


@pytest.fixture(params=EVERY_KIND)
def source(request: pytest.FixtureRequest, places: Places) -> Place:
    return places.source(request.param)


@pytest.fixture(params=EVERY_KIND)
def target(request: pytest.FixtureRequest, places: Places) -> Place:
    return places.target(request.param)


#: Each kind once on either side: how a try goes on is the same for all.
ROUND = [
    pytest.param(("sqlite", "postgres"), marks=pytest.mark.database),
    pytest.param(("postgres", "mysql"), marks=pytest.mark.database),
    pytest.param(("mysql", "sqlite"), marks=pytest.mark.database),
]


@pytest.fixture
def way(request: pytest.FixtureRequest, places: Places) -> tuple[Place, Place]:
    """A site and another one of another kind, by the two names of the parameter."""
    here, there = request.param
    return places.source(here), places.target(there)


def fill(place: Place, count: int = 30) -> None:
    site = place.site
    with site.store.transaction():
        for number in range(count):
            site.s3db[ORG].insert(uuid=f"o{number}", name=f"{TEXT} {number}", year=1900 + number)
        site.s3db[ORG].insert(uuid="empty", name="", comments=None)
        site.s3db[PERSON].insert(uuid="p", first_name="Ann", date_of_birth=date(1980, 2, 29))
        site.db.sync_log.insert(timestmp=datetime(2026, 11, 29, 23, 59, 59), message=TEXT)


def test_everything_is_there_afterwards(source: Place, target: Place, tmp_path: Path) -> None:
    with target.site.store.transaction():
        target.site.s3db[ORG].insert(uuid="of the new site", name="goes")
    told = Copy(source.end(), target.end(), tmp_path, quiet).run()
    assert told["records"] > 33
    assert target.told() == source.told()
    indices.prepare(target.site.db, target.site.schema)  # As the next start does.
    # It goes on there: with keys that nothing has, references that are checked, and its own journal.
    with target.site.store.transaction():
        key = target.site.s3db[ORG].insert(uuid="next", name="Next")
    assert key > max(row["id"] for row in source.told()[ORG])


@pytest.mark.parametrize("way", ROUND, indirect=True)
def test_a_move_that_was_killed_goes_on(
    way: tuple[Place, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = way
    monkeypatch.setattr("launcher.moves.ends.BATCH", 7)
    written = []

    def killed(table: str, done: int, of: int) -> None:
        written.append(table)
        if written.count(ORG) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Copy(source.end(), target.end(), tmp_path, killed).run()
    again: list[str] = []
    Copy(source.end(), target.end(), tmp_path, lambda table, done, of: again.append(table)).run()
    assert again.count(ORG) == 2 and target.told() == source.told()


@pytest.mark.parametrize("way", ROUND, indirect=True)
def test_what_was_entered_between_two_tries_is_there(way: tuple[Place, Place], tmp_path: Path) -> None:
    source, target = way

    def killed(table: str, done: int, of: int) -> None:
        if table == ORG:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Copy(source.end(), target.end(), tmp_path, killed).run()
    with source.site.store.transaction():
        source.site.db(source.site.s3db[ORG].uuid == "o3").update(name="changed")
    Copy(source.end(), target.end(), tmp_path, quiet).run()
    assert target.told() == source.told()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Place, Place]]:
    with ExitStack() as stack:
        yield Place("sqlite", tmp_path / "source", stack), Place("sqlite", tmp_path / "target", stack)


def test_a_table_or_column_that_is_not_known_there_is_named(
    pair: tuple[Place, Place], tmp_path: Path
) -> None:
    source, target = pair
    source.site.db.executesql("CREATE TABLE own (id INTEGER PRIMARY KEY, name TEXT)")
    Copy(source.end(), target.end(), tmp_path, quiet).run()
    source.site.db.executesql("INSERT INTO own (name) VALUES ('x')")
    with pytest.raises(CopyFailed, match="does not know the table own"):
        Copy(source.end(), target.end(), tmp_path, quiet)
    source.site.db.executesql("DROP TABLE own")
    source.site.db.executesql(f"ALTER TABLE {ORG} ADD COLUMN own TEXT")
    fill(source)
    Copy(source.end(), target.end(), tmp_path, quiet).run()
    source.site.db.executesql(f"UPDATE {ORG} SET own = 'x' WHERE uuid = 'o3'")
    with pytest.raises(CopyFailed, match=f"does not know the column own of {ORG}"):
        Copy(source.end(), target.end(), tmp_path, quiet)


def test_a_row_that_cannot_be_there_is_named(tmp_path: Path) -> None:
    with ExitStack() as stack:
        source = Place("sqlite", tmp_path / "source", stack)
        target = Place("postgres", tmp_path / "target", stack)
        fill(source)
        source.site.db.executesql(f"UPDATE {ORG} SET year = 'long ago' WHERE uuid = 'o3'")
        with pytest.raises(CopyFailed, match=f"The row 4 of {ORG} cannot be written there: .*long ago"):
            Copy(source.end(), target.end(), tmp_path, quiet).run()


def test_a_reference_that_leads_nowhere_is_told(pair: tuple[Place, Place], tmp_path: Path) -> None:
    source, target = pair
    fill(source)
    connection = source.end().connection
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(f"UPDATE {ORG} SET modified_by = 4711 WHERE uuid = 'o3'")
    connection.commit()
    with pytest.raises(Exception, match=f"the row 4 of {ORG} refers to what is not in auth_user"):
        Copy(source.end(), target.end(), tmp_path, quiet).run()


def test_times_are_the_same_texts_from_every_database() -> None:
    from datetime import timedelta
    from decimal import Decimal

    from launcher.moves.ends import text_of

    assert text_of(datetime(2026, 1, 2, 3, 4, 5)) == "2026-01-02 03:04:05"
    assert text_of(timedelta(hours=3, minutes=4)) == text_of(time(3, 4)) == "03:04:00"
    assert text_of(Decimal("12.50")) == text_of(12.5) == "12.5"
    assert text_of(12) == text_of(12.0) == text_of(Decimal("12.00")) == "12"
