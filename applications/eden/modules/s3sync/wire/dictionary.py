"""A dictionary that both ends have before they pack anything: small documents consist of words of the protocol.

A compressor finds in a page of one record little that it has seen before. With a dictionary (RFC 1950, FDICT) tags,
names of tables and fields and the keys of requests count as seen. The text is derived from the facts in this file alone
and not from the tables of a site: it is the same at every site of a version, whatever its data model. Its digest is its
name, on the line and among the capabilities. Whoever changes a fact makes another dictionary, of another name; a site
that has not got it is sent gzip.
"""

from __future__ import annotations

import hashlib
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

from .compression import Gzip

#: Bytes of a document beyond which the dictionary makes no difference.
MOST = 64 * 1024
#: Bytes of the header that names the dictionary.
_HEADER = 34

#: Tables as they are exchanged, each with its fields in their order, and the tables that these refer to.
_TABLES = """
cr_shelter name code organisation_id>org_organisation shelter_type_id>cr_shelter_type
  shelter_service_id>cr_shelter_service location_id>gis_location person_id>pr_person contact_name phone
  email website comments obsolete
cr_shelter_details site_id>org_site population capacity_day capacity_night available_capacity_day
  available_capacity_night population_day population_night status
cr_shelter_service name comments
cr_shelter_type name comments
cr_shelter_unit site_id>org_site name location_id>gis_location status transitory bath shower capacity_day
  capacity_night available_capacity_day available_capacity_night population_day population_night
  domestic_animals comments
doc_document doc_id>doc_entity site_id>org_site file mime_type name url is_template person_id>pr_person
  organisation_id>org_organisation date location_id>gis_location comments checksum
doc_entity doc_id instance_type
doc_image doc_id>doc_entity site_id>org_site file mime_type name url pe_id>pr_pentity type
  person_id>pr_person organisation_id>org_organisation date location_id>gis_location comments checksum
event_event name organisation_id>org_organisation exercise start_date end_date closed comments
event_incident event_id>event_event incident_type_id>event_incident_type name exercise date end_date closed
  location_id>gis_location severity level organisation_id>org_organisation person_id>pr_person action_plan
  comments
event_incident_type name parent>event_incident_type comments
gis_location name level parent>gis_location path gis_feature_type lat lon radius wkt inherited lat_min
  lat_max lon_min lon_max elevation addr_street addr_postcode start_date end_date comments L5 L4 L3 L2 L1 L0
gis_location_name location_id>gis_location language name_l10n comments
gis_location_tag location_id>gis_location tag value comments
hms_bed_capacity hospital_id>hms_hospital unit_id bed_type date beds_baseline beds_available beds_add24
  comments
hms_hospital gov_uuid name aka1 aka2 code facility_type organisation_id>org_organisation
  location_id>gis_location address postcode city phone_exchange phone_business phone_emergency website email
  fax total_beds available_beds doctors nurses non_medical_staff obsolete comments
hms_status hospital_id>hms_hospital facility_status date_reopening facility_operations damage
  power_supply_type clinical_status staffing access_status
hrm_department name organisation_id>org_organisation comments
hrm_human_resource organisation_id>org_organisation site_id>org_site person_id>pr_person type code
  job_title_id>hrm_job_title department_id>hrm_department essential start_date end_date status
  location_id>gis_location org_contact site_contact comments
hrm_job_title name organisation_id>org_organisation type comments
hrm_shift_template day_of_week start_time end_time comments
org_facility name code organisation_id>org_organisation location_id>gis_location opening_times contact
  phone1 phone2 email website obsolete main_facility comments
org_facility_type name parent>org_facility_type comments
org_office name code organisation_id>org_organisation office_type_id>org_office_type
  location_id>gis_location phone1 phone2 email fax obsolete comments
org_office_type name organisation_id>org_organisation comments
org_organisation root_organisation>org_organisation name acronym country contact phone website year logo
  comments
org_organisation_branch organisation_id>org_organisation branch_id>org_organisation
org_organisation_organisation_type organisation_id>org_organisation
  organisation_type_id>org_organisation_type
org_organisation_type name parent>org_organisation_type comments
org_sector name abrv location_id>gis_location comments
org_sector_organisation sector_id>org_sector organisation_id>org_organisation lead
org_site site_id instance_type code name location_id>gis_location organisation_id>org_organisation obsolete
  comments
org_site_facility_type site_id>org_site facility_type_id>org_facility_type
pr_address pe_id>pr_pentity type location_id>gis_location is_base_location comments
pr_contact pe_id>pr_pentity contact_method value contact_description priority access poll comments
pr_identity person_id>pr_person type description value valid_from valid_until country_code place ia_name
  image comments
pr_image pe_id>pr_pentity profile image url type description
pr_note pe_id>pr_pentity confirmed closed status timestmp note_text note_contact location_id>gis_location
pr_pentity pe_id instance_type pe_label
pr_person location_id>gis_location pe_label first_name middle_name last_name gender date_of_birth comments
pr_person_availability person_id>pr_person hours_per_week schedule days_of_week schedule_json comments
pr_person_details person_id>pr_person preferred_name local_name missing nationality place_of_birth
  year_of_birth marital_status number_children father_name mother_name occupation education disabled
  literacy
"""

