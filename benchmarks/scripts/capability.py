"""Runs inside the application: lets a repository have a capability, or not."""

import json
import os
import sys

from gluon import current

arguments = json.loads(sys.argv[-1])
repository = current.sync_site.repository(arguments["repository"])
name = arguments["capability"]
known = repository.capabilities - {name}
repository.update(capabilities=sorted(known | {name} if arguments["has"] else known))
db.commit()
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(None, output)
