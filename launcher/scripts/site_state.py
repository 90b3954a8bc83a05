"""Runs inside the application: reports the site's data as digests, which are equal at two equal sites.

It uses no code of the synchronisation, so that the comparison checks it independently. Arguments: the tables;
their components are added.
"""

import hashlib
import json
import os
import sys

from applications.eden.modules.s3.database.site_digest import describe

UPLOADS = os.path.join(request.folder, "uploads")


def contents_of(tablename):
    """Return uuid -> digest of the live records of a table."""
    found = {}
    for uuid, values in describe(s3db, tablename, UPLOADS, with_times=False).items():
        if not values["deleted"]:
            text = json.dumps(values, sort_keys=True, default=str)
            found[uuid] = hashlib.sha256(text.encode()).hexdigest()
    return found


def conflicts_of(tablename):
    """Return the number of versions that lost a conflict and are kept at this site."""
    if "sync_kept" not in db.tables:
        return 0
    kept = db.sync_kept
    return db((kept.tablename == tablename) & (kept.kind == "conflict")).count()


tables = list(sys.argv[1:])
for name in sys.argv[1:]:
    tables += [component.tablename for component in s3db.get_components(name).values()]
state = {
    name: {"contents": contents_of(name), "conflicts": conflicts_of(name)} for name in dict.fromkeys(tables)
}
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(state, output)
