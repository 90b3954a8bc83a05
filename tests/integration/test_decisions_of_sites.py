"""Conflicts that two real sites list, decided at one of them: a field office, headquarters, and a branch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from s3sync.core.task import Mode
from tests.support.browser import Browser, visible
from tests.support.offices import eventually
from tests.support.stage import Stage, linked, prepared, staged, told
from tests.support.webserver import EMAIL, PASSWORD, WebSite, running_site

pytestmark = [pytest.mark.slow, pytest.mark.integration]

ORG = "org_organisation"
NAMES = [f"Relief {number:03}" for number in range(400)]
#: Decided at both sites, differently.
TWICE = NAMES[-1]
OPEN = "db((db.sync_kept.state == 'open') & (db.sync_kept.kind == 'conflict')).count()"
SAID = (
    "sorted([r.name, r.phone, r.comments, r.year] for r in db(db.org_organisation.deleted == False).select())"
)
ENTER = "for name in {names!r}: db.org_organisation.insert(name=name, phone='0')\ndb.commit()"
EDIT = """
for row in db(db.org_organisation.id > 0).select():
    row.update_record(**{values!r})
db.commit()
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two sites that list the same 400 conflicts: between the field, and a branch that was later."""
    folder = tmp_path_factory.mktemp("stage")
    (folder / "branch").mkdir()
    with (
        staged(folder, populate=False) as both,
        running_site(folder / "branch" / "site", prepared()) as branch,
    ):
        both.headquarters.run(ENTER.format(names=NAMES))
        asks = linked(both.field, "Field office", both.headquarters, "Headquarters", ORG)
        tells = linked(branch, "Branch", both.headquarters, "Headquarters", ORG)
        listens = linked(both.field, "Field office", branch, "Branch", ORG, mode=Mode.PULL)
        for link in (asks, tells, listens):
            link.run()
        # Now the branch tells headquarters, which tells nobody of it before the field has heard of it, too.
        branch.run("db(db.sync_task).update(mode=2)\ndb.commit()")
        both.field.run(EDIT.format(values={"phone": "7", "comments": "by the field"}))
        branch.run(EDIT.format(values={"phone": "8", "year": 2001}))
        for link in (asks, tells, listens):
            link.run()
        asks.schedule()
        yield both
        assert [*both.tickets(), *branch.tickets()] == []


def somebody(site: WebSite) -> Browser:
    return Browser(site.url).login(EMAIL, PASSWORD)


def entry(browser: Browser, name: str, asked: str = "") -> str:
    """Return the address of the entry of a record in the list of conflicts."""
    found = re.search(
        r'href="[^"]*(/sync/kept/\d+)">' + name + "<", browser.page(f"/sync/kept?q={name}{asked}")
    )
    assert found, name
    return found.group(1)


def says(site: WebSite, name: str) -> list[Any]:
    return next(each for each in told(site, SAID) if each[0] == name)


def test_four_hundred_conflicts_decided_at_the_field_are_closed_at_headquarters(stage: Stage) -> None:
    field, headquarters = somebody(stage.field), somebody(stage.headquarters)
    assert [told(each, OPEN) for each in (stage.field, stage.headquarters)] == [len(NAMES)] * 2
    assert says(stage.field, NAMES[0]) == says(stage.headquarters, NAMES[0])[:3] + [2001]

    # Some one by one, one of them differently at headquarters a moment later, the others by a rule.
    for name, choice in ((NAMES[0], "ours"), (NAMES[1], "theirs"), (NAMES[2], "accept"), (TWICE, "ours")):
        # One that was turned away would be decided by the rule below, later than at headquarters.
        assert field.submit(entry(field, name), choice).ok
    assert headquarters.submit(entry(headquarters, TWICE), "accept").ok
    assert field.submit("/sync/kept/decide?which=all&kind=conflict&rule=ours", "decide").ok
    with stage.worker():
        eventually(lambda: told(stage.field, SAID) == told(stage.headquarters, SAID))
        eventually(lambda: told(stage.headquarters, OPEN) + told(stage.field, OPEN) == 1)

        at_both = [says(each, name) for each in (stage.field, stage.headquarters) for name in NAMES[:4]]
        phones = ["7", "8", "8", "7"] * 2
        assert [each[1:] for each in at_both] == [[phone, "by the field", 2001] for phone in phones]
        _headquarters_says_who_decided(headquarters)
        _two_decisions_are_a_conflict_as_any_other(stage)


def _headquarters_says_who_decided(headquarters: Browser) -> None:
    """Each entry tells who decided what, where and when, and so does the log."""
    for name in (NAMES[0], NAMES[1], NAMES[5]):
        text = visible(headquarters.page(entry(headquarters, name, "&state=resolved")))
        assert f", by {EMAIL}, Field office" in text, text
        assert re.search(rf"{EMAIL}, Field office \( ?\d{{4}}-\d\d-\d\d \d\d:\d\d", text), text
    listed = headquarters.page("/sync/log?direction=decide")
    told_of = [visible(headquarters.page(path)) for path in re.findall(r'"/eden(/sync/log/\d+)"', listed)]
    assert any(f"decided by {EMAIL} at Field office on" in each for each in told_of), (
        visible(listed),
        told_of,
    )


def _two_decisions_are_a_conflict_as_any_other(stage: Stage) -> None:
    """The later one counts, the other one is listed at one site; who decides on that closes it everywhere."""
    assert says(stage.field, TWICE)[1] == says(stage.headquarters, TWICE)[1] == "8"
    site = stage.field if told(stage.field, OPEN) else stage.headquarters
    browser = somebody(site)
    path = entry(browser, TWICE)
    page = visible(browser.page(path))
    assert "1 field that both sites edited" in page
    browser.submit(path, "ours" if site is stage.field else "theirs")
    eventually(lambda: [says(each, TWICE)[1] for each in (stage.field, stage.headquarters)] == ["7", "7"])
    assert [told(each, OPEN) for each in (stage.field, stage.headquarters)] == [0, 0]
