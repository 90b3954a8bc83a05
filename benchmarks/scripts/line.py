"""Runs inside the application: lets a repository be asked for all resources at once, or not."""

import json
import os
import sys

from gluon import current

arguments = json.loads(sys.argv[-1])
repository = current.sync_site.repository(arguments["repository"])
known = repository.capabilities - {"together"}
repository.update(capabilities=sorted(known | {"together"} if arguments["together"] else known))
db.commit()
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(None, output)
