"""What an import tells stays small, however many records it was about."""

from __future__ import annotations

from collections import Counter

from s3sync.core.records import Action
from s3sync.exchange.importer.report import MAX_FAILURES, MAX_LISTED, Report


def test_a_report_lists_no_more_keys_than_fit() -> None:
    report = Report()
    for start in range(0, 3 * MAX_LISTED, 1000):
        keys = list(range(start, start + 1000))
        report.add(Report(created=keys, updated=keys[:1], deleted=keys))
    assert report.created == report.deleted == list(range(MAX_LISTED))
    assert len(report.updated) == 3 * MAX_LISTED / 1000


def test_a_report_that_is_full_takes_nothing_more() -> None:
    report = Report(warnings=["a part of the record was left out"] * (MAX_FAILURES + 1))
    report.add(Report(warnings=["another one"] * 10))
    assert "another one" not in report.warnings


def test_outcomes_are_told_by_name_without_those_that_did_not_occur() -> None:
    report = Report(main=Counter({Action.CREATED: 2, Action.UPDATED: 0}))
    assert report.outcomes == {"created": 2}
