"""Runs inside the application: edits records until the time is up, and tells each edit that was committed.

Arguments: the site's letter, the number of its storm, and how many seconds. Records of its own nobody
else edits; others are edited by all sites.
"""

import io
import json
import random
import sys
import time

letter, storm, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
rnd = random.Random(f"{letter} {storm}")
deadline = time.monotonic() + seconds
OWN = f"urn:uuid:{letter}-{storm}-"


def tell(**what):
    print(json.dumps(what), flush=True)


def one(table, query):
    """Return one of the live records of a query, None if there is none."""
    live = query & (table.deleted == False)  # noqa: E712
    rows = db(live).select(table.id, table.uuid, orderby=table.uuid)
    return rnd.choice(list(rows)) if rows else None


def make(number):
    uuid = f"{OWN}{number}"
    kind = rnd.choice(("org_organisation", "gis_location", "pr_person", "doc_document"))
    table = s3db[kind]
    if kind == "pr_person":
        key = table.insert(uuid=uuid, first_name=uuid, comments="0")
        s3db["pr_contact"].insert(
            pe_id=table[key].pe_id, contact_method="SMS", value=str(number), uuid=f"{uuid}-contact"
        )
    elif kind == "doc_document":
        stored = table.file.store(io.BytesIO(rnd.randbytes(rnd.choice((10, 5000, 400000)))), "report.bin")
        table.insert(uuid=uuid, name=uuid, file=stored, comments="0")
    else:
        table.insert(uuid=uuid, name=uuid, comments="0")
    return kind, uuid, "0"


def change(number):
    kind = rnd.choice(("org_organisation", "gis_location", "pr_person", "doc_document"))
    table = s3db[kind]
    row = one(table, table.uuid.startswith(OWN))
    if row is None:
        return make(number)
    values = {"comments": str(number)}
    if kind == "doc_document" and rnd.random() < 0.3:
        values["file"] = table.file.store(io.BytesIO(rnd.randbytes(20000)), "other.bin")
    db(table.id == row.id).update(**values)
    return kind, row.uuid, str(number)


def change_together(number):
    table = s3db["org_organisation"]
    row = one(table, table.uuid.startswith("urn:uuid:together-"))
    if row is None:
        return make(number)
    db(table.id == row.id).update(comments=f"{letter}{number}")
    return None, None, None


def delete(number):
    table = s3db["gis_location"]
    row = one(table, table.uuid.startswith(OWN))
    if row is None:
        return make(number)
    s3db.delete(table, [row.id])
    return "gis_location", row.uuid, None


number = 0
while time.monotonic() < deadline:
    number += 1
    what = rnd.choices((make, change, change_together, delete), (4, 8, 3, 1))[0]
    try:
        kind, uuid, value = what(number)
        db.commit()
    except Exception as error:
        # The database is gone or busy: whoever started this starts it again.
        tell(failed=f"{type(error).__name__}: {error}")
        break
    tell(table=kind, uuid=uuid, value=value)
    time.sleep(rnd.random() * 0.8)
