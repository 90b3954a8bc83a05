"""What the screens of resources say and suggest: choices and filters in sentences, what should come along, the cost."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from s3sync.adapters import adapter_type
from s3sync.core.errors import FilterError
from s3sync.core.policy import Method, Policy
from s3sync.core.task import Mode
from s3sync.exchange.peer import Capability
from s3sync.site.tasks import TaskRules
from s3sync.web.screens.resources.catalogue import in_order, referred, suggestions
from s3sync.web.screens.resources.cost_estimate import Cost, PastRuns, estimate, past_runs
from s3sync.web.screens.resources.filter_fields import (
    FilterFields,
    by_selector,
    comparison_words,
    is_valid,
    problem_of,
)
from s3sync.web.screens.resources.filter_rows import OFFERED, FieldEntry, FilterRow, filter_of, row_of
from s3sync.web.screens.resources.rules import entered_rules, problems_of, rule_choices
from s3sync.web.screens.words.policies import (
    chosen,
    conflict_policies,
    modes,
    policy_sentences,
    strategies,
    update_policies,
)
from s3sync.wire.filters import parse_filter_string
from tests.support.site import NOW, SampleSite


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleSite]:
    found = SampleSite(tmp_path_factory.mktemp("site"))
    yield found
    found.close()


# --- choices ------------------------------------------------------------------------------------------------


def test_every_value_can_be_chosen_and_is_explained() -> None:
    assert {each.value for each in modes(str)} == {str(each.value) for each in Mode}
    assert [each.value for each in strategies(str)] == [each.value for each in Method]
    for policies in (update_policies(str), conflict_policies(str)):
        assert {each.value for each in policies} == {each.value for each in Policy} and policies[
            0
        ].value == "NEWER"
    for each in (*modes(str), *strategies(str), *update_policies(str), *conflict_policies(str)):
        assert each.label and each.help.endswith(".")
    assert all(each.short.endswith(".") for each in (*update_policies(str), *conflict_policies(str)))


@pytest.mark.parametrize(
    ("update", "conflict", "told"),
    [
        (Policy.NEWER, Policy.NEWER, ["The newer version stays."]),
        (Policy.OTHER, Policy.THIS, ["If only the other site changed a record, the change is taken."]),
        (Policy.THIS, Policy.MASTER, ["Changes of the other site are not taken."]),
    ],
)
def test_policies_in_sentences(update: Policy, conflict: Policy, told: list[str]) -> None:
    sentences = policy_sentences(str, update, conflict)
    assert sentences[: len(told)] == told
    assert len(sentences) == (1 if conflict is Policy.NEWER else 2)


def test_a_choice_is_found_by_its_value() -> None:
    assert chosen(modes(str), Mode.BOTH).label == "Fetch and send"
    assert chosen(update_policies(str), Policy.MASTER).value == "MASTER"


def test_rules_are_read_from_a_row_and_stored_as_they_were() -> None:
    stored = {
        "mode": 1,
        "components": False,
        "strategy": ["create", "merge"],
        "update_policy": "THIS",
        "conflict_policy": "MASTER",
    }
    assert TaskRules.read(SimpleNamespace(**stored)).columns == stored


def test_what_is_not_stored_is_as_usual_and_what_is_unknown_travels_not_at_all() -> None:
    empty = SimpleNamespace(**dict.fromkeys(TaskRules._fields))
    assert TaskRules.read(empty) == TaskRules()
    unknown = SimpleNamespace(
        mode=17, components=True, strategy=["drop"], update_policy="LUCK", conflict_policy=None
    )
    assert TaskRules.read(unknown) == TaskRules(Mode.NONE, strategy=())


class Variables(dict):  # type: ignore[type-arg]
    """What web2py calls a Storage."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name)


EDEN = SimpleNamespace(type_capabilities=adapter_type("eden").capabilities)


def test_a_type_that_only_gives_can_only_be_fetched_from() -> None:
    giver = SimpleNamespace(type_capabilities=frozenset((Capability.PULL,)))
    assert [each.value for each in rule_choices(str, giver).modes] == ["1", "4"]
    assert entered_rules(Variables(mode="3"), giver).mode is Mode.PULL
    assert len(rule_choices(str, EDEN).modes) == 4


