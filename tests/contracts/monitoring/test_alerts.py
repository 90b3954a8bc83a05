"""The alert rules and the dashboard that are shipped can be read, and name only figures and labels that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.monitoring import figures as figures
from s3sync.scheduler import queue as queue
from tests.support.jobs import add
from tests.support.places import CHECKOUT
from tests.support.site import SampleSite

ALERTS = CHECKOUT / "deploy" / "prometheus" / "eden-alerts.yml"
DASHBOARD = CHECKOUT / "deploy" / "grafana" / "eden.json"
#: What Prometheus adds to each figure, and the only figure that is its own.
OWN_LABELS, UP = {"instance", "job"}, "up"
_ENTRY = re.compile(r"( *)(- )?(\w+):(?: (.+))?")
_FIGURE = re.compile(r"\b(eden_\w+|up)\b(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(?:=|!=|=~|!~)\s*"(?:[^"\\]|\\.)*"')
_GROUPING = re.compile(r"\b(?:by|without) \(([^)]*)\)")


def read(text: str) -> list[dict[str, str]]:
    """Return the rules of a file of alerts, as far as YAML is used in ours: ``key: value``, nested by two blanks.

    Whatever else stands there is an error. Quoted values are those of JSON, which YAML has as well.
    """
    found: list[dict[str, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        entry = _ENTRY.fullmatch(line)
        assert entry and len(entry[1]) % 2 == 0 and "\t" not in line, (number, line)
        indent, dash, key, value = len(entry[1]), entry[2], entry[3], entry[4] or ""
        if value.startswith('"'):
            value = json.loads(value)
        elif key != "expr":
            assert re.fullmatch(r"[\w.]*", value), (number, "needs quotes")
        else:
            # A plain text ends at these (YAML 1.2, 7.3.3).
            assert ": " not in value and " #" not in value and value[0] not in "{[&*!|>%@`'\"", (
                number,
                value,
            )
        if dash and key == "alert":
            assert indent == 6, number
            found.append({key: value})
        elif found:
            assert (indent, dash) in ((8, None), (10, None)), (number, line)
            assert key not in found[-1], (number, key)
            found[-1][key] = value
        else:
            assert key in ("groups", "name", "rules"), (number, key)
    return found


@pytest.fixture
def labels(tmp_path: Path) -> Iterator[dict[str, set[str]]]:
    """Name of each figure -> names of its labels."""
    from gluon.scheduler import Scheduler

    site = SampleSite(tmp_path)
    Scheduler(site.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
    key = add(site, "North", "failed", last_connected=site.clock.now(), settings={"skew": 3.0})
    site.db.sync_run.insert(repository_id=key, state="completed", finished_on=site.clock.now())
    site.db.commit()
    yield {
        each.name: {name for sample in each.samples for name in (sample.labels or {})}
        for each in figures.figures(site)
    }
    site.close()


def check(expression: str, labels: dict[str, set[str]]) -> None:
    """Check that an expression is whole, and what it names is there."""
    pairs = {")": "(", "]": "[", "}": "{"}
    opened: list[str] = []
    for letter in re.sub(r'"(?:[^"\\]|\\.)*"', "", expression):
        if letter in pairs.values():
            opened.append(letter)
        elif letter in pairs:
            assert opened and opened.pop() == pairs[letter], expression
    assert not opened and expression.count('"') % 2 == 0, expression
    names = set()
    for name, matchers in _FIGURE.findall(expression):
        known = OWN_LABELS | labels.get(name, set())
        assert name in labels or name == UP, name
        for each in filter(None, (part.strip() for part in matchers.split(","))):
            matcher = _MATCHER.fullmatch(each)
            assert matcher and matcher[1] in known, (expression, each)
        names |= known
    for grouped in _GROUPING.findall(expression):
        assert {each.strip() for each in grouped.split(",")} <= names, expression


def test_the_alert_rules_can_be_read_and_name_what_there_is(labels: dict[str, set[str]]) -> None:
    rules = read(ALERTS.read_text(encoding="utf-8"))
    assert len(rules) >= 8 and len({each["alert"] for each in rules}) == len(rules)
    for each in rules:
        assert set(each) == {"alert", "expr", "for", "annotations", "summary", "description"}, each
        assert re.fullmatch(r"Eden[A-Z]\w+", each["alert"]) and re.fullmatch(r"[1-9]\d*[smhdw]", each["for"])
        check(each["expr"], labels)
        grouped = _GROUPING.findall(each["expr"])
        kept = (
            set(grouped[0].split(","))
            if grouped
            else set().union(
                *(OWN_LABELS | labels.get(name, set()) for name, _ in _FIGURE.findall(each["expr"]))
            )
        )
        told = each["summary"] + each["description"]
        assert set(re.findall(r"\$labels\.(\w+)", told)) <= kept, each["alert"]
        assert (
            told.count("{{")
            == told.count("}}")
            == len(re.findall(r"\{\{ \$(?:labels\.\w+|value) \}\}", told))
        )


def test_the_dashboard_asks_for_what_there_is(labels: dict[str, set[str]]) -> None:
    asked = [
        target["expr"]
        for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
        for target in panel["targets"]
    ]
    assert len(asked) >= 8
    for each in asked:
        check(each, labels)


@pytest.mark.parametrize(
    "wrong",
    ["sum(eden_sync_workers", 'eden_sync_workers{state="x"}', "eden_sync_nothing", "sum by (job, x) (up)"],
)
def test_what_is_wrong_is_found(labels: dict[str, set[str]], wrong: str) -> None:
    with pytest.raises(AssertionError):
        check(wrong, labels)


@pytest.mark.parametrize("wrong", ["      - alert: A B\n", "     - alert: A\n", "\tgroups:\n", "groups\n"])
def test_what_is_no_such_file_is_found(wrong: str) -> None:
    with pytest.raises(AssertionError):
        read(wrong)
