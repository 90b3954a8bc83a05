"""Records like those that people write: varied names, addresses and remarks, the same in every run."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from pathlib import Path

PAGE = 5000
BEGINNING = datetime(2025, 1, 1)
_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<s3xml success="true" results="{count}" domain="bench"{edits}>\n'
)
#: From this revision on records say which of their fields were edited.
EDITED = 2
_FOOT = "</s3xml>\n"
_CONSONANTS = "bdfghjklmnprstvwyz"
_SYLLABLES = tuple(first + second for first in _CONSONANTS for second in "aeiou")
_KINDS = (
    "Foundation",
    "Ministry of Health",
    "Red Cross",
    "Relief",
    "University",
    "Hospital",
    "Trust",
    "Works",
)
_REMARKS = (
    "works with",
    "was visited by",
    "expects supplies from",
    "has moved to",
    "asks for news of",
    "reports to",
)


class Words:
    """Invented words, chosen by a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def word(self) -> str:
        choose = self._random.random
        count = 2 + int(choose() * 3)
        return "".join(_SYLLABLES[int(choose() * len(_SYLLABLES))] for _ in range(count)).capitalize()

    def uuid(self) -> str:
        text = f"{self._random.getrandbits(128):032x}"
        return f"urn:uuid:{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def one_of(self, choices: "tuple[str, ...]") -> str:
        return choices[int(self._random.random() * len(choices))]

    def number(self, below: int) -> int:
        return int(self._random.random() * below)


def _moment(number: int, revision: int) -> str:
    return (BEGINNING + timedelta(seconds=number % 86400, days=revision)).isoformat()


def _edits(number: int, revision: int) -> str:
    if revision < EDITED:
        return ""
    moment = BEGINNING.replace(tzinfo=timezone.utc) + timedelta(seconds=number % 86400, days=revision)
    return f' edits="{int(moment.timestamp() * 1000):x}@be7c0001~clerk@example.org=phone,comments"'


def _text(field: str, text: str) -> str:
    return f'<data field="{field}" value="&quot;{text}&quot;">{text}</data>'


def organisation(number: int, revision: int = 0) -> str:
    """Return an organisation as a <resource> element; its revisions differ in two fields."""
    words = Words(number)
    uuid = words.uuid()
    name = f"{words.word()} {words.word()} {words.one_of(_KINDS)}"
    place, remark = words.word(), words.one_of(_REMARKS)
    return (
        f'<resource name="org_organisation" uuid="{uuid}" mci="1" created_on="{_moment(number, 0)}" '
        f'modified_on="{_moment(number, revision)}"{_edits(number, revision)}><data field="name">{name}</data>'
        f'<data field="acronym" value="&quot;{name[:3].upper()}{number}&quot;">{name[:3].upper()}{number}</data>'
        f'<data field="phone" value="&quot;+{1000000 + words.number(9000000)}{revision}&quot;"/>'
        f'<data field="website" value="&quot;http://www.{place.lower()}.example.org&quot;"/>'
        f'<data field="comments" value="&quot;{place} {remark} {words.word()}, {words.word()} (visit {revision})'
        '&quot;"/>'
        "</resource>\n"
    )


def office(number: int, revision: int = 0) -> str:
    """Return an office with its location; the first of ten also has its organisation."""
    words = Words(1_000_000_000 + number)
    uuid, place, word = words.uuid(), words.uuid(), words.word()
    owner = number // 10
    owner_words = Words(2_000_000_000 + owner)
    owner_uuid, owner_name = owner_words.uuid(), f"{owner_words.word()} {owner_words.word()} {owner}"
    moment = _moment(number, revision)
    organisation = (
        f'<resource name="org_organisation" uuid="{owner_uuid}" mci="1" modified_on="{moment}">'
        f'<data field="name">{owner_name}</data></resource>\n'
    )
    return (
        f'<resource name="org_office" uuid="{uuid}" mci="1" created_on="{moment}" modified_on="{moment}">'
        f'<data field="name">{word} office {number}</data><data field="code">{number}</data>'
        f"{_text('comments', f'{words.word()} {words.one_of(_REMARKS)} {words.word()}')}"
        f'<reference field="organisation_id" resource="org_organisation" uuid="{owner_uuid}"/>'
        f'<reference field="location_id" resource="gis_location" uuid="{place}"/></resource>\n'
        f'<resource name="gis_location" uuid="{place}" mci="1" modified_on="{moment}">'
        f'<data field="name">{words.word()} {words.word()} {number}</data>'
        f'<data field="lat" value="{words.number(170) - 85}.5"/>'
        f'<data field="lon" value="{words.number(350) - 175}.25"/>'
        f'<data field="addr_street" value="&quot;{words.word()} street {words.number(200)}&quot;"/></resource>\n'
        f"{organisation if number % 10 == 0 else ''}"
    )