def test_rules_that_were_sent() -> None:
    sent = Variables(mode="1", strategy="create", update_policy="THIS", conflict_policy="MASTER")
    assert entered_rules(sent, EDEN) == TaskRules(
        Mode.PULL, False, [Method.CREATE], Policy.THIS, Policy.MASTER
    )
    assert entered_rules(Variables(), EDEN, new=True) == TaskRules(strategy=list(Method))
    nothing = entered_rules(Variables(mode="9", update_policy="x"), EDEN)
    assert nothing == TaskRules(Mode.BOTH, False, [])
    assert set(problems_of(str, nothing)) == {"strategy"} and not problems_of(str, TaskRules())


# --- filters ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "filter", "told"),
    [
        ("org_organisation", "~.name=Red Cross", "Name is Red Cross"),
        ("org_organisation", "~.name__ne=Red Cross", "Name is not Red Cross"),
        ("org_organisation", "~.name__like=A*", "Name begins with A"),
        ("org_organisation", "~.name__like=*A", "Name ends with A"),
        ("org_organisation", "~.name__like=*A*", "Name contains A"),
        ("org_organisation", "~.name__like!=*A*", "Name does not contain A"),
        ("org_organisation", "~.name__like=A?B*", "Name looks like A?B*"),
        ("org_organisation", "~.acronym=CWF,HRA", "Acronym is one of: CWF,HRA"),
        ("org_organisation", "~.acronym=NONE", "Acronym is empty"),
        ("org_organisation", "~.acronym__ne=NONE", "Acronym is not empty"),
        ("org_organisation", "~.year__ge=1990", "Year Founded is at least 1990"),
        ("org_organisation", "~.year__lt=1990", "Year Founded is less than 1990"),
        (
            "org_organisation",
            "~.modified_on__ge=2026-01-01T08:00",
            "Changed on is on or after 2026-01-01 08:00 UTC",
        ),
        ("hrm_human_resource", "~.start_date__lt=2026-01-31", "Start Date is before 2026-01-31"),
        ("hrm_human_resource", "~.status=1,3", "Status is one of: Active, Terminated"),
        ("hrm_human_resource", "~.status__ne=2", "Status is none of: Resigned"),
        ("hrm_human_resource", "~.essential=true", "Essential Staff is yes"),
        ("hrm_human_resource", "~.organisation_id$acronym=HRA", "Organization: Acronym is HRA"),
        ("hrm_human_resource", "~.job_title_id=NONE", "Job Title is empty"),
        ("pr_person", "contact.value__like=*@example.org", "Contacts: Value ends with @example.org"),
        # what no row can say stays as it is written
        ("org_organisation", "~.name|~.acronym=x", "~.name|~.acronym=x"),
        ("org_organisation", "[org_office]~.name=x", "[org_office]~.name=x"),
        ("hrm_human_resource", "~.status=9", "~.status=9"),
    ],
)
def test_filters_in_words(site: SampleSite, resource: str, filter: str, told: str) -> None:
    fields = FilterFields(site, str, site.schema.table(resource))
    entries = by_selector(fields.groups())
    (parsed,) = parse_filter_string(filter)
    assert fields.sentences([parsed]) == [told]
    assert fields.entries_of([parsed]).items() <= entries.items()
    row = row_of(parsed, entries)
    assert filter_of(row, entries.get(row.selector)) == parsed


@pytest.mark.parametrize(
    "resource", ["org_organisation", "org_office", "pr_person", "gis_location", "hms_hospital"]
)
def test_every_field_that_is_offered_can_be_compared(site: SampleSite, resource: str) -> None:
    table = site.schema.table(resource)
    entries = by_selector(FilterFields(site, str, table).groups())
    assert len(entries) > 10
    values = {
        "number": "1",
        "date": "2026-01-31",
        "datetime": "2026-01-31T10:00",
        "time": "10:00",
        "yesno": "true",
    }
    for entry in entries.values():
        value = next(iter(entry.options), values.get(entry.kind, "x"))
        if entry.kind == "list" and not entry.options:
            value = "1"
        for comparison in OFFERED[entry.kind]:
            row = FilterRow(entry.selector, comparison, (value,))
            assert is_valid(site, table, filter_of(row, entry)) is None, row
            assert site.store.count(table, [filter_of(row, entry)]) == 0