#: What requests and answers consist of. What is used most stands last.
_REPORT = (
    '"],"cursors":{"":"urn:uuid:"},"time":"2026-11-30T17:52:47","open":{"counts":{"conflict":1,"rejected":1,'
    '"waiting":1,"reference":1,"file":1,"refused":1,"left":1},"records":[]},"changed":{},"version":"0.2.0"}'
    '{"journal":"urn:uuid:","number":1,"complete":true,"fetches":["'
    '{"status":"success","statuscode":"200","open":{"counts":{},"records":[]},"changed":{},"capabilities":'
    '["ahead","columns","cursor","dict-","files","gzip","listen","look","nulls","prescribe","resume","together"]}'
)
_PUSHED = (
    '{"status":"success","statuscode":"200","waits":[],"waiting":1,"answers":[{"status":"success",'
    '"statuscode":"200","records":1,"deleted":[1],"created":[1],"updated":[1],"outcomes":{"created":1,"deleted":1,'
    '"skipped":1,"conflict":1,"rejected":1,"unchanged":1,"updated":1},"journal":"urn:uuid:",'
    '"checkpoint":"urn:uuid:","restored":false,"files":[],"time":"2026-11-30T17:52:47"}]}'
)
_PULL = "&limit=5000&checkpoint=urn:uuid:&total=1&number=2.0.1&include_deleted=True"
_ASKED = (
    '{"digest":"","token":"","pulls":["","resource=&cursor=&limit=5000&checkpoint=&total=1&number=1.0.0'
    f'&include_deleted=True","resource=&cursor=urn:uuid:{_PULL}"]}}'
    '[["resource=&strategy=create,update,delete,merge&update_policy=NEWER&conflict_policy=NEWER&journal=urn:uuid:'
    '&checkpoint=urn:uuid:&number=2.","'
)
_MOMENT = "2026-11-30T17:52:33"
_DOCUMENT = (
    '<?xml version=\'1.0\' encoding=\'utf-8\'?>\n<s3xml success="true" results="1" url="https://" cursor="urn:uuid:" '
    'more="false" journal="urn:uuid:" total="1" waiting="1" edits="1" sites=""'
)
_RECORD = (
    f'<resource name="" uuid="urn:uuid:" deleted="True" modified_on="{_MOMENT}" deletion=""></resource>'
    f'<resource name="" uuid="urn:uuid:" mci="1" created_on="{_MOMENT}" modified_on="{_MOMENT}" '
    'created_by="@example.org" modified_by="@example.org" owned_by_user="@example.org" null="" '
    'edits="1a22d96665e@=name">'
    '<reference field="" resource="" uuid="urn:uuid:"/><data field="" value="">true</data>'
    '<data field="name"></data><data field="comments"></data></resource></s3xml>'
)
#: Where a document travels in JSON its quotes are escaped. Its root is filled up with blanks, and completed at the end.
_ROOM = " " * 258
_NEWS = '{"status":"success","statuscode":"200","waits":[],"pages":{"":"'


def _escaped(text: str) -> str:
    return text.replace('"', '\\"').replace("\n", "\\n")


def _of_tables() -> tuple[str, str]:
    """Return what the facts say of tables, and the words that stand for their references."""
    tables, references, names = [], dict[str, None](), []
    for line in re.split(r"\n(?! )", _TABLES.strip()):
        name, *fields = line.split()
        plain = " ".join(each.partition(">")[0] for each in fields)
        names.append(name)
        tables.append(_escaped(f'<resource name="{name}" uuid="urn:uuid: {plain}'))
        for field, _, target in (each.partition(">") for each in fields):
            if target:
                references[_escaped(f'<reference field="{field}" resource="{target}" uuid="urn:uuid:')] = None
    listed = '","'.join(names)
    return "".join([*tables, *references]), f'"fetches":["{listed}'


@lru_cache(maxsize=1)
def words() -> bytes:
    """Return the dictionary."""
    tables, listed = _of_tables()
    document = f"{_DOCUMENT}{_ROOM}>{_RECORD}"
    text = f"{tables}{listed}{_REPORT}{_PUSHED}{document}{_ASKED}{_NEWS}{_escaped(document)}"
    return text.encode("ascii")


def digest() -> str:
    """Return the beginning of the SHA-256 of the dictionary: 8 hexadecimal digits."""
    return hashlib.sha256(words()).hexdigest()[:8]


class _WithWords(Gzip):
    """Compresses and decompresses with the dictionary: one document, as a member costs as much as its dictionary."""

    several = False

    def __init__(self) -> None:
        super().__init__(zlib, 9)
        text = words()
        self._packer = lambda: zlib.compressobj(
            9, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_DEFAULT_STRATEGY, text
        )
        self._unpacker = lambda: zlib.decompressobj(zlib.MAX_WBITS, text)


@lru_cache(maxsize=1)
def _packing() -> _WithWords:
    return _WithWords()


def pack(body: bytes) -> bytes | None:
    """Return a document packed with the dictionary; None where that saves nothing.

    Args:
        body: the document.
    """
    if len(body) > MOST:
        return None
    packed = io.BytesIO()
    _packing().pack_chunks([body], packed)
    return packed.getvalue() if packed.tell() + _HEADER < len(body) else None


def unpack(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a document that was packed with the dictionary, in steps.

    Args:
        chunks: as for ``Gzip.unpack``.

    Raises:
        DamagedPacking: it is damaged or incomplete, or was packed with another dictionary.
    """
    return _packing().unpack(chunks)
