"""The table at the end of the demonstration."""

from __future__ import annotations

from launcher.comparison import Knowledge, change_between, differences, state_from, table


def knowledge(conflicts: int = 0, **contents: str) -> Knowledge:
    return Knowledge(contents, conflicts)


def test_every_record_is_counted_once() -> None:
    before = knowledge(kept="1", edited="1", removed="1", conflicts=2)
    now = knowledge(kept="1", edited="2", new="1", another="1", conflicts=3)
    change = change_between(before, now)
    assert (change.before, change.now) == (3, 4)
    assert (change.created, change.updated, change.unchanged, change.conflicts) == (2, 1, 1, 1)


def test_differences_name_what_only_one_site_has_and_what_differs() -> None:
    one = {"org_office": knowledge(a="1", b="1"), "pr_person": knowledge(p="1")}
    other = {"org_office": knowledge(b="2", c="1"), "pr_person": knowledge(p="1")}
    assert differences(one, other) == {"org_office": ["a", "b", "c"]}
    assert differences(one, one) == {}


def test_the_table_shows_figures_of_both_sites_and_the_verdict() -> None:
    north = state_from({"pr_person": {"contents": {"a": "1"}, "conflicts": 0}})
    south = state_from({"pr_person": {"contents": {"b": "1"}, "conflicts": 0}})
    both = state_from({"pr_person": {"contents": {"a": "1", "b": "1"}, "conflicts": 1}})
    lines = table({"pr_person": "People"}, ["North", "South"], [north, south], [both, both]).splitlines()
    assert "North" in lines[0] and "South" in lines[0]
    assert " ".join(lines[-1].split()) == "People | 1 2 1 0 1 1 | 1 2 1 0 1 1 | yes"
    assert len({line.index("|") for line in lines if "|" in line}) == 1

    apart = table({"pr_person": "People"}, ["North", "South"], [north, south], [both, south])
    assert apart.splitlines()[-1].endswith("| 1 differ")
