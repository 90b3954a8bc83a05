"""Invented data for two sites in the same country: headquarters and the field.

Both sides know part of it, with the same identifiers; a few of those records were edited on one side later.
The data are fixed, so that every run writes the same. A record that exists already is left alone.
"""

from __future__ import annotations

import datetime
import io
import uuid
from collections.abc import Mapping
from typing import Any

HEADQUARTERS = "headquarters"
FIELD = "field"
SIDES = (HEADQUARTERS, FIELD)

_NAMESPACE = uuid.UUID("8c2ff1f7-2f3b-4d0a-9c5e-6d1f0e1a7b42")
_FIRST_DAY = datetime.datetime(2025, 3, 1, 8, 0, 0)
_COUNTRY = "urn:iso:std:iso:3166:-1:code:NP"

# key, name, level, parent, lat, lon
_DISTRICTS = (
    ("gandaki", "Gandaki", "L1", "NP", 28.4, 84.1),
    ("bagmati", "Bagmati", "L1", "NP", 27.7, 85.4),
    ("karnali", "Karnali", "L1", "NP", 29.2, 82.2),
    ("kaski", "Kaski", "L2", "gandaki", 28.3, 83.98),
    ("gorkha", "Gorkha", "L2", "gandaki", 28.28, 84.68),
    ("lamjung", "Lamjung", "L2", "gandaki", 28.23, 84.37),
    ("kathmandu", "Kathmandu", "L2", "bagmati", 27.71, 85.32),
    ("sindhuli", "Sindhuli", "L2", "bagmati", 27.25, 85.97),
    ("jumla", "Jumla", "L2", "karnali", 29.27, 82.18),
)

# key, name, acronym, types, sectors, who knows it
_ORGANISATIONS = (
    ("hra", "Himal Relief Alliance", "HRA", ("NGO",), ("Shelter", "Health"), "both"),
    ("hra-gandaki", "Himal Relief Alliance Gandaki Branch", "HRA-G", ("NGO",), ("Shelter",), "both"),
    ("cwf", "Clear Water Fund", "CWF", ("NGO",), ("Water",), "both"),
    ("moh", "Office of Public Health", "OPH", ("Government",), ("Health",), "both"),
    ("mfs", "Mountain Flight Service", "MFS", ("Company",), ("Logistics",), "headquarters"),
    ("ldf", "Lasting Development Foundation", "LDF", ("Donor",), ("Education", "Food"), "headquarters"),
    ("rsn", "Regional Seismic Network", "RSN", ("Academic",), (), "headquarters"),
    ("ugw", "United Grain Warehouses", "UGW", ("Company",), ("Food", "Logistics"), "headquarters"),
    ("gyc", "Gorkha Youth Club", "GYC", ("Community",), ("Shelter", "Water"), "field"),
    ("lwc", "Lamjung Women's Cooperative", "LWC", ("Community",), ("Food",), "field"),
    ("pmc", "Pokhara Motor & Cable", "PMC", ("Company",), ("Logistics",), "field"),
)

# key, name, organisation, type, place, district, lat, lon, who knows it
_OFFICES = (
    ("hra-hq", "HRA Headquarters", "hra", "Headquarters", "14 Ring Road", "kathmandu", 27.72, 85.33, "both"),
    (
        "hra-pokhara",
        "HRA Pokhara",
        "hra-gandaki",
        "Field Office",
        "3 Lake Lane",
        "kaski",
        28.21,
        83.96,
        "both",
    ),
    ("cwf-gorkha", "CWF Gorkha", "cwf", "Field Office", "Old Bazaar 7", "gorkha", 28.0, 84.63, "both"),
    (
        "moh-ktm",
        "Public Health Centre Desk",
        "moh",
        "Headquarters",
        "1 Garden Way",
        "kathmandu",
        27.7,
        85.31,
        "headquarters",
    ),
    (
        "mfs-hangar",
        "MFS Hangar Office",
        "mfs",
        "Field Office",
        "Airfield South",
        "kathmandu",
        27.69,
        85.36,
        "headquarters",
    ),
    (
        "ldf-main",
        "LDF Secretariat",
        "ldf",
        "Headquarters",
        "22 Bank Street",
        "kathmandu",
        27.71,
        85.32,
        "headquarters",
    ),
    ("gyc-hall", "GYC Hall", "gyc", "Field Office", "School Hill", "gorkha", 28.01, 84.62, "field"),
    ("lwc-store", "LWC Store", "lwc", "Warehouse", "Riverside 4", "lamjung", 28.14, 84.41, "field"),
)

