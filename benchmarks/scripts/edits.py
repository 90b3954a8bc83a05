"""Runs inside the application: makes new records, edits some that are here, and says what that costs.

Returns the user CPU time of a new record and of an edit in seconds, the number of edits, and the bytes that they take
in the database, before and after the time for which former values are kept.
"""

import json
import os
import resource
import sys
from datetime import timedelta

from gluon import current

from applications.eden.modules.s3sync.database.thinning import Thinning

arguments = json.loads(sys.argv[-1])
site = current.sync_site
table = s3db[arguments["table"]]
user = db(db.auth_user).select(db.auth_user.id, limitby=(0, 1)).first().id
TOGETHER = 100


def spent():
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime


def each_costs(keys, work):
    """Do work with each key, and commit now and then; return the user CPU time of one in seconds."""
    began = spent()
    for number, key in enumerate(keys, start=1):
        work(key)
        if number % TOGETHER == 0:
            db.commit()
    db.commit()
    return (spent() - began) / len(keys)


def make(number):
    table.insert(name=f"New organisation {number}", phone="+41 79 000 00 00", comments="Was made by hand.")


def edit(key):
    db(table.id == key).update(
        phone=f"+977 1 {key:07}", comments="Has moved to the old post office.", modified_by=user
    )


def room():
    """Return the bytes of the table and its index, without room that was freed."""
    kind = site.store.dialect
    names = ("sync_change", "sync_change_record")
    db.commit()
    if kind == "sqlite":
        db._adapter.connection.execute("VACUUM")
        sizes = f"SELECT SUM(pgsize) FROM dbstat WHERE name IN {names}"
    elif kind == "postgres":
        connection = db._adapter.connection
        connection.set_session(autocommit=True)
        connection.cursor().execute("VACUUM FULL sync_change")
        connection.set_session(autocommit=False)
        sizes = "SELECT pg_total_relation_size('sync_change')"
    else:
        site.store.rows("OPTIMIZE TABLE sync_change")
        sizes = (
            "SELECT data_length + index_length FROM information_schema.tables "
            "WHERE table_schema = DATABASE() AND table_name = 'sync_change'"
        )
    return int(site.store.rows(sizes)[0][0] or 0)


keys = [row.id for row in db(table.id > 0).select(table.id, orderby=table.id)][:: arguments["every"]]
new = each_costs(range(arguments["new"]), make)
empty = room()
edited = each_costs(keys, edit)
full = room()
thinning = Thinning(site.journal.store, site.changes, site.schema, lambda *_: True)
began = spent()
count = thinning.run(site.clock.now() + timedelta(days=1))
thinned = spent() - began
if count != len(keys):
    raise ValueError(f"{len(keys)} edits were made and {count} thinned")
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    told = {"new": new, "edit": edited, "edits": len(keys), "thinning": thinned}
    json.dump({**told, "empty": empty, "full": full, "thin": room()}, output)
