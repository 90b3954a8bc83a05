"""Pages of records for what a complete Eden does with them: places of all levels, sites, posts, and edits of them.

Each page is a document; records that others refer to come first, as in Eden's own import.
"""

from __future__ import annotations

MADE, EDITED = "2025-01-01T00:00:00", "2026-01-01T00:00:00"
SQUARE = "POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"


def record(table: str, name: str, *parts: str, when: str = MADE) -> str:
    """Return a record; its identifier is its name."""
    head = (
        f'<resource name="{table}" uuid="urn:uuid:{name}" mci="1" created_on="{MADE}" modified_on="{when}">'
    )
    return f"{head}{''.join(parts)}</resource>\n"


def text(field: str, value: str) -> str:
    return f'<data field="{field}" value="&quot;{value}&quot;">{value}</data>'


def number(field: str, value: float | bool) -> str:
    return f'<data field="{field}" value="{str(value).lower()}"/>'


def to(field: str, table: str, name: str) -> str:
    return f'<reference field="{field}" resource="{table}" uuid="urn:uuid:{name}"/>'


def page(*records: str) -> bytes:
    """Return a document."""
    head = '<?xml version="1.0" encoding="utf-8"?>\n<s3xml success="true" domain="pages">\n'
    return f"{head}{''.join(records)}</s3xml>\n".encode()


def place(
    name: str, level: str | None = None, parent: str | None = None, when: str = MADE, **more: object
) -> str:
    """Return a location; ``more`` is lat, lon, inherited, wkt, called."""
    parts = [text("name", str(more.pop("called", name)))]
    parts += [text("level", level)] if level else []
    parts += [to("parent", "gis_location", parent)] if parent else []
    parts += [text("wkt", str(more.pop("wkt")))] if "wkt" in more else []
    parts += [number(field, value) for field, value in more.items()]  # type: ignore[arg-type]
    return record("gis_location", name, *parts, when=when)


#: Where a place of each level is: nowhere, at a point, where its parent is, in an area.
_WHERE: tuple[dict[str, object], ...] = (
    {},
    {"lat": 1.25, "lon": 2.5},
    {"lat": 5.5, "lon": 6.0, "inherited": True},
    {"wkt": SQUARE},
)
_POINTS: tuple[dict[str, object], ...] = (
    *_WHERE,
    {"wkt": "LINESTRING (0 0, 1 1)"},
    {"wkt": "POINT (9 9)", "lat": 9.0, "lon": 9.0},
)


def places() -> bytes:
    """Return countries with all that is below them, gaps between levels, and places that lie astray."""
    found = []
    for c, shape in enumerate(({"wkt": SQUARE}, {}, {})):
        country = f"c{c}"
        found.append(place(country, "L0", lat=c * 10, lon=5.5, **shape))
        for a in range(3):
            state = f"{country}a{a}"
            found.append(place(state, "L1", country, **_WHERE[(a + c) % 4]))
            for b in range(3):
                county, town = f"{state}b{b}", f"{state}b{b}t"
                found.append(place(county, "L2", state, **_WHERE[(a + b) % 4]))
                found.append(place(town, "L3", county, lat=3, lon=4))
                found.append(place(f"{town}d", "L4", town))
                found.append(place(f"{town}e", "L5", f"{town}d", wkt="POINT (7.5 8.25)"))
                above = (country, state, county, town, f"{town}d", f"{town}e")
                found += [place(f"{county}p{n}", None, each, **_POINTS[n]) for n, each in enumerate(above)]
    found += [
        place("g0", "L2", "c0"),
        place("g1", "L3", "c0a0"),
        place("g2", "L4", "g0"),
        place("g3", None, "g2"),
        place("g4", "L3"),
        place("g5", None, "g4", lat=1, lon=1),
        place("o1", "L1", "c1a1"),
        place("o2", "L2", "c1a1b0"),
        place("o3", None, "c0a0b0p1"),
        place("o4", "L1"),
        place("o5", "L3", "c0a0b0td"),
        place("o6"),
        place("o7", lat=1, lon=2),
    ]
    return page(*found)


def moved_places() -> bytes:
    """Return edits of them: renamed, moved, with and without others below."""
    return page(
        place("c0", "L0", when=EDITED, lat=33, lon=44),
        place("c1a1", "L1", "c2", when=EDITED, called="New", lat=9, lon=9),
        place("c2a2b2p1", None, "c2a2b2", when=EDITED, lat=50, lon=51),
        place("c2a2b2p0", None, "c2a1", when=EDITED),
        place("c1a2b1", "L2", "c0a2", when=EDITED, called="Moved"),
        place("o7", when=EDITED, lat=3, lon=4),
        place("g5", None, "c2a0b0t", when=EDITED, lat=1, lon=1),
        place("n1", None, "c2a0b0t", when=EDITED),
        place("c2a0b0te", "L5", "c2a0b0td", when=EDITED, wkt=SQUARE),
    )


