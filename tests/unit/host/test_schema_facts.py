"""The facts that a request of a person reads in place of the schema of a complete Eden."""

from __future__ import annotations

import json

from s3sync.core.schema import Schema
from s3sync.host.schema_facts import facts_of, schema_of
from tests.support import datamodel

ORG = "org_organisation"


def read_again(*exchanged: str) -> Schema:
    return schema_of(json.loads(json.dumps(facts_of(datamodel.schema(), exchanged))))


def test_they_have_what_is_exchanged_its_parts_and_entities_and_nothing_else() -> None:
    whole, read = datamodel.schema(), read_again(ORG)
    parts = {each.table for each in whole.table(ORG).components.values() if each.travels}
    assert "pr_contact" in parts
    assert {each.name for each in read} == {ORG, *parts, *whole.table(ORG).super_keys.values()}


def test_the_journal_finds_in_them_what_it_finds_in_the_schema() -> None:
    whole, read = datamodel.schema().table(ORG), read_again(ORG).table(ORG)
    assert read.super_keys == whole.super_keys and read.computed == whole.computed
    assert [each.name for each in read.data_fields()] == [each.name for each in whole.data_fields()]
    assert read.components == {alias: each for alias, each in whole.components.items() if each.travels}
    assert read_again(ORG).masters("pr_contact") == ((ORG, whole.components["contact"]),)


def test_only_what_is_exchanged_itself_is_the_master_of_its_parts() -> None:
    masters = {name for name, _ in read_again("pr_person").masters("pr_contact")}
    assert masters == {"pr_person"} < {name for name, _ in datamodel.schema().masters("pr_contact")}


def test_without_tasks_nothing_is_noted() -> None:
    assert list(read_again()) == [] and list(read_again("no_such")) == []