# key, first name, last name, gender, born, employer, title, office, who knows the person
_PEOPLE = (
    ("asha", "Asha", "Gurung", 2, (1984, 2, 29), "hra", "Country Director", "hra-hq", "both"),
    (
        "bikram",
        "Bikram",
        "Thapa",
        3,
        (1979, 11, 3),
        "hra-gandaki",
        "Field Coordinator",
        "hra-pokhara",
        "both",
    ),
    ("chandra", "Chandra", "Rai", 2, (1991, 6, 17), "cwf", "Water Engineer", "cwf-gorkha", "both"),
    ("deepak", "Deepak", "Shrestha", 3, (1988, 1, 9), "moh", "Nurse", "moh-ktm", "headquarters"),
    ("elina", "Elina", "Magar", 2, (1995, 8, 24), "ldf", "Finance Officer", "ldf-main", "headquarters"),
    ("farid", "Farid", "Ansari", 3, (1982, 4, 12), "mfs", "Pilot", "mfs-hangar", "headquarters"),
    ("gita", "Gita", "Adhikari", 2, (1999, 12, 1), "hra", "Data Officer", "hra-hq", "headquarters"),
    ("hari", "Hari", "Lama", 3, (1975, 5, 30), "gyc", "Volunteer Leader", "gyc-hall", "field"),
    ("indira", "Indira", "Poudel", 2, (1968, 9, 14), "lwc", "Store Keeper", "lwc-store", "field"),
    ("jit", "Jit", "Tamang", 3, (2001, 3, 21), "gyc", "Volunteer", "gyc-hall", "field"),
    ("kavita", "Kavita", "O'Hara-Basnet", 2, (1993, 7, 7), "hra-gandaki", "Nurse", "hra-pokhara", "field"),
)

# key, name, organisation, type, services, district, lat, lon, day, night, people in it, who knows it
_SHELTERS = (
    (
        "school",
        "School Hill Shelter",
        "hra-gandaki",
        "School",
        ("Food", "Water"),
        "gorkha",
        28.02,
        84.63,
        240,
        180,
        96,
        "both",
    ),
    (
        "stadium",
        "Pokhara Stadium",
        "hra-gandaki",
        "Open Space",
        ("Water", "Medical"),
        "kaski",
        28.22,
        84.0,
        1500,
        1200,
        640,
        "both",
    ),
    (
        "ringroad",
        "Ring Road Camp",
        "hra",
        "Tents",
        ("Food",),
        "kathmandu",
        27.73,
        85.34,
        400,
        400,
        0,
        "headquarters",
    ),
    (
        "monastery",
        "Lamjung Monastery",
        "lwc",
        "Building",
        ("Food", "Water", "Medical"),
        "lamjung",
        28.15,
        84.4,
        80,
        65,
        61,
        "field",
    ),
    ("clubhouse", "GYC Club House", "gyc", "Building", (), "gorkha", 28.0, 84.61, 45, 30, 30, "field"),
)

# key, name, organisation, district, lat, lon, doctors, nurses, ((unit, type, beds, free), ...), who knows it
_HOSPITALS = (
    (
        "central",
        "Central Teaching Hospital",
        "moh",
        "kathmandu",
        27.71,
        85.32,
        84,
        230,
        (("CTH-ICU", 1, 24, 3), ("CTH-GEN", 6, 380, 41)),
        "both",
    ),
    (
        "gandaki",
        "Gandaki Regional Hospital",
        "moh",
        "kaski",
        28.22,
        83.99,
        31,
        90,
        (("GRH-GEN", 6, 140, 22), ("GRH-ER", 4, 16, 5)),
        "both",
    ),
    (
        "childrens",
        "Kathmandu Children's Hospital",
        "moh",
        "kathmandu",
        27.7,
        85.3,
        22,
        64,
        (("KCH-PED", 2, 18, 2),),
        "headquarters",
    ),
    (
        "gorkha",
        "Gorkha District Hospital",
        "moh",
        "gorkha",
        28.0,
        84.63,
        7,
        19,
        (("GDH-GEN", 6, 50, 4),),
        "field",
    ),
)