def test_what_each_site_computes_or_hides_is_not_offered(site: SampleSite) -> None:
    entries = by_selector(FilterFields(site, str, site.schema.table("org_organisation")).groups())
    assert "~.root_organisation" not in entries and "~.pe_id" not in entries and "~.uuid" not in entries
    office = by_selector(FilterFields(site, str, site.schema.table("org_office")).groups())
    assert "~.organisation_id$name" in office and "~.organisation_id" in office


@pytest.mark.parametrize("kind", sorted(OFFERED))
def test_every_comparison_has_words(kind: str) -> None:
    words = comparison_words(str, kind)
    assert all(words[name] for name in OFFERED[kind])


def test_a_list_of_values_as_people_type_it() -> None:
    entry = FieldEntry("~.acronym", "Acronym", "text")
    (parsed,) = parse_filter_string("~.acronym=CWF,HRA")
    assert filter_of(FilterRow("~.acronym", "one_of", ("CWF, HRA,",)), entry) == parsed
    with pytest.raises(FilterError):
        filter_of(FilterRow("~.acronym", "one_of", (" , ",)), entry)


@pytest.mark.parametrize("text", ["~.name", "", "~.name=x&~.year=1", "name=x"])
def test_a_line_by_hand_is_one_filter(text: str) -> None:
    with pytest.raises(FilterError):
        filter_of(FilterRow("", text=text), None)


def test_problems_are_told_by_the_kind_of_field() -> None:
    error = FilterError("It does not fit.")
    assert "number" in problem_of(str, error, "number") and "2026-01-31" in problem_of(str, error, "date")
    assert "It does not fit." in problem_of(str, error, "text")


# --- what belongs together ----------------------------------------------------------------------------------


def test_what_records_refer_to_should_come_along(site: SampleSite) -> None:
    found = suggestions(site.schema, ["org_office"])
    assert {"org_organisation", "gis_location", "org_office_type", "org_sector"} <= set(found)
    assert "org_office" not in found and "pr_person" not in found
    assert "org_office" in found["org_organisation"] and found["org_sector"] == ["org_organisation"]
    assert "org_organisation" not in suggestions(site.schema, ["org_office", "org_organisation"])


def test_nobody_suggests_tables_that_stay_at_home(site: SampleSite) -> None:
    for table in site.schema:
        for name in referred(site.schema, table):
            target = site.schema.table(name)
            assert not target.is_super and not name.startswith("auth_") and name != table.name


def test_what_is_referred_to_comes_first(site: SampleSite) -> None:
    names = ["hrm_human_resource", "org_office", "org_organisation", "pr_person", "gis_location"]
    ordered = in_order(site.schema, names)
    assert sorted(ordered) == sorted(names)
    assert ordered.index("org_organisation") < ordered.index("org_office")
    assert ordered[-1] in ("hrm_human_resource", "org_office") and ordered[0] == "gis_location"


# --- the cost -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("past", "here", "there", "cost"),
    [
        (PastRuns(1000, 200_000, 10.0), 300, 700, Cost(1000, 200_000, 10.0)),
        (PastRuns(1000, 200_000, 10.0), 0, 500, Cost(500, 100_000, 5.0)),
        (PastRuns(1000, 200_000, 10.0), 100, None, Cost(None, None, None)),
        (PastRuns(0, 0, 0.0), 100, 5, Cost(105, None, None)),
    ],
)
def test_what_comparing_everything_takes(past: PastRuns, here: int, there: Any, cost: Cost) -> None:
    assert estimate(past, here, there) == cost


def test_past_runs_that_moved_something(site: SampleSite) -> None:
    def run(**values: Any) -> None:
        site.db.sync_run.insert(repository_id=77, started_on=NOW, **values)

    later = NOW.replace(minute=1)
    run(state="completed", finished_on=later, sent=50, created=30, unchanged=20, bytes_sent=1000)
    run(state="completed", finished_on=later, sent=0)
    run(state="failed", finished_on=later, sent=9)
    run(state="running", sent=9)
    assert past_runs(site.db, 77) == PastRuns(100, 1000, 60.0)
    assert past_runs(site.db, 78) == PastRuns(0, 0, 0)
