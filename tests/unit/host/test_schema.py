"""The host application as a schema."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydal import Field

from s3sync.core.errors import ProtectedResource, UnknownResource
from s3sync.core.schema import Table
from s3sync.host.schema import MOST_SCHEMAS, build_schema
from tests.support import datamodel
from tests.support.databases import SQLiteDatabase, Storage


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Storage]:
    site = Storage(SQLiteDatabase(tmp_path))
    yield site
    site.close()


def define(site: Storage, name: str, *fields: Field, **config: Any) -> Any:
    site.db.define_table(
        name,
        *fields,
        Field("uuid", unique=True),
        Field("modified_on", "datetime"),
        Field("deleted", "boolean"),
    )
    site.host.configure(name, **config)
    return site.table(name)


def test_fields(site: Storage) -> None:
    table = site.table("dev_sample")
    kinds = {field.name: field.kind for field in table.data_fields()}
    assert kinds["decimal_field"] == "decimal"
    assert kinds["references_field"] == "list:reference"
    assert table.fields["reference_field"].target == table.fields["references_field"].target == "gis_location"
    assert table.fields["string_field"].length == 64
    assert table.fields["text_field"].length is None
    assert table.fields["string_field"].unique and not table.fields["text_field"].unique
    assert "uuid" not in kinds and "modified_on" not in kinds


def test_groups_of_fields_that_belong_together(site: Storage) -> None:
    fields = [Field(name, "double") for name in ("lat", "lon", "height")]
    groups = (["lat", "lon"], ("height", "datum"), ("easting", "northing"))
    assert define(site, "gis_point", *fields, sync_together=groups).together == (("lat", "lon"),)
    assert site.table("org_organisation").together == ()


def test_super_entities(site: Storage) -> None:
    person, entity = site.table("pr_person"), site.table("pr_pentity")
    assert person.super_keys == {"pe_id": "pr_pentity"}
    assert "pe_id" not in {field.name for field in person.data_fields()}
    assert "pe_id" in {field.name for field in site.table("pr_contact").data_fields()}
    assert entity.key == "pe_id"
    assert set(entity.instance_types) == {"pr_person", "org_organisation"}
    assert set(entity.shared_fields) == {"uuid", "deleted", "pe_label"}


def test_components(site: Storage) -> None:
    components = site.table("org_organisation").components
    assert (components["contact"].pkey, components["contact"].fkey) == ("pe_id", "pe_id")
    assert components["contact"].travels and not components["contact"].needs_alias
    assert not components["office"].travels, "an entity of its own right is a resource of its own"
    site.host.add_component("org_organisation", "mail", "pr_contact", "pe_id", "pe_id")
    define(site, "dev_new", Field("name"))  # another set of tables is another schema
    assert site.table("org_organisation").components["contact"].needs_alias


def test_what_lies_beyond_a_link_table_is_no_component(site: Storage) -> None:
    site.host.joined["org_organisation"]["place"] = SimpleNamespace(
        tablename="gis_location", pkey="id", fkey="x", multiple=True, link="org_office"
    )
    define(site, "dev_new", Field("name"))
    assert "place" not in site.table("org_organisation").components


def test_protected_and_unknown_tables(site: Storage) -> None:
    with pytest.raises(ProtectedResource):
        site.schema().table("sync_repository")
    with pytest.raises(UnknownResource):
        site.schema().table("org_nothing")


def test_what_stays_at_home(site: Storage) -> None:
    site.db.define_table("auth_user", Field("email"))
    table = define(
        site,
        "dev_new",
        Field("name"),
        Field("user_id", "reference auth_user"),
        Field("seen", "boolean"),
        Field("secret", "password"),
        local_fields=("seen",),
        computed_fields=("name",),
    )
    assert [field.name for field in table.data_fields()] == ["name"]
    assert table.computed == {"name"}


def test_what_is_required(site: Storage) -> None:
    table = define(
        site,
        "dev_new",
        Field("needed", notnull=True),
        Field("given", notnull=True, default="x"),
        Field("optional"),
        Field("place_id", "reference gis_location", notnull=True),
        Field("made", default=lambda: "made"),
    )
    required = {name for name, field in table.fields.items() if field.required}
    assert required == {"needed", "place_id"}
    assert table.fields["given"].default == "x"
    assert table.fields["made"].default() == "made"


def test_the_schema_is_built_once(site: Storage) -> None:
    assert build_schema(site.db, site.host) is build_schema(site.db, site.host)


def test_schemas_of_former_tables_are_let_go(site: Storage) -> None:
    former = weakref.ref(site.schema())
    for number in range(MOST_SCHEMAS):
        define(site, f"dev_new{number}", Field("name"))
        assert former() is not None or number == MOST_SCHEMAS - 1
    gc.collect()
    assert former() is None


def test_a_data_model_is_kept_no_longer_than_its_request(site: Storage) -> None:
    host = datamodel.SmallHost(site.db)
    build_schema(site.db, host)
    request = weakref.ref(host)
    del host
    gc.collect()
    assert request() is None


def test_duplicate_rules(site: Storage) -> None:
    rule = SimpleNamespace(primary=("name",), secondary=("year", "gone"), ignore_case=False)
    site.host.configure("org_organisation", deduplicate=rule)
    site.host.configure("org_office", deduplicate=SimpleNamespace(primary=("gone",), secondary=()))
    site.host.configure(
        "pr_person", deduplicate=lambda item: None
    )  # Eden's older kind cannot be asked for sets
    define(site, "dev_new", Field("name"))
    found = site.table("org_organisation").duplicate
    assert found is not None and (found.primary, found.secondary, found.ignore_case) == (
        ("name",),
        ("year",),
        False,
    )
    assert site.table("org_office").duplicate is None
    assert site.table("pr_person").duplicate is None


def test_callbacks_are_those_of_the_running_request(site: Storage) -> None:
    calls: list[str] = []
    table = define(
        site,
        "dev_new",
        Field("name"),
        onaccept=[lambda form: calls.append("first"), lambda form: calls.append("second")],
        create_onvalidation=lambda form: calls.append("create"),
        onaccept_set=lambda keys: calls.append(str(keys)),
    )
    assert set(table.onaccept) == {"create", "update"}
    assert set(table.onvalidation) == {"create"}
    table.onaccept["update"](None)
    table.onvalidation["create"](None)
    site.host.configure("dev_new", onaccept_set=lambda keys: calls.append(f"later {keys}"))
    assert table.onaccept_set is not None
    table.onaccept_set([1])
    assert calls == ["first", "second", "create", "later [1]"]


def anew(site: Storage, name: str) -> Table:
    """Return a table of a schema that is read again, as another table was defined."""
    define(site, f"dev_new_{len(site.db.tables)}", Field("name"))
    return site.table(name)


def test_an_eden_names_super_entities_in_several_ways(site: Storage) -> None:
    entity = site.db.pr_pentity
    for given in ("pr_pentity", entity, ["pr_pentity"], (entity,)):
        site.host.configure("org_organisation", super_entity=given)
        assert anew(site, "org_organisation").super_keys == {"pe_id": "pr_pentity"}


def test_what_a_super_entity_keeps_for_itself_is_not_shared(site: Storage) -> None:
    site.host.configure("pr_pentity", no_shared_fields=["pe_label"])
    assert set(anew(site, "pr_pentity").shared_fields) == {"uuid", "deleted"}


def test_of_parts_that_join_alike_the_one_without_a_filter_travels(site: Storage) -> None:
    site.host.joined["pr_person"] = {}
    for alias, filtered in (("email", True), ("contact", False), ("phone", True)):
        site.host.add_component("pr_person", alias, "pr_contact", "pe_id", "pe_id")
        if filtered:
            site.host.joined["pr_person"][alias].filterby = {"contact_method": "EMAIL"}
    found = anew(site, "pr_person").components
    assert {alias for alias, each in found.items() if each.travels} == {"contact"} and len(found) == 3


def test_a_part_of_many_masters_does_not_travel(site: Storage) -> None:
    define(site, "dev_skill", Field("person_ids", "list:reference pr_person"))
    site.host.add_component("pr_person", "skill", "dev_skill", "person_ids")
    assert not anew(site, "pr_person").components["skill"].travels


def test_duplicate_rules_of_sets_follow_the_columns_and_pass_over_what_stays_here(site: Storage) -> None:
    site.host.configure("org_office", deduplicate=SimpleNamespace(primary={"organisation_id", "name"}))
    rule = anew(site, "org_office").duplicate
    assert rule is not None
    assert rule.primary == tuple(f for f in site.db.org_office.fields if f in {"organisation_id", "name"})
    own = SimpleNamespace(primary={"user_id"}, secondary=set())
    table = define(site, "dev_own", Field("user_id", "integer"), deduplicate=own, local_fields=("user_id",))
    assert table.duplicate is None


@pytest.mark.parametrize("target", ["reference dev_gone", "reference auth_user"])
def test_duplicate_rules_ask_for_no_record_of_a_table_that_stays_here(site: Storage, target: str) -> None:
    site.db.define_table(target.split()[1])
    rule = SimpleNamespace(primary={"name", "of"}, secondary=set())
    assert define(site, "dev_mark", Field("name"), Field("of", target), deduplicate=rule).duplicate is None
    site.host.configure("dev_mark", deduplicate=SimpleNamespace(primary={"name"}, secondary={"of"}))
    found = anew(site, "dev_mark").duplicate
    assert found is not None and (found.primary, found.secondary) == (("name",), ())


def test_duplicate_rules_ask_for_no_value_that_each_site_works_out_itself(site: Storage) -> None:
    rule = SimpleNamespace(primary={"code"}, secondary=set())
    table = define(site, "dev_code", Field("code"), deduplicate=rule, computed_fields=("code",))
    assert table.duplicate is None


def test_files_in_a_folder_of_their_own_keep_the_names_that_somebody_gave(
    site: Storage, tmp_path: Path
) -> None:
    folder = tmp_path / "markers"
    (folder / "red").mkdir(parents=True)
    (folder / "red" / "house.png").write_bytes(b"a picture")
    (tmp_path / "secret.txt").write_bytes(b"of this site")
    image = Field("image", "upload", uploadfolder=str(folder))
    table = define(site, "dev_marker", image, Field("scan", "upload"))
    keeps = table.fields["image"].keeps
    assert keeps is not None and keeps("red/house.png") and table.fields["scan"].keeps is None
    for name in ("blue/house.png", "red", "../secret.txt", "red/../../secret.txt", "/etc/passwd", "", "a\0b"):
        assert not keeps(name)


def test_callbacks_may_be_given_by_table(site: Storage) -> None:
    called: list[Any] = []
    site.host.configure("org_office", onaccept={"org_office": called.append, "other": None})
    anew(site, "org_office").onaccept["create"]("form")
    assert called == ["form"]