# key, name, type, district, lat, lon, when (days after the first), severity, who knows it
_INCIDENTS = (
    ("quake", "Gorkha Earthquake", "Earthquake", "gorkha", 28.15, 84.7, 3, 8, "both"),
    ("slide", "Landslide on the Lamjung Road", "Landslide", "lamjung", 28.2, 84.4, 4, 5, "field"),
    ("power", "Power Failure in Pokhara", "Infrastructure", "kaski", 28.2, 83.98, 4, 3, "field"),
    ("airport", "Airfield Closed", "Infrastructure", "kathmandu", 27.69, 85.36, 3, 4, "headquarters"),
)


class _Writer:
    """Writes records with fixed identifiers, each once."""

    def __init__(self, s3db: Any) -> None:
        self.s3db = s3db
        self.db = s3db.db
        self.created: dict[str, list[int]] = {}
        self._hours = 0

    def identifier(self, tablename: str, key: str) -> str:
        """Return the uuid of a demo record."""
        if (tablename, key) == ("gis_location", "NP"):
            return _COUNTRY
        return uuid.uuid5(_NAMESPACE, f"{tablename}/{key}").urn

    def put(self, tablename: str, key: str, edited: int | None = None, **values: Any) -> int | None:
        """Write a record unless it exists; return its id, None if this site does not have the table.

        Args:
            tablename: its table.
            key: name of the record within its table.
            edited: day of the last change, counted from the first day; by default there was no change.
        """
        table = self.s3db.table(tablename)
        if table is None:
            return None
        identifier = self.identifier(tablename, key)
        row = self.db(table.uuid == identifier).select(table.id, limitby=(0, 1)).first()
        if row:
            return int(row.id)
        changed = _FIRST_DAY + datetime.timedelta(days=edited or 0, minutes=7 if edited else 0)
        record_id = int(table.insert(uuid=identifier, created_on=_FIRST_DAY, modified_on=changed, **values))
        self.created.setdefault(tablename, []).append(record_id)
        return record_id

    def find(self, tablename: str, key: str) -> int | None:
        """Return the id of a demo record, None if this side does not have it."""
        table = self.s3db.table(tablename)
        if table is None:
            return None
        row = self.db(table.uuid == self.identifier(tablename, key)).select(table.id).first()
        return int(row.id) if row else None

    def super_key(self, tablename: str, key: str, name: str) -> int | None:
        """Return the super key of a demo record."""
        table = self.s3db.table(tablename)
        if table is None:
            return None
        row = self.db(table.uuid == self.identifier(tablename, key)).select(table[name]).first()
        return int(row[name]) if row else None

    def accept(self) -> None:
        """Let the tables compute the columns that depend on the new records."""
        for tablename, ids in self.created.items():
            accepted = self.s3db.get_config(tablename, "onaccept_set")
            if accepted:
                accepted(ids)


def populate(environment: Mapping[str, Any], side: str) -> dict[str, int]:
    """Write one side's demo data. The caller commits.

    Args:
        environment: names of the models: s3db.
        side: "headquarters" or "field".

    Returns:
        number of records created now, by table.

    Raises:
        ValueError: for any other side.
    """
    if side not in SIDES:
        raise ValueError(f"{side!r} is no side of the demo; there are {' and '.join(SIDES)}.")
    write = _Writer(environment["s3db"])
    _locations(write)
    _organisations(write, side)
    _offices(write, side)
    _people(write, side)
    _shelters(write, side)
    _hospitals(write, side)
    _incidents(write, side)
    _documents(write, side)
    write.accept()
    return {tablename: len(ids) for tablename, ids in write.created.items()}


def _known(who: str, side: str) -> bool:
    return who in ("both", side)


def _locations(write: _Writer) -> None:
    write.put("gis_location", "NP", name="Nepal", level="L0", lat=28.25, lon=83.94)
    for key, name, level, parent, lat, lon in _DISTRICTS:
        write.put(
            "gis_location",
            key,
            name=name,
            level=level,
            parent=write.find("gis_location", parent),
            lat=lat,
            lon=lon,
        )


def _point(write: _Writer, key: str, street: str, district: str, lat: float, lon: float) -> int | None:
    return write.put(
        "gis_location",
        f"point-{key}",
        parent=write.find("gis_location", district),
        addr_street=street,
        lat=lat,
        lon=lon,
    )


