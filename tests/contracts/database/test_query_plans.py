"""What a synchronisation asks the database goes through indices: nothing reads a table that grows from end to end."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Callable

import pytest

from s3sync.core.cursor import CheckpointKind
from s3sync.core.fields import Change, Stamp
from s3sync.core.kept import Deferred, Deletion, Kept, KeptKind
from s3sync.site import Site
from tests.support.databases import POSTGRES_URI, discard
from tests.support.site import SampleSite
from tests.support.store_rows import look_alike

#: Tables of one row, or of a few rows for each other site, and the keys that a statement brings along.
SMALL = {"sync_journal_state", "sync_journal_position", "sync_checkpoint", "wanted", "CONSTANT"}
UUIDS = [f"urn:uuid:{number}" for number in range(5)]


@pytest.fixture(scope="module")
def sqlite_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = SampleSite(Path(tmp_path_factory.mktemp("plans")) / "site")
    yield site
    site.db.close()


@pytest.fixture(scope="module")
def postgres_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    psycopg2 = pytest.importorskip("psycopg2")
    name = f"eden_test_{uuid.uuid4().hex[:12]}"
    try:
        admin = psycopg2.connect(POSTGRES_URI.replace("postgres://", "postgresql://", 1))
    except psycopg2.OperationalError as error:
        pytest.skip(f"no PostgreSQL: {error}")
    admin.autocommit = True
    admin.cursor().execute(f"CREATE DATABASE {name}")
    folder = Path(tmp_path_factory.mktemp("plans")) / "site"
    site = SampleSite(folder, uri=f"{POSTGRES_URI.rpartition('/')[0]}/{name}")
    # of a few rows the planner would read all: whether an index could serve is the question
    site.db.executesql("SET enable_seqscan = off")
    site.db.commit()
    yield site
    discard(site.db)
    admin.cursor().execute(f"DROP DATABASE {name}")
    admin.close()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.database)])
def site(request: pytest.FixtureRequest) -> Site:
    found: Site = request.getfixturevalue(f"{request.param}_site")
    return found


#: An index of those rows alone whose texts have what hardly any text has.
OF_SOME_ROWS = re.compile(r"INDEX \w+_rare$")


class Asked:
    """Collects what a store hands to the database."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.statements: list[tuple[str, tuple[Any, ...]]] = []

    def __enter__(self) -> "Asked":
        store = self.site.store
        run = store.run

        def collected(sql: str, parameters: Any = ()) -> Any:
            self.statements.append((sql, tuple(parameters)))
            return run(sql, parameters)

        store.run = collected  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        del self.site.store.run

    def read_from_end_to_end(self) -> list[str]:
        """Return the plans that read a whole table, each with its statement."""
        explain = {"sqlite": "EXPLAIN QUERY PLAN", "postgres": "EXPLAIN"}[self.site.store.dialect]
        found = []
        for sql, parameters in self.statements:
            if sql.split()[0] not in ("SELECT", "WITH", "UPDATE", "DELETE"):
                continue
            for row in self.site.store.rows(f"{explain} {sql}", parameters):
                scanned = re.search(r"\bSCAN (?:TABLE )?(\w+)|Seq Scan on (\w+)", str(row[-1]))
                name = scanned and (scanned.group(1) or scanned.group(2))
                of_some = OF_SOME_ROWS.search(str(row[-1]))
                if scanned and not (of_some or name in SMALL or str(name).isdigit()):
                    found.append(f"{row[-1]}: {sql[:300]}")
        return found


def match(by: tuple[str, ...], *keys: tuple[Any, ...]) -> Callable[[Site], Any]:
    """Look for duplicates in the table that is named first."""
    table, *columns = by
    return lambda site: look_alike(
        site.store, site.schema.table(table), ("id",), columns, keys, ignore_case=True
    )


def scan(table: str, **options: Any) -> Callable[[Site], Any]:
    return lambda site: site.store.scan(
        site.schema.table(table), ("id", "uuid"), after=5, until=9, limit=3, **options
    )


ORGANISATION = "org_organisation"
WAITING = Deferred(ORGANISATION, 1, "pe_id", "pr_pentity", "urn:uuid:1", repository_id=1)
KEPT = Kept(
    KeptKind.REJECTED, ORGANISATION, "urn:uuid:1", 1, 1, None, "", None, "<x/>", None, "f", ("urn:uuid:2",)
)

