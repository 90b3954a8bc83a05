"""A spooled document hands out the same records whether it is decoded at once or read twice."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from s3sync.core.errors import DocumentError, TruncatedDocument
from s3sync.core.records import Record
from s3sync.wire.s3xml import DocumentLimits
from s3sync.wire.s3xml import document as documents
from s3sync.wire.s3xml.document import Document, WantedRecord
from tests.support.datamodel import schema
from tests.support.growth import grows_no_faster_than_its_input

SCHEMA = schema()


@pytest.fixture(params=["at once", "read twice", "read twice, spilled"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param != "at once":
        monkeypatch.setattr(documents, "AT_ONCE_BYTES", 0)
    if request.param.endswith("spilled"):
        monkeypatch.setattr(documents, "SPILL_BYTES", 0)
    return str(request.param)


def opened(text: str, main: str = "org_office", limits: DocumentLimits | None = None) -> Document:
    return Document(io.BytesIO(text.encode("utf-8")), SCHEMA, main, limits)


def office(uuid: str, organisation: str) -> str:
    return (
        f'<resource name="org_office" uuid="{uuid}"><data field="name">{uuid}</data>'
        f'<reference field="organisation_id" resource="org_organisation" uuid="{organisation}"/></resource>'
    )


def organisation(uuid: str, name: str = "Red Cross") -> str:
    return f'<resource name="org_organisation" uuid="{uuid}"><data field="name">{name}</data></resource>'


def uuids(batches: Iterator[list[Record]]) -> list[list[str | None]]:
    return [[record.uuid for record in batch] for batch in batches]


@pytest.mark.usefixtures("way")
def test_main_records_come_in_order_and_in_batches() -> None:
    text = "".join(office(f"o{n}", "a") for n in range(5)) + organisation("a")
    with opened(f"<s3xml>{text}</s3xml>") as document:
        assert uuids(document.batches(2)) == [["o0", "o1"], ["o2", "o3"], ["o4"]]
    with opened(f"<s3xml>{text}</s3xml>") as document:
        assert uuids(document.batches(9)) == [["o0", "o1", "o2", "o3", "o4"]]


@pytest.mark.usefixtures("way")
def test_others_are_found_by_identifier_wherever_they_stand_and_given_out_once() -> None:
    text = organisation("before") + office("o", "before") + organisation("behind", "Later")
    with opened(f"<s3xml>{text}</s3xml>") as document:
        (found,) = document.take(WantedRecord("org_organisation", "behind", None))
        assert (found.table, found.uuid, found.values) == ("org_organisation", "behind", {"name": "Later"})
        assert [each.uuid for each in document.take(WantedRecord("org_organisation", "before", None))] == [
            "before"
        ]
        assert document.take(WantedRecord("org_organisation", "before", None)) == []
        assert document.take(WantedRecord("org_office", "before", None)) == []


@pytest.mark.usefixtures("way")
def test_equal_records_count_once_and_different_ones_all() -> None:
    text = organisation("a", "One") + organisation("a", "One") + organisation("a", "Two")
    with opened(f"<s3xml>{office('o', 'a')}{text}</s3xml>") as document:
        found = document.take(WantedRecord("org_organisation", "a", None))
        assert [each.values["name"] for each in found] == ["One", "Two"]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("given, asked", [("a", "far/a"), ("far/a", "a"), ("far/a", "far/a"), ("a", "a")])
def test_the_senders_domain_may_stand_on_either_side(given: str, asked: str) -> None:
    with opened(f'<s3xml domain="far">{office("o", asked)}{organisation(given)}</s3xml>') as document:
        assert [each.uuid for each in document.take(WantedRecord("org_organisation", asked, None))] == [given]


@pytest.mark.usefixtures("way")
def test_tuids_are_found_like_uuids() -> None:
    text = '<resource name="org_organisation" tuid="t1"><data field="name">New</data></resource>'
    with opened(f"<s3xml>{office('o', 'a')}{text}</s3xml>") as document:
        (found,) = document.take(WantedRecord("org_organisation", None, "t1"))
        assert found.values == {"name": "New"}


@pytest.mark.usefixtures("way")
def test_what_is_nested_but_no_component_is_set_aside_without_its_alias_and_once() -> None:
    person = '<resource name="pr_person" uuid="p" alias="{}"><data field="first_name">Ana</data></resource>'
    staff = (
        '<resource name="hrm_human_resource" uuid="{}">'
        f"{person.format('one')}{person.format('two')}"
        '<reference field="person_id" resource="pr_person" uuid="p"/></resource>'
    )
    text = staff.format("h1") + staff.format("h2")
    with opened(f"<s3xml>{text}</s3xml>", "hrm_human_resource") as document:
        assert [record.components for batch in document.batches(5) for record in batch] == [[], []]
        (found,) = document.take(WantedRecord("pr_person", "p", None))
        assert (found.alias, found.values) == (None, {"first_name": "Ana"})


@pytest.mark.usefixtures("way")
def test_components_stay_with_their_master() -> None:
    text = (
        '<resource name="pr_person" uuid="p"><resource name="pr_contact" uuid="c">'
        '<data field="value">1</data></resource></resource>'
    )
    with opened(f"<s3xml>{text}</s3xml>", "pr_person") as document:
        ((person,),) = document.batches(5)
        assert [each.uuid for each in person.components] == ["c"]
        assert document.take(WantedRecord("pr_contact", "c", None)) == []


@pytest.mark.usefixtures("way")
def test_tables_that_are_not_here_or_never_travel_are_passed_over() -> None:
    text = "".join(f'<resource name="{name}" uuid="x"/>' for name in ("no_such", "auth_user", ""))
    with opened(f"<s3xml>{text}{office('o', 'a')}</s3xml>") as document:
        assert uuids(document.batches(5)) == [["o"]]


@pytest.mark.usefixtures("way")
def test_a_document_that_breaks_off_is_refused_before_it_is_trusted() -> None:
    text = f"<s3xml>{''.join(office(f'o{n}', 'a') for n in range(3))}{organisation('a')}"
    with pytest.raises(TruncatedDocument), opened(text) as document:
        document.verify()


@pytest.mark.usefixtures("way")
def test_limits_hold() -> None:
    text = f"<s3xml>{''.join(office(f'o{n}', 'a') for n in range(30))}</s3xml>"
    with pytest.raises(DocumentError), opened(text, limits=DocumentLimits(max_bytes=2000)) as document:
        document.verify()


def test_a_large_document_is_decoded_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"<s3xml>{organisation('a')}{''.join(office(f'o{n}', 'a') for n in range(3))}</s3xml>"
    decoded: list[str | None] = []
    decode = documents.Decoder.decode

    def counted(self: documents.Decoder, element: documents.Element) -> Record:
        decoded.append(element.get("uuid"))
        return decode(self, element)

    monkeypatch.setattr(documents.Decoder, "decode", counted)
    for limit, expected in ((len(text), ["a", "o0", "o1", "o2"]), (len(text) - 1, ["o0"])):
        decoded.clear()
        monkeypatch.setattr(documents, "AT_ONCE_BYTES", limit)
        with opened(text) as document:
            next(document.batches(1))
            assert decoded == expected


@pytest.mark.parametrize("comment", [("", ""), ("<!--", "-->")], ids=["open", "in a comment"])
def test_tags_without_end_cost_no_more_than_others(comment: tuple[str, str]) -> None:
    def text(tags: int) -> str:
        return f"<s3xml>{comment[0]}{'<resource ' * tags}{comment[1]}</s3xml>"

    def work(text: str) -> None:
        try:
            with opened(text) as document:
                assert uuids(document.batches(9)) == []
        except DocumentError:
            assert "<!--" not in text

    grows_no_faster_than_its_input(work, text, 2000)


@pytest.mark.parametrize(
    "spelling", ["name='org_office' uuid='o'", "uuid='o' name='org_office'", "\nname = 'org_office' uuid='o'"]
)
@pytest.mark.parametrize("before", range(0, 60, 7))
def test_others_are_noticed_at_any_place_of_a_read(
    spelling: str, before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "_CHUNK", 64)
    text = f"<s3xml>{' ' * before}{office('o1', 'a')}<resource {spelling}/>{organisation('a')}</s3xml>"
    with opened(text) as document:
        assert uuids(document.batches(9)) == [["o1", "o"]]
        assert [record.uuid for record in document.take(WantedRecord("org_organisation", "a", None))] == ["a"]


def test_a_batch_ends_when_its_records_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "BATCH_BYTES", 100_000)
    large = "".join(
        f'<resource name="org_office" uuid="{n}"><data field="comments">{"x" * 150_000}</data></resource>'
        for n in range(3)
    )
    with opened(f"<s3xml>{large}</s3xml>") as document:
        assert uuids(document.batches(5000)) == [["0", "1"], ["2"]]


def test_a_small_document_of_very_many_records_is_not_decoded_as_a_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(documents, "AT_ONCE_RECORDS", 2)
    with opened(f"<s3xml>{office('o', 'a')}{organisation('a')}{organisation('b')}</s3xml>") as document:
        assert isinstance(document._shelf, documents._Fragments)
        assert uuids(document.batches(9)) == [["o"]]