def _organisation(name: str) -> str:
    return record("org_organisation", name, text("name", name))


def _person(name: str, *parts: str, when: str = MADE) -> str:
    return record("pr_person", name, text("first_name", name), text("last_name", "Doe"), *parts, when=when)


def _office(name: str, organisation: str | None, where: str | None, when: str = MADE) -> str:
    parts = [text("name", name)]
    parts += [to("organisation_id", "org_organisation", organisation)] if organisation else []
    parts += [to("location_id", "gis_location", where)] if where else []
    return record("org_office", name, *parts, when=when)


def _shelter(name: str, organisation: str | None, when: str = MADE, **more: float) -> str:
    parts = [
        text("name", name),
        number("status", 2),
        *(number(field, value) for field, value in more.items()),
    ]
    parts += [to("organisation_id", "org_organisation", organisation)] if organisation else []
    return record("cr_shelter", name, *parts, when=when)


def _post(name: str, person: str, organisation: str | None, site: str | None = None, **more: float) -> str:
    when = EDITED if more.pop("edited", False) else MADE
    parts = [number("type", more.pop("type", 1)), number("status", more.pop("status", 1))]
    parts += [to("person_id", "pr_person", person)]
    parts += [to("organisation_id", "org_organisation", organisation)] if organisation else []
    parts += [to("site_id", "org_office", site)] if site else []
    parts += [number(field, value) for field, value in more.items()]
    return record("hrm_human_resource", name, *parts, when=when)


_PEOPLE = tuple(f"person{n}" for n in range(12))


def offices() -> bytes:
    """Return offices with and without an organisation and a place."""
    return page(
        *(_organisation(f"org{n}") for n in range(3)),
        place("here", lat=1.5, lon=2.5),
        *(_office(f"office{n}", f"org{n % 3}", "here" if n % 2 else None) for n in range(6)),
        _office("another office", "org0", "here"),
    )


def shelters() -> bytes:
    """Return shelters with and without a capacity."""
    return page(
        *(_shelter(f"shelter{n}", f"org{n % 3}", capacity=n * 10) for n in range(4)),
        _shelter("unknown", None),
        _shelter("full", "org0", capacity=5, population=9),
    )


def people() -> bytes:
    """Return persons, one of whom is said to have died without a mark that says so."""
    died = '<data field="date_of_death" value="2020-01-01"/>'
    return page(
        *(_person(each) for each in _PEOPLE),
        _person("dead", number("deceased", True), died),
        _person("said to be dead", died),
    )


def posts() -> bytes:
    """Return posts of all kinds: at sites, of volunteers, of the past, two of one person."""
    return page(
        _post("post0", "person0", "org0"),
        _post("post1", "person1", "org1", "office0"),
        _post("post2", "person2", "org2", "office1"),
        _post("post3", "person3", "org2"),
        _post("post4", "person4", "org0", status=2),
        _post("post5", "person5", "org0", type=2),
        _post("post6a", "person6", "org0"),
        _post("post6b", "person6", "org1", "office2"),
        _post("post7", "person7", "org0", "office3", site_contact=True),
        _post("post8", "person8", "org0", "another office"),
        _post("post9", "person9", "org0", "office0"),
    )


def edited() -> tuple[tuple[str, bytes], ...]:
    """Return edits of all of these, each with the main table of its page."""
    return (
        (
            "org_office",
            page(
                _office("office0", "org1", "here", when=EDITED),
                _office("office1", "org1", None, when=EDITED),
                _office("another office", "org2", "here", when=EDITED),
            ),
        ),
        (
            "cr_shelter",
            page(
                _shelter("shelter1", "org1", when=EDITED, capacity=70),
                _shelter("shelter2", "org0", when=EDITED, capacity=20),
            ),
        ),
        (
            "hrm_human_resource",
            page(
                _person("person0", text("middle_name", "M"), when=EDITED),
                _post("post0", "person0", "org0", edited=True, essential=True),
                _post("post1", "person1", "org2", "office0", edited=True),
                _post("post2", "person2", "org2", edited=True),
                _post("post3", "person3", "org1", "office3", edited=True),
                _post("post4", "person4", "org0", status=1, edited=True),
                _post("post9", "person9", "org0", "office0", status=2, edited=True),
                _post("post10", "person10", "org0", edited=True),
            ),
        ),
    )


def all_pages() -> tuple[tuple[str, bytes], ...]:
    """Return all pages in order, each with its main table."""
    return (
        ("gis_location", places()),
        ("gis_location", moved_places()),
        ("org_office", offices()),
        ("cr_shelter", shelters()),
        ("pr_person", people()),
        ("hrm_human_resource", posts()),
        *edited(),
    )
