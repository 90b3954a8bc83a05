"""Answers as text."""

from __future__ import annotations

from launcher.operator_commands import printing as printing

REPOSITORY = {
    "id": 1, "name": "South\nside", "label": "in step", "last_success": None, "next_run": "2026-11-29T12:00:00Z",
    "waiting": {"outgoing": "none", "incoming": "not known"}, "conflicts": 1, "rejected": 2, "why": "Why.",
}  # fmt: skip


def test_columns_stand_below_each_other() -> None:
    assert printing.table(("A", "LONG"), [("value", None), ("b", 2)]) == [
        "A      LONG",
        "value  -",
        "b      2",
    ]


def test_a_repository_is_one_line_whatever_its_name() -> None:
    heading, line = printing.repositories({"repositories": [REPOSITORY]})
    assert line.startswith("1   South side  in step  -") and line.split()[-2:] == ["3", "Why."]
    assert heading.split()[-1] == "WHY"


def test_empty_lists_say_so() -> None:
    place = {"page": 1, "pages": 1, "total": 0}
    assert [*printing.repositories({"repositories": []})] == ["There is no repository yet."]
    assert [*printing.conflicts({"conflicts": [], **place})] == ["Nothing needs a decision."]
    assert [*printing.log({"log": [], **place})] == ["There is no such entry."]


def test_lists_say_where_they_end_and_where_to_decide() -> None:
    place = {"page": 1, "pages": 2, "total": 60}
    kept = {"id": 7, "time": "t", "repository": "S", "resource": "Offices", "label": "conflict", "record": "",
            "uuid": "u", "address": "http://n/eden/sync/kept/7"}  # fmt: skip
    lines = [*printing.conflicts({"conflicts": [kept], **place})]
    assert lines[1].split() == ["7", "t", "S", "Offices", "conflict", "u"]
    assert lines[-2:] == ["Decide at http://n/eden/sync/kept", "Page 1 of 2, 60 in all."]
    entry = {"time": "t", "label": "failed", "repository": "S", "resource": "", "direction": "sent",
             "message": "one\ntwo", "remedy": "Mend it."}  # fmt: skip
    assert [*printing.log({"log": [entry], **place})] == [
        "t  failed  S / sent", "    one", "    two", "    -> Mend it.", "Page 1 of 2, 60 in all."
    ]  # fmt: skip


def test_runs_tell_how_they_ended_or_that_they_wait() -> None:
    runs = [{"name": "S", "state": "completed", "message": "Done."}, {"name": "N", "state": "queued"}]
    assert [*printing.sync({"runs": runs, "workers": 1})] == [
        "S: completed - Done.",
        "N: queued - waits for a worker",
    ]
    assert "No worker is alive" in [*printing.sync({"runs": runs, "workers": 0})][-1]
    told = {"name": "S", "resource": "", "stage": "Starting", "done": 0, "of": None}
    assert printing.news(told) == "S: Starting"
    assert printing.news({**told, "resource": "Offices", "done": 3, "of": 5}) == "S: Offices Starting 3 of 5"


def test_what_a_file_changes_is_told_line_by_line() -> None:
    answer = {
        "dry_run": True,
        "changes": [
            {"kind": "scope", "name": "Field", "action": "add", "details": ["org_office: read"]},
            {"kind": "account", "name": "a@b", "action": "change", "details": []},
        ],
        "registered": [{"name": "HQ", "registered": False, "message": "Nobody answers."}],
        "warnings": ["Others can read it."],
        "unchanged": 3,
    }
    assert list(printing.applied(answer)) == [
        "+ scope Field",
        "    org_office: read",
        "~ account a@b",
        "Not registered at HQ yet: Nobody answers. The same command tries it again.",
        "!! Others can read it.",
        "2 would be changed; nothing was, 3 as the file says already.",
    ]
    done = {**answer, "dry_run": False, "registered": [], "changes": []}
    assert list(printing.applied(done))[-1] == "0 changed, 3 as the file says already."