def person(number: int, revision: int = 0) -> str:
    """Return a person with two contacts."""
    words = Words(3_000_000_000 + number)
    moment = _moment(number, revision)
    contacts = "".join(
        f'<resource name="pr_contact" uuid="{words.uuid()}" mci="1" modified_on="{moment}">'
        f'<data field="contact_method" value="&quot;{method}&quot;"/><data field="value">{value}</data></resource>'
        for method, value in (
            ("SMS", f"+{1000000 + words.number(9000000)}"),
            ("EMAIL", f"{words.word().lower()}{number}@example.org"),
        )
    )
    return (
        f'<resource name="pr_person" uuid="{words.uuid()}" mci="1" created_on="{moment}" modified_on="{moment}">'
        f'<data field="first_name">{words.word()}</data><data field="last_name">{words.word()} {number}</data>'
        f'<data field="gender" value="{2 + words.number(2)}"/>'
        f"{_text('comments', f'{words.word()} {words.one_of(_REMARKS)} {words.word()}')}{contacts}</resource>\n"
    )


def _owner(number: int) -> tuple[str, str]:
    """Return the identifier of the organisation of a record, and the organisation itself with the first of ten."""
    words = Words(2_000_000_000 + number // 10)
    uuid, name = words.uuid(), f"{words.word()} {words.word()} {number // 10}"
    told = (
        f'<resource name="org_organisation" uuid="{uuid}" mci="1" modified_on="{_moment(number, 0)}">'
        f'<data field="name">{name}</data></resource>\n'
    )
    return uuid, told if number % 10 == 0 else ""


def post(number: int, revision: int = 0) -> str:
    """Return a staff record with its person; the first of ten also has its organisation."""
    words, person_words = Words(5_000_000_000 + number), Words(6_000_000_000 + number)
    moment, holder = _moment(number, revision), person_words.uuid()
    owner, told = _owner(number)
    return (
        f'<resource name="hrm_human_resource" uuid="{words.uuid()}" mci="1" modified_on="{moment}">'
        f'<data field="type" value="1"/><data field="status" value="1"/><data field="code">S{number}</data>'
        f'<reference field="person_id" resource="pr_person" uuid="{holder}"/>'
        f'<reference field="organisation_id" resource="org_organisation" uuid="{owner}"/></resource>\n'
        f'<resource name="pr_person" uuid="{holder}" mci="1" modified_on="{moment}">'
        f'<data field="first_name">{person_words.word()}</data>'
        f'<data field="last_name">{person_words.word()} {number}</data></resource>\n{told}'
    )


def shelter(number: int, revision: int = 0) -> str:
    """Return a shelter with its location; the first of ten also has its organisation."""
    words = Words(7_000_000_000 + number)
    moment, uuid, place = _moment(number, revision), words.uuid(), words.uuid()
    owner, told = _owner(number)
    return (
        f'<resource name="cr_shelter" uuid="{uuid}" mci="1" modified_on="{moment}">'
        f'<data field="name">{words.word()} shelter {number}</data><data field="status" value="2"/>'
        f'<data field="capacity" value="{words.number(400)}"/>'
        f'<reference field="organisation_id" resource="org_organisation" uuid="{owner}"/>'
        f'<reference field="location_id" resource="gis_location" uuid="{place}"/></resource>\n'
        f'<resource name="gis_location" uuid="{place}" mci="1" modified_on="{moment}">'
        f'<data field="name">{words.word()} {words.word()} {number}</data>'
        f'<data field="lat" value="{words.number(170) - 85}.5"/>'
        f'<data field="lon" value="{words.number(350) - 175}.25"/></resource>\n{told}'
    )


MAKERS = {
    "org_organisation": organisation,
    "org_office": office,
    "pr_person": person,
    "hrm_human_resource": post,
    "cr_shelter": shelter,
}


def write_pages(
    folder: Path, table: str, count: int, *, revision: int = 0, first: int = 0, page: int = PAGE
) -> list[Path]:
    """Write records as documents of ``page`` main records each; return the files.

    Args:
        folder: where to write.
        table: one of MAKERS.
        count: main records.
        revision: 0 for their first versions; a higher one is newer and different.
        first: number of the first record; each number is a different record.
        page: main records in a document.
    """
    folder.mkdir(parents=True, exist_ok=True)
    make = MAKERS[table]
    files = []
    for start in range(first, first + count, page):
        end = min(start + page, first + count)
        path = folder / f"{table}-{revision}-{start}.xml"
        with path.open("w", encoding="utf-8") as out:
            out.write(_HEAD.format(edits=' edits="1"' if revision >= EDITED else "", count=end - start))
            out.writelines(make(number, revision) for number in range(start, end))
            out.write(_FOOT)
        files.append(path)
    return files
