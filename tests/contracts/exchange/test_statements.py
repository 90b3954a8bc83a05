"""How many statements a batch takes: as many for few records as for many, whatever kind they are."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Callable

import pytest

from s3sync.conflicts import resolve_many as resolve_many
from s3sync.conflicts.kept_list import KeptVersionQuery
from s3sync.conflicts.resolve_many import Selection
from s3sync.core.kept import OpenKind, OpenRecord
from s3sync.core.policy import Terms
from s3sync.database import open_there as open_there
from s3sync.exchange.exporter import ExportRequest
from s3sync.exchange.importer import Report
from s3sync.site import Site
from s3sync.site.rejected import retry_rejected
from s3sync.wire.s3xml.document import Document
from tests.support.documents import data, ref, resource
from tests.support.site import Clock, SampleSite
from tests.support.statements import statements

#: Sizes below the number of keys that one statement may name.
FEW, MANY = 40, 160

Make = Callable[[int, str], str]


def organisation(number: int, remark: str) -> str:
    name = data("name", f"Relief {number}")
    return resource("org_organisation", f"urn:uuid:o-{number}", name, data("comments", remark))


def office(number: int, remark: str) -> str:
    return resource(
        "org_office",
        f"urn:uuid:f-{number}",
        data("name", f"Office {number}"),
        data("comments", remark),
        ref("organisation_id", "org_organisation", f"urn:uuid:of-{number}"),
        ref("location_id", "gis_location", f"urn:uuid:l-{number}"),
    ) + "".join(
        (
            resource("org_organisation", f"urn:uuid:of-{number}", data("name", f"Owner {number}")),
            resource("gis_location", f"urn:uuid:l-{number}", data("name", f"Place {number}")),
        )
    )


def person(number: int, remark: str) -> str:
    contacts = [
        resource(
            "pr_contact",
            f"urn:uuid:c-{number}-{method}",
            data("contact_method", method),
            data("value", value.format(number)),
            data("comments", remark),
        )
        for method, value in (("SMS", "+977{}"), ("EMAIL", "ann{}@example.org"))
    ]
    names = [data("first_name", f"Ann {number}"), data("last_name", "Lee"), data("comments", remark)]
    return resource("pr_person", f"urn:uuid:p-{number}", *names, *contacts)


KINDS: dict[str, Make] = {"org_organisation": organisation, "org_office": office, "pr_person": person}


def take(site: Site, table: str, count: int, first: int, remark: str = "") -> int:
    """Import records; return how many statements that took."""
    make = KINDS[table]
    text = "".join(make(number, remark) for number in range(first, first + count))
    if remark:
        text = text.replace("2026-03-01T12:00:00", "2026-03-02T12:00:00")
    source = io.BytesIO(f"<s3xml>{text}</s3xml>".encode())
    with statements() as calls:
        with Document(source, site.schema, table) as document, site.store.transaction():
            report = site.importer.import_page(document, Terms(), site.context(1, 0))
    assert sum(report.main.values()) == count and not report.failures
    return len(calls)


@pytest.fixture(scope="module", params=sorted(KINDS))
def counts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    """Statements by step: for a first batch, for few and for many records."""
    table = request.param
    clock = Clock()
    site = SampleSite(Path(tmp_path_factory.mktemp(table)) / "site", clock=clock)
    clock.step(10 * 86400)
    take(site, table, 1, 10**6)
    # Of tables in which nothing was edited no edits are read.
    take(site, table, 1, 10**6, "new words")
    found: dict[str, list[int]] = {}
    for count, first in ((FEW, 0), (MANY, 1000)):
        found.setdefault("new", []).append(take(site, table, count, first))
        found.setdefault("unchanged", []).append(take(site, table, count, first))
        found.setdefault("changed", []).append(take(site, table, count, first, "new words"))
    for count in (FEW, MANY):
        with statements() as calls:
            request_ = ExportRequest(table, limit=count, paged=True)
            assert site.exporter.export(io.BytesIO(), request_).count == count
        found.setdefault("export", []).append(len(calls))
    site.db.close()
    return found


@pytest.mark.parametrize("step", ["new", "unchanged", "changed", "export"])
def test_more_records_take_no_more_statements(counts: dict[str, list[int]], step: str) -> None:
    few, many = counts[step]
    assert few == many
    assert few < 120


def test_the_counter_counts(tmp_path: Path) -> None:
    site = SampleSite(tmp_path / "site")
    with statements() as calls:
        for number in range(3):
            site.db.executesql(f"SELECT {number}")
        site.store.run_many("UPDATE sync_job SET repository_id = ? WHERE id = ?", [(1, 1), (2, 2)])
    assert calls == ["execute"] * 3 + ["executemany"]
    site.db.close()


@pytest.mark.parametrize("number", [FEW, MANY])
def test_records_whose_time_cannot_be_take_no_more_statements(tmp_path: Path, number: int) -> None:
    counts = []
    for count in (1, number):
        site = SampleSite(tmp_path / str(count), clock=Clock())
        site.clock.step(10 * 86400)
        take(site, "org_organisation", count, 0)
        with site.store.transaction():
            # In the journal, too: it is about the time, not about what was written past the journal.
            for table in ("org_organisation", "sync_journal"):
                site.store.run(f"UPDATE {table} SET modified_on = '2028-01-01 00:00:00'", ())
        counts.append(take(site, "org_organisation", count, 0, "new words"))
        assert {row.comments for row in site.rows("org_organisation")} == {"new words"}
        site.db.close()
    assert counts[0] == counts[1]


@pytest.mark.parametrize("count", [FEW, MANY])
def test_put_aside_records_that_are_taken_against_changes_here_are_given_back_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    site = SampleSite(tmp_path / "site", clock=Clock())
    with site.store.transaction():
        key = int(site.db.sync_repository.insert(name="other", uuid="urn:uuid:other"))
    repository, table = site.repository(key), "org_organisation"
    take(site, table, count, 0)
    ahead = "".join(organisation(number, "ahead") for number in range(count)).replace("2026-", "2028-")
    report = site.push(ahead, table, repository_id=key)
    assert len(report.failures) == count
    site.clock.step(3600)
    with site.store.transaction():
        site.db(site.s3db[table].id > 0).update(comments="ours")
    site.clock.step(3 * 365 * 86400)
    given: list[int] = []
    monkeypatch.setattr(site.journal, "assert_ours", lambda _, keys: given.append(len(keys)))
    with site.store.transaction():
        report = retry_rejected(repository, table, Terms(), repository.context(table))
    assert {row.comments for row in site.rows(table)} == {"ahead"}
    assert given == [count]
    site.db.close()


def test_what_is_open_at_another_site_is_stored_with_as_many_statements_whatever_its_number(
    tmp_path: Path,
) -> None:
    site = SampleSite(tmp_path / "site")
    counts = []
    for number in (2, FEW):
        told = [OpenRecord(OpenKind.REJECTED, "org_organisation", str(each)) for each in range(number)]
        with site.store.transaction(), statements() as calls:
            open_there.replace_all(site.db, 1, site.clock.now(), told, {OpenKind.CONFLICT: number})
        counts.append(len(calls))
        assert open_there.counts(site.db) == {1: {OpenKind.REJECTED: number, OpenKind.CONFLICT: number}}
    assert counts[0] == counts[1]
    site.db.close()


#: Edits of a telephone number that did not know each other, and a decision on them.
OURS, THEIRS = "19ca0000000@aaaa", "19ca0000001@bbbb"
DECIDED = f"19ca0000002@cccc~ann@example.org=phone!{OURS},{THEIRS} {OURS} {THEIRS}"


def take_edited(site: SampleSite, count: int, phone: str, edits: str, via: int) -> Report:
    """Import records of which the sender tells the edits."""
    text = "".join(
        f'<resource name="org_organisation" uuid="u{number}" modified_on="2026-03-01T12:00:00" edits="{edits}">'
        f'<data field="name">Relief {number}</data><data field="phone">{phone}</data></resource>'
        for number in range(count)
    )
    return site.take(f'<s3xml edits="1">{text}</s3xml>', "org_organisation", repository_id=via, exchanged=0)


def with_conflicts(folder: Path, count: int) -> SampleSite:
    """Return a site that lists conflicts."""
    site = SampleSite(folder / str(count), clock=Clock())
    take_edited(site, count, "1", f"{OURS}=phone", 1)
    take_edited(site, count, "2", f"{THEIRS}=phone", 2)
    assert len(site.kept()) == count
    return site


def test_decisions_of_other_sites_close_conflicts_with_as_many_statements_whatever_their_number(
    tmp_path: Path,
) -> None:
    counts = []
    for number in (FEW, MANY):
        site = with_conflicts(tmp_path, number)
        with statements() as calls:
            report = take_edited(site, number, "1", DECIDED, 3)
        assert site.kept() == [] and len(report.decided) == number
        counts.append(len(calls))
        site.db.close()
    assert counts[0] == counts[1]


def test_conflicts_are_left_as_they_are_with_as_many_statements_whatever_their_number(tmp_path: Path) -> None:
    counts = []
    for number in (5, 40):
        site = with_conflicts(tmp_path, number)
        key = resolve_many.begin(site, Selection(None, KeptVersionQuery()), "keep", None)
        with statements() as calls:
            assert resolve_many.work(site, key)
        assert site.kept() == [] and site.db.sync_decision(key).done == number
        counts.append(len(calls))
        site.db.close()
    assert counts[0] == counts[1]