def _organisations(write: _Writer, side: str) -> None:
    for key, name, acronym, types, sectors, who in _ORGANISATIONS:
        if not _known(who, side):
            continue
        values = {
            "name": name,
            "acronym": acronym,
            "country": "NP",
            "website": f"https://{key}.example.org",
            "year": 1990 + len(name) % 30,
        }
        edited = None
        if key == "cwf":
            # The same organisation, edited on both sides: the field's version is the later one.
            edited = 2 if side == HEADQUARTERS else 5
            values["phone"] = "+977 1 555 0142" if side == HEADQUARTERS else "+977 64 555 017"
            values["comments"] = "Wells and pumps" if side == HEADQUARTERS else "Wells, pumps and water tests"
        if key == "moh" and side == HEADQUARTERS:
            edited = 6
            values["contact"] = "Duty desk, day and night"
        organisation = write.put("org_organisation", key, edited=edited, **values)
        for one in types:
            kind = write.put("org_organisation_type", one, name=one)
            write.put(
                "org_organisation_organisation_type",
                f"{key}/{one}",
                organisation_id=organisation,
                organisation_type_id=kind,
            )
        for number, one in enumerate(sectors):
            sector = write.put("org_sector", one, name=one, abrv=one[:3].upper())
            write.put(
                "org_sector_organisation",
                f"{key}/{one}",
                organisation_id=organisation,
                sector_id=sector,
                lead=number == 0,
            )
        write.put(
            "pr_contact",
            f"org/{key}",
            pe_id=write.super_key("org_organisation", key, "pe_id"),
            contact_method="EMAIL",
            value=f"office@{key}.example.org",
        )
    write.put(
        "org_organisation_branch",
        "hra-gandaki",
        organisation_id=write.find("org_organisation", "hra"),
        branch_id=write.find("org_organisation", "hra-gandaki"),
    )


def _offices(write: _Writer, side: str) -> None:
    for key, name, organisation, kind, street, district, lat, lon, who in _OFFICES:
        if not _known(who, side):
            continue
        edited, phone = None, f"+977 1 555 0{len(name) * 7:03d}"
        if key == "hra-pokhara" and side == FIELD:
            edited, phone = 4, "+977 61 555 0199"
        write.put(
            "org_office",
            key,
            edited=edited,
            name=name,
            code=key.upper()[:10],
            organisation_id=write.find("org_organisation", organisation),
            office_type_id=write.put("org_office_type", kind, name=kind),
            location_id=_point(write, key, street, district, lat, lon),
            phone1=phone,
            email=f"{key}@example.org",
        )


def _people(write: _Writer, side: str) -> None:
    for number, (key, first, last, gender, born, employer, title, office, who) in enumerate(_PEOPLE):
        if not _known(who, side):
            continue
        edited = 3 if key == "asha" and side == HEADQUARTERS else None
        person = write.put(
            "pr_person",
            key,
            edited=edited,
            first_name=first,
            middle_name="B." if edited else None,
            last_name=last,
            gender=gender,
            date_of_birth=datetime.date(*born),
        )
        pe_id = write.super_key("pr_person", key, "pe_id")
        write.put(
            "pr_contact", f"{key}/email", pe_id=pe_id, contact_method="EMAIL", value=f"{key}@example.org"
        )
        write.put(
            "pr_contact",
            f"{key}/phone",
            pe_id=pe_id,
            contact_method="SMS",
            value=f"+977 980 555 0{100 + number:03d}",
            priority=2,
        )
        district = ("kathmandu", "kaski", "gorkha", "lamjung")[number % 4]
        write.put(
            "pr_address",
            key,
            pe_id=pe_id,
            type=1,
            location_id=write.put(
                "gis_location",
                f"home-{key}",
                parent=write.find("gis_location", district),
                addr_street=f"House {number + 11}",
                addr_postcode=f"33{700 + number:03d}",
            ),
        )
        write.put(
            "pr_identity",
            key,
            person_id=person,
            type=2,
            value=f"NP-{421700 + 37 * number:06d}",
            valid_from=datetime.date(2020, 1, 1 + number),
            valid_until=datetime.date(2030, 1, 1 + number),
            country_code="NPL",
        )
        write.put(
            "pr_person_availability",
            key,
            person_id=person,
            hours_per_week=20 + number,
            days_of_week=[1, 2, 3, 4, 5] if number % 2 else [0, 6],
            schedule_json={"shift": "day" if number % 2 else "night", "hours": [8, 16]},
        )
        job = write.put("hrm_job_title", title, name=title)
        write.put(
            "hrm_human_resource",
            key,
            person_id=person,
            organisation_id=write.find("org_organisation", employer),
            job_title_id=job,
            site_id=write.super_key("org_office", office, "site_id"),
            type=2 if "Volunteer" in title else 1,
            code=f"S{number + 1:03d}",
            start_date=datetime.date(2022, 1 + number % 12, 1),
        )


