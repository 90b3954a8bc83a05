"""Runs inside the application: makes organisations one after the other; returns when each was committed."""

import json
import os
import sys
import time
from uuid import uuid4

from gluon import current

arguments = json.loads(sys.argv[-1])
table = current.sync_site.host.table("org_organisation")
made = []
for name in arguments["names"]:
    # Whoever waits for them has to be ready for the first one, too.
    time.sleep(arguments["apart"])
    table.insert(uuid=f"urn:uuid:{uuid4()}", name=name)
    db.commit()
    made.append(time.time())
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(made, output)
