"""Two real sites, one of which has a clock that is two hours ahead: it does not win everything, and people are told."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import Browser, visible
from tests.support.offices import Office, eventually, offices
from tests.support.stage import Stage, staged, told
from tests.support.webserver import WebSite

pytestmark = [pytest.mark.slow, pytest.mark.integration]

AHEAD = 7200
OPEN = "db(db.sync_kept.state == 'open').count()"
#: Whether a record has a time that has not come yet.
IN_FUTURE = (
    "db((db.org_organisation.name == {name!r}) & (db.org_organisation.modified_on > request.utcnow)).count()"
)


@pytest.fixture(params=["field", "headquarters"])
def ahead(request: pytest.FixtureRequest) -> str:
    """The site whose clock is ahead; the worker is the field's."""
    return str(request.param)


@pytest.fixture
def stage(tmp_path: Path, ahead: str) -> Iterator[Stage]:
    with staged(tmp_path, populate=False) as both:
        getattr(both, ahead).set_clock(AHEAD)
        both.connect("org_organisation")
        yield both
        assert both.tickets() == []


def attention(site: WebSite, browser: Browser) -> str:
    """Return what the overview of a site says of the other one."""
    found = re.search(r"<tr>\s*<th scope=\"row\">.*?</tr>", browser.page("/sync/index"), re.DOTALL)
    assert found, site.url
    return visible(f"<main>{found.group()}</main>")


def both_show(offices_: tuple[Office, Office], **values: str) -> None:
    for each in offices_:
        eventually(each.shows(**values))


def test_a_site_two_hours_ahead_does_not_win_everything_and_is_corrected(stage: Stage, ahead: str) -> None:
    wrong: WebSite = getattr(stage, ahead)
    right = stage.field if wrong is stage.headquarters else stage.headquarters
    name = "Relief of both"
    with stage.worker():
        both = fast, true = offices(stage, wrong, name)
        fast.save(phone="22")
        both_show(both, phone="22")
        # Who has seen an edit replaces it, whatever the clocks say.
        true.save(phone="33")
        both_show(both, phone="33")
        # What only one edits is taken from there.
        fast.save(comments="by the fast one")
        true.save(year="1960")
        both_show(both, phone="33", comments="by the fast one", year="1960")
        assert [told(each, OPEN) for each in (wrong, right)] == [0, 0]

        for site, office, way in ((right, true, "ahead"), (wrong, fast, "behind")):
            eventually(lambda office=office, site=site: "needs attention" in attention(site, office.browser))
            text = attention(site, office.browser)
            assert f"The clock of the other site is 2 hours {way}." in text, text
            assert "let that computer set its clock by the network (NTP)" in text, text

    # In dispute is only what both edited before they heard of each other, and nothing of it is gone.
    fast.save(phone="44")
    time.sleep(1.1)
    true.save(phone="55")
    with stage.worker():
        eventually(lambda: told(stage.field, OPEN) + told(stage.headquarters, OPEN) > 0)
        winner = fast.form()["phone"]
        both_show(both, phone=winner, comments="by the fast one", year="1960")

    wrong.set_clock(0)
    with stage.worker():
        assert told(wrong, IN_FUTURE.format(name=name)) == 1
        # Whoever corrects it, it is taken, and the record's time lies behind nobody's clock any more.
        true.save(phone="66")
        both_show(both, phone="66")
        fast.save(phone="77", comments="corrected")
        both_show(both, phone="77", comments="corrected", year="1960")
        for site, office in ((right, true), (wrong, fast)):
            eventually(lambda office=office, site=site: "clock" not in attention(site, office.browser))