def _shelters(write: _Writer, side: str) -> None:
    for key, name, organisation, kind, services, district, lat, lon, day, night, inside, who in _SHELTERS:
        if not _known(who, side) or write.s3db.table("cr_shelter") is None:
            continue
        kept = [write.put("cr_shelter_service", one, name=one) for one in services]
        write.put(
            "cr_shelter",
            key,
            name=name,
            code=key.upper()[:10],
            organisation_id=write.find("org_organisation", organisation),
            shelter_type_id=write.put("cr_shelter_type", kind, name=kind),
            shelter_service_id=kept,
            location_id=_point(write, f"shelter-{key}", name, district, lat, lon),
            phone=f"+977 980 555 0{300 + day % 100:03d}",
        )
        counted = inside
        edited = None
        if key == "stadium" and side == FIELD:
            # Counted again in the field, on the spot.
            counted, edited = 815, 6
        write.put(
            "cr_shelter_details",
            key,
            edited=edited,
            site_id=write.super_key("cr_shelter", key, "site_id"),
            population=counted,
            capacity_day=day,
            capacity_night=night,
            available_capacity_day=max(0, day - counted),
            available_capacity_night=max(0, night - counted),
            population_day=counted,
            population_night=min(counted, night),
            status=2 if counted else 1,
        )


def _hospitals(write: _Writer, side: str) -> None:
    for key, name, organisation, district, lat, lon, doctors, nurses, units, who in _HOSPITALS:
        if not _known(who, side) or write.s3db.table("hms_hospital") is None:
            continue
        hospital = write.put(
            "hms_hospital",
            key,
            name=name,
            gov_uuid=f"NP-HOSP-{key.upper()}",
            facility_type=1,
            organisation_id=write.find("org_organisation", organisation),
            location_id=_point(write, f"hospital-{key}", name, district, lat, lon),
            doctors=doctors,
            nurses=nurses,
        )
        for unit, kind, beds, free in units:
            write.put(
                "hms_bed_capacity",
                unit,
                hospital_id=hospital,
                unit_id=unit,
                bed_type=kind,
                date=_FIRST_DAY + datetime.timedelta(days=2, hours=6, minutes=30),
                beds_baseline=beds,
                beds_available=free,
            )
        write.put(
            "hms_status",
            key,
            hospital_id=hospital,
            facility_status=1,
            clinical_status=2,
            damage=[1, 3],
            power_supply_type=2,
            access_status="Reachable by road; bridge at the river takes light vehicles only.",
        )


def _incidents(write: _Writer, side: str) -> None:
    if write.s3db.table("event_incident") is None:
        return
    event = write.put(
        "event_event",
        "quake-2025",
        name="Gandaki Response 2025",
        start_date=_FIRST_DAY + datetime.timedelta(days=3),
        exercise=True,
    )
    for key, name, kind, district, lat, lon, days, severity, who in _INCIDENTS:
        if not _known(who, side):
            continue
        write.put(
            "event_incident",
            key,
            name=name,
            event_id=event,
            incident_type_id=write.put("event_incident_type", kind, name=kind),
            location_id=_point(write, f"incident-{key}", name, district, lat, lon),
            date=_FIRST_DAY + datetime.timedelta(days=days, hours=3, minutes=26),
            severity=severity,
            closed=False,
            organisation_id=write.find("org_organisation", "hra"),
            action_plan="1. Look\n2. Count\n3. Report <at once> & by radio",
        )


def _documents(write: _Writer, side: str) -> None:
    table = write.s3db.table("doc_document")
    if table is None:
        return
    texts = {
        HEADQUARTERS: ("guidelines", "Guidelines for Shelters", "Boil the water.\nCount twice a day.\n"),
        FIELD: ("assessment", "Rapid Assessment Gorkha", "Houses damaged: 214\nWells usable: 6 of 17\n"),
    }
    key, name, text = texts[side]
    if write.find("doc_document", key):
        return
    content = text.encode("utf-8")
    write.put(
        "doc_document",
        key,
        doc_id=write.super_key("org_office", "hra-hq" if side == HEADQUARTERS else "cwf-gorkha", "doc_id"),
        name=name,
        file=table.file.store(io.BytesIO(content), f"{key}.txt"),
        mime_type="text/plain",
        date=datetime.date(2025, 3, 4),
        organisation_id=write.find("org_organisation", "hra"),
        comments="Written for the demo",
    )