QUESTIONS: dict[str, Callable[[Site], Any]] = {
    "the changes since a position": scan(ORGANISATION),
    "the changes that others brought": scan(ORGANISATION, skip_origin=1),
    "the changes since a time": scan("org_office", msince=datetime(2026, 1, 1)),
    "the end of the journal": lambda site: site.journal.head(),
    "the name of the journal": lambda site: site.journal.identity(),
    "what was written behind the journal's back": lambda site: site.journal.catch_up(
        site.schema.table("pr_person")
    ),
    "the positions of records": lambda site: site.journal.positions(ORGANISATION, range(9)),
    "records by uuid": lambda site: site.store.fetch(
        site.schema.table(ORGANISATION), ("id", "name"), "uuid", UUIDS
    ),
    "records by key": lambda site: site.store.fetch_raw(
        site.schema.table(ORGANISATION), ("id", "name"), "id", range(5)
    ),
    "components by master": lambda site: site.store.fetch(
        site.schema.table("pr_contact"), ("id",), "pe_id", range(5)
    ),
    "duplicates by name": match((ORGANISATION, "name"), ("red cross",), ("école",)),
    "duplicates by a name in several spellings": match(
        (ORGANISATION, "name"), ("Zo\u00e9 ",), ("zoe\u0301  x",)
    ),
    "duplicates by two names": match(("pr_person", "first_name", "last_name"), ("ann", "lee"), ("bo", None)),
    "duplicates by name and level": match(("gis_location", "name", "level"), ("nepal", "L0"), ("x", None)),
    "duplicates below a master": match(
        ("pr_contact", "pe_id", "contact_method", "value"),
        (1, "SMS", "+1"),
        (None, "SMS", "+2"),
        (1, "SMS", "H\u1ed9i"),
    ),
    "references that wait for records": lambda site: site.pending_references.deferred_for(
        {ORGANISATION: UUIDS}
    ),
    "references of records": lambda site: site.pending_references.deferred_of(ORGANISATION, range(5)),
    "files to come": lambda site: site.pending_references.waiting_files(1, 10),
    "files that have not come": lambda site: site.pending_references.missing_files(1, 10),
    "what was put aside of records": lambda site: site.kept_versions.known(1, ORGANISATION, UUIDS),
    "what can be tried again": lambda site: site.kept_versions.retriable(1, ORGANISATION, 10),
    "tables of what can be tried again": lambda site: site.kept_versions.tables_to_retry(1),
    "records whose time has come": lambda site: site.kept_versions.due(1, 10),
    "to close what was put aside": lambda site: site.kept_versions.release(
        1, ORGANISATION, UUIDS, (KeptKind.REJECTED,)
    ),
    "deletions that wait": lambda site: site.kept_versions.waiting_deletions(0, 10),
    "how many deletions wait": lambda site: site.kept_versions.count_waiting(1),
    "records by further uuids": lambda site: site.twins.find(ORGANISATION, UUIDS),
    "further uuids of records": lambda site: site.twins.of(ORGANISATION, range(5)),
    "uuids that are proposed": lambda site: site.twins.proposed(ORGANISATION, UUIDS),
    "survivors of records that never were here": lambda site: site.twins.merged([ORGANISATION], UUIDS),
    "to withdraw proposed uuids": lambda site: site.twins.withdraw(ORGANISATION, UUIDS),
    "which edits records have": lambda site: site.changes.edits(ORGANISATION, range(5)),
    "the next changes to forget": lambda site: site.changes.written(0, 10),
    "the changes of records": lambda site: site.changes.of(ORGANISATION, range(5)),
    "the deletions of records": lambda site: site.deletions.of(ORGANISATION, range(5)),
    "what went along with records": lambda site: site.deletions.along(ORGANISATION, range(5)),
    "what is told of deletions": lambda site: site.deletions.marks(ORGANISATION, range(5)),
    "whose time in the bin is over": lambda site: site.deletions.overdue(datetime(2026, 1, 1), 10),
    "deletions that nobody wrote down": lambda site: site.deletions.unnoted(ORGANISATION, 5, 9),
    "what lives again": lambda site: site.deletions.outdated(ORGANISATION, 5, 9),
    "the first deletion that nobody explained": lambda site: site.deletions.first_uncertain(5, 9),
    "deletions that nobody explained": lambda site: site.deletions.uncertain(datetime(2026, 1, 1)),
    "how far a task has come": lambda site: site.checkpoints.read(1, ORGANISATION, CheckpointKind.PULL),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_reads_a_whole_table(site: Site, question: str) -> None:
    ask = QUESTIONS[question]
    with site.store.transaction():
        site.pending_references.defer([WAITING])
        site.kept_versions.keep([KEPT])
        site.changes.note(ORGANISATION, [Change(1, Stamp(1, "0a1b2c3d"), "", {"name": ["A"]})])
        site.deletions.note(ORGANISATION, [Deletion(1, datetime(2026, 1, 1))])
        site.journal.catch_up(site.schema.table("pr_person"))
    site.schema, site.base_url  # noqa: B018 (made when first used)
    with Asked(site) as asked:
        ask(site)
    assert asked.statements, "a question that does not reach the database shows nothing"
    plans = asked.read_from_end_to_end()
    site.db.commit()
    assert plans == []


def test_a_question_without_an_index_is_noticed(site: Site) -> None:
    with Asked(site) as asked:
        site.store.rows("SELECT id FROM org_organisation WHERE comments = 'x'")
    assert asked.read_from_end_to_end()
    site.db.commit()


@pytest.mark.parametrize(("kind", "by"), [("rejected", "uuid"), ("conflict", "fingerprint")])
def test_what_is_put_aside_again_is_found_by_its_key(sqlite_site: Site, kind: str, by: str) -> None:
    """An index that leads to all open versions of a table would do, and take longer with each of them."""
    with sqlite_site.store.transaction(), Asked(sqlite_site) as asked:
        sqlite_site.kept_versions.keep([KEPT._replace(kind=KeptKind(kind))])
    (replaced,) = (each for each in asked.statements if each[0].startswith("DELETE"))
    plan = sqlite_site.store.rows(f"EXPLAIN QUERY PLAN {replaced[0]}", replaced[1])
    sqlite_site.db.commit()
    assert f"{by}=?" in str(plan), plan


def test_what_is_settled_is_found_by_its_uuid(sqlite_site: Site) -> None:
    with sqlite_site.store.transaction(), Asked(sqlite_site) as asked:
        sqlite_site.kept_versions.keep([KEPT])
        sqlite_site.kept_versions.release(1, ORGANISATION, UUIDS, (KeptKind.REJECTED,))
    closed = [each for each in asked.statements if each[0].startswith("UPDATE")]
    plans = [str(sqlite_site.store.rows(f"EXPLAIN QUERY PLAN {sql}", given)) for sql, given in closed]
    sqlite_site.db.commit()
    assert len(plans) == 2 and all("uuid=?" in plan for plan in plans), plans
