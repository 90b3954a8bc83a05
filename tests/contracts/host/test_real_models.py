"""The data models of two complete Edens, with all their modules, by the facts that were taken of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from gluon import DAL

from s3sync.administration.eden_tables import prepare_tables
from s3sync.core.clock import SystemClock
from s3sync.core.schema import Schema
from s3sync.database.tables import indices as indices
from s3sync.host.living_eden import LivingEden
from s3sync.host.schema import build_schema
from tests.support.databases import discard
from tests.support.eden_facts import MODELS, FactsModel, facts
from tests.support.thin_eden import ThinSettings

pytestmark = pytest.mark.slow
#: Of the site itself, whatever has a uuid there.
NOT_EXCHANGED = ("auth_", "s3_", "scheduler_", "sync_")


class Real(NamedTuple):
    """A real Eden's data model.

    Attributes:
        name: which.
        db: the DAL, with its tables in memory.
        tables: the facts.
        host: asks it.
        schema: of it.
    """

    name: str
    db: Any
    tables: dict[str, Any]
    host: LivingEden
    schema: Schema


@pytest.fixture(scope="module", params=MODELS)
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    tables = facts(request.param)["tables"]
    db = DAL("sqlite:memory", folder=str(folder), check_reserved=[])
    model = FactsModel(db, tables)
    model.create()
    settings = ThinSettings()
    # The settings of a classic Eden answer None to every name that they do not have.
    setter: Any = model.get_config if request.param == "eden-asp" else None
    settings.get_import_callback = setter  # type: ignore[method-assign]
    host = LivingEden(db, model, settings, None, folder)
    yield Real(request.param, db, tables, host, build_schema(db, host))
    discard(db)


def exchanged(real: Real) -> set[str]:
    """Return the tables that have what a record needs to be exchanged."""
    return {
        name
        for name, told in real.tables.items()
        if {"uuid", "modified_on"} <= {each[0] for each in told["fields"]}
        and not name.startswith(NOT_EXCHANGED)
        and not real.host.config(name, "protected")
    }


def test_every_table_with_an_identity_is_in_the_schema(real: Real) -> None:
    found = {each.name for each in real.schema}
    assert exchanged(real) <= found
    assert len(found) > 450


def test_super_entities_are_those_of_their_instances(real: Real) -> None:
    entities = {entity for told in real.tables.values() for entity in told["super_entity"]}
    entities = {each for each in entities if each in real.tables}
    known = {each.name for each in real.schema if each.instance_types}
    assert len(known) >= 12 and known <= entities
    for name in known:
        assert all(
            name in real.tables[each]["super_entity"] for each in real.schema.table(name).instance_types
        )


def test_each_record_of_a_component_travels_once(real: Real) -> None:
    for table in real.schema:
        joins = [(each.table, each.pkey, each.fkey) for each in table.components.values() if each.travels]
        assert len(joins) == len(set(joins)), table.name


def test_fields_refer_to_what_there_is(real: Real) -> None:
    names = {each.name for each in real.schema}
    astray = [
        f"{table.name}.{field.name}"
        for table in real.schema
        for field in table.fields.values()
        if field.target is not None and field.target not in names and not field.local
    ]
    assert astray == []


def test_ours_is_added_to_it_with_the_indices_of_every_table(real: Real) -> None:
    made = prepare_tables(real.db, SystemClock())
    assert made["tables"] > 15
    assert indices.prepare(real.db, real.schema) > 900
    assert indices.prepare(real.db, real.schema) == 0
