"""The project's own documents: one page as we send it, one answer as an Eden gives it."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

from s3sync.core.records import Record, Reference, Upload
from s3sync.wire.s3xml import FOOTER, Decoder, DocumentReader, encode_record, header, strip_domain
from tests.support.datamodel import schema
from tests.support.places import DOCUMENTS

SCHEMA = schema()


def read(name: str) -> tuple[DocumentReader, list[Record]]:
    decoder = Decoder(SCHEMA)
    with (DOCUMENTS / name).open("rb") as source:
        reader = DocumentReader(source)
        return reader, [decoder.decode(element) for element in reader]


def uuid(number: int) -> str:
    return f"urn:uuid:0a6c9a52-51f6-4b7e-9a51-3d1f0b8f{number:04}"


def test_a_page_of_ours() -> None:
    reader, (main, merged, bare) = read("page.xml")
    head = reader.header
    assert (head.cursor, head.more, head.journal, head.results) == ("5e0f1c.1200.k3J9", True, "5e0f1c", 3)
    changed = datetime(2026, 4, 5, 17, 45, 10)
    assert main == Record(
        "org_organisation",
        uuid(1),
        mci=1,
        created_on=datetime(2026, 4, 2, 6, 30),
        modified_on=changed,
        created_by="lena@hq.example.org",
        modified_by="omar@hq.example.org",
        owned_by_user="lena@hq.example.org",
        owned_by_group="Staff",
        values={
            "year": None,
            "country": None,
            "name": "River & Coast Rescue",
            "acronym": "",
            "comments": "Two boats.\nالساحل 🚤 <b>24/7</b>",
        },
        components=[
            Record(
                "org_organisation_branch",
                uuid(2),
                alias="branch",
                mci=1,
                modified_on=changed,
                references={"branch_id": Reference("org_organisation", uuid(3))},
            ),
            Record(
                "pr_contact",
                uuid(4),
                alias="contact",
                mci=1,
                modified_on=changed,
                values={"contact_method": "SMS", "value": "+41 22 555 0101", "priority": 1},
            ),
            Record(
                "pr_contact",
                uuid(5),
                alias="contact",
                deleted=True,
                modified_on=datetime(2026, 4, 5, 17),
            ),
        ],
    )
    assert (merged.deleted, merged.replaced_by) == (True, uuid(1))
    assert bare.values == {"name": "Boat &amp; Sail", "year": 1987}
    assert strip_domain(bare.uuid or "", "hq.example.org") == "BOAT-CLUB"


def test_a_page_of_ours_is_written_as_it_was() -> None:
    """The form on the wire is a promise to older versions: a change of it shows here."""
    text = (DOCUMENTS / "page.xml").read_text(encoding="utf-8")
    reader, records = read("page.xml")
    head = reader.header
    written = header(
        results=head.results,
        domain=head.domain,
        url=head.url,
        cursor=head.cursor,
        more=head.more,
        journal=head.journal,
    )
    written += "".join(encode_record(record, SCHEMA) for record in records) + FOOTER
    expected = text.strip().replace(' url="https://hq.example.org/eden/org/organisation/7"', "")
    # Where the table serves as one component only, no alias is needed.
    assert written == expected.replace(' alias="contact"', "")


def test_an_answer_of_an_eden() -> None:
    reader, records = read("eden.xml")
    assert (reader.header.cursor, reader.header.is_paged, reader.header.domain) == (None, False, "field")
    staff, person, office, course, document = records
    assert not any(record.errors for each in records for record in each.walk())
    assert staff.values == {"tags": ["driver", "café"], "starts": time(8, 30), "status": 1}
    base = "urn:uuid:7b1d9d34-0000-4000-8000-00000000000"
    assert staff.references == {
        "person_id": Reference("pr_person", "PERSON-9"),
        "organisation_id": Reference("org_organisation", f"{base}2"),
        "site_id": Reference("org_office", f"{base}3"),
        "course_id": (Reference("hrm_course", f"{base}4"),),
    }
    assert person.uuid == "field/PERSON-9"
    assert person.values == {
        "first_name": "Ada",
        "last_name": 'O\'Example "the 2nd"',
        "date_of_birth": date(1990, 12, 1),
    }
    (availability,) = person.components
    assert availability.values == {
        "schedule_json": {"mon": [8, 12.5], "note": "a<b"},
        "days_of_week": [1, 5],
    }
    assert office.values == {"name": "Quay Office", "obsolete": False}
    assert course.values == {"name": "First Aid", "hours": 7.5, "fee": Decimal("0.25")}
    stored = "doc_document.file.9f2c4f1b7a6d5e43.bWFwLnBkZg==.pdf"
    url = f"http://field.example.org/eden/default/download/{stored}"
    assert document.values == {
        "name": "Map",
        "file": Upload("map.pdf", url, stored),
        "date": datetime(2026, 3, 4, 10),
    }
