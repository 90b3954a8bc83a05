"""Runs inside the application: waits for organisations that another site sends; returns when each was here."""

import json
import os
import sys
import time

from gluon import current

arguments = json.loads(sys.argv[-1])
table = current.sync_site.host.table("org_organisation")
came = []
ends = time.time() + arguments["within"]
for name in arguments["names"]:
    while db(table.name == name).isempty():
        db.commit()
        if time.time() > ends:
            raise RuntimeError(f"{name} did not arrive")
        time.sleep(0.05)
    came.append(time.time())
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(came, output)
