"""How MySQL and MariaDB find duplicates by name: through the index of a generated column, made by migration."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.sites import connect
from s3sync.core.schema import Table
from s3sync.database.tables import indices as indices
from s3sync.site import Site
from tests.support.databases import CHARSET, MYSQL_URI, discard
from tests.support.site import SampleSite
from tests.support.store_rows import look_alike

pytestmark = pytest.mark.database

PERSON, ORGANISATION = "pr_person", "org_organisation"
NAMES = ("first_name", "last_name")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    name = f"eden_test_{uuid.uuid4().hex[:12]}"
    try:
        admin = connect(MYSQL_URI)
    except Exception as error:  # no driver, or no server
        pytest.skip(f"no MySQL or MariaDB: {error}")
    admin.cursor().execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    folder = Path(tmp_path_factory.mktemp("duplicates")) / "site"
    site = SampleSite(folder, uri=f"{MYSQL_URI.rpartition('/')[0]}/{name}{CHARSET}")
    people = [
        ("Ann", "Lee"),
        ("ann", "Lee/Ram"),
        ("Ann", None),
        ("Ann/Lee", "Ram"),
        ("Zo\u00cb", "\u00c9mile"),
        ("\u0418\u0306o", "Ho\u0323\u0302i  X "),
        ("e\u0301" * 30, "e\u0301" * 30),
    ]
    with site.store.transaction():
        site.store.insert(
            site.schema.table(PERSON),
            ("uuid", "deleted", *NAMES),
            [(f"urn:uuid:{at}", False, *names) for at, names in enumerate(people)],
        )
    yield site
    discard(site.db)
    admin.cursor().execute(f"DROP DATABASE {name}")
    admin.close()


def columns(site: Site, table: str) -> list[str]:
    rows = site.db.executesql(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() "
        f"AND table_name = '{table}' AND extra LIKE '%VIRTUAL%'"
    )
    return [row[0] for row in rows]


def find(site: Site, *keys: tuple[Any, ...]) -> set[tuple[Any, ...]]:
    return set(look_alike(site.store, site.schema.table(PERSON), NAMES, NAMES, keys, ignore_case=True))


@pytest.mark.parametrize(
    "key, found",
    [
        (("ANN", "lee"), {("Ann", "Lee")}),
        (("ann", None), {("Ann", None)}),
        (("ann", "lee/ram"), {("ann", "Lee/Ram")}),
        (("ann/lee", "RAM"), {("Ann/Lee", "Ram")}),
        (("ZO\u00cb", "\u00e9mile"), {("Zo\u00cb", "\u00c9mile")}),
        (("ZOE\u0308", "e\u0301mile"), {("Zo\u00cb", "\u00c9mile")}),
        (("\u0439O", "h\u1ed9i x"), {("\u0418\u0306o", "Ho\u0323\u0302i  X ")}),
        (("\u00e9" * 30, "\u00c9" * 30), {("e\u0301" * 30, "e\u0301" * 30)}),
        (("zoe", "emile"), set()),
        ((None, "Lee"), set()),
        (("x" * 400, "y"), set()),
    ],
)
def test_what_is_found(site: Site, key: tuple[Any, ...], found: set[tuple[Any, ...]]) -> None:
    assert find(site, key) == found


def test_the_index_serves(site: Site) -> None:
    (column,) = columns(site, PERSON)
    asked: list[tuple[str, Any]] = []
    run = site.store.run
    site.store.run = lambda sql, parameters=(): asked.append((sql, parameters)) or run(sql, parameters)  # type: ignore[method-assign, func-returns-value]
    try:
        find(site, ("ann", "lee"), ("bo", "ek"))
    finally:
        del site.store.run
    (sql, parameters) = asked[-1]
    plan = site.store.rows(f"EXPLAIN {sql}", parameters)
    assert any(column in map(str, row) for row in plan), plan


def test_an_existing_database_gets_the_column_once(site: Site) -> None:
    (column,) = columns(site, ORGANISATION)
    site.db.executesql(f"ALTER TABLE {ORGANISATION} DROP COLUMN {column}")
    site.store._generated.clear()  # type: ignore[attr-defined]
    assert columns(site, ORGANISATION) == []
    assert indices.prepare(site.db, site.schema) == 1
    assert columns(site, ORGANISATION) == [column]
    assert indices.prepare(site.db, site.schema) == 0


def test_a_rule_without_a_column_finds_all_the_same(site: Site) -> None:
    table: Table = site.schema.table(PERSON)
    assert table.duplicate is not None
    other = replace(table, duplicate=replace(table.duplicate, primary=("last_name", "first_name")))
    found = look_alike(
        site.store, other, NAMES, ("last_name", "first_name"), [("lee", "ann")], ignore_case=True
    )
    assert found == [("Ann", "Lee")]
