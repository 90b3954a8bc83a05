"""What is asked of running sites after each test, asked of two sites that say what is not true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.conflicts import resolve as resolve
from tests.support import true_words as true_words
from tests.support.exchange import Pair
from tests.support.site import IN_A_FILE, Clock, SampleSite
from tests.support.standing import has_address, takes_not_everybody
from tests.support.true_words import check_running_sites, untrue_words_of
from tests.support.webserver import RUNNING, WebSite

ORG = "org_organisation"


class Sites:
    """A field office and headquarters, each in a folder as a running site has it."""

    def __init__(self, folder: Path) -> None:
        self.web = [WebSite(folder / name, port=1) for name in ("field", "headquarters")]
        clock = Clock()
        self.field, self.headquarters = (
            SampleSite(each.application, IN_A_FILE, clock=clock, configure=takes_not_everybody)
            for each in self.web
        )
        self.pair = Pair(self.field, self.headquarters, ORG)
        has_address(self.pair)

    def run(self) -> None:
        self.pair.run()
        key, now = self.pair.repository.id, self.field.clock.now()
        self.field.db.sync_run.insert(repository_id=key, state="completed", finished_on=now)
        self.field.db.commit()

    def untrue(self) -> list[str]:
        return untrue_words_of(*self.web)


@pytest.fixture
def sites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sites]:
    found = Sites(tmp_path)
    monkeypatch.setattr(true_words.OpenedSite, "CLOCK", found.field.clock)
    found.field.s3db[ORG].insert(uuid="a", name="Relief")
    found.field.db.commit()
    found.run()
    yield found
    found.field.close()
    found.headquarters.close()


def test_sites_that_are_in_step_and_say_so_are_believed(sites: Sites) -> None:
    check_running_sites(sites.web)
    assert sites.headquarters.row(ORG, "a").name == "Relief"


def test_a_record_that_was_written_past_the_journal_makes_in_step_untrue(sites: Sites) -> None:
    sites.headquarters.db.executesql(f"UPDATE {ORG} SET name = 'Another' WHERE uuid = 'a'")
    sites.headquarters.db.commit()
    with pytest.raises(AssertionError, match=r"in_step.*org_organisation a is .*Relief.*Another"):
        check_running_sites(sites.web)


def test_what_a_site_has_yet_to_send_is_no_untrue_word_of_the_other_one(sites: Sites) -> None:
    sites.headquarters.db(sites.headquarters.s3db[ORG].uuid == "a").update(name="Another")
    sites.headquarters.db.commit()
    assert sites.untrue() == []


def test_a_record_that_was_refused_is_no_untrue_word(sites: Sites) -> None:
    sites.field.clock.step()
    sites.field.db(sites.field.s3db[ORG].uuid == "a").update(name="Nobody")
    sites.field.db.commit()
    sites.run()
    assert [each.kind for each in sites.headquarters.kept()] == ["rejected"]
    assert sites.untrue() == []


def test_a_rejected_record_that_a_person_leaves_so_is_told(sites: Sites) -> None:
    sites.headquarters.s3db[ORG].insert(uuid="bad", name="Nobody")
    sites.headquarters.db.commit()
    sites.run()
    (row,) = sites.field.db(sites.field.db.sync_kept).select()
    resolve.accept(sites.field, row.id)
    sites.field.db.commit()
    assert sites.untrue() == []
    # As it was before: the sites said that they are in step.
    row.update_record(state="resolved")
    sites.field.db.commit()
    with pytest.raises(AssertionError, match=r"They say in_step \(equal\).* bad is"):
        sites.run()


def test_a_record_in_which_sites_differ_without_a_word_is_noticed(sites: Sites) -> None:
    sites.headquarters.s3db[ORG].insert(uuid="bad", name="Nobody")
    sites.headquarters.db.commit()
    sites.run()
    assert sites.untrue() == []
    # Whoever is told of one record is not told of another one.
    sites.headquarters.db.executesql(f"UPDATE {ORG} SET name = 'Another' WHERE uuid = 'a'")
    sites.headquarters.db.commit()
    (told,) = sites.untrue()
    assert "nobody is told" in told and f"{ORG} a is" in told
    sites.field.db(sites.field.db.sync_kept.uuid == "bad").update(reason="")
    sites.field.db.commit()
    assert len(sites.untrue()) == 2, "why is not said"


def test_sites_at_work_claim_nothing_that_could_be_compared(
    sites: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(true_words, "PATIENCE", 0)
    sites.headquarters.db.executesql(f"UPDATE {ORG} SET name = 'Another' WHERE uuid = 'a'")
    sites.headquarters.db.commit()
    sites.field.db.sync_lease.insert(repository_id=sites.pair.repository.id, owner="a worker")
    sites.field.db.commit()
    assert sites.untrue() == []


def test_every_test_asks_the_sites_that_run_when_it_has_ended(pytestconfig: pytest.Config) -> None:
    (asks,) = [
        each for each in pytestconfig.pluginmanager.get_plugins() if getattr(each, "RUNNING", None) is RUNNING
    ]
    assert hasattr(asks, "pytest_runtest_call")
