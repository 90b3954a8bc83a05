"""Runs inside the application: adds the other site, at a memory stick, as a repository; returns its id.

Asked again, it only lets both sites know each other.
"""

import json
import os
import sys

from gluon import current

from applications.eden.modules.s3sync.active.registration import introduce
from applications.eden.modules.s3sync.adapters.settings import columns

arguments = json.loads(sys.argv[-1])
site = current.sync_site
row = db(db.sync_repository.apitype == "stick").select().first()
if row is None:
    own = {"path": arguments["path"], "passphrase": site.vault.seal(arguments["passphrase"]) or ""}
    key = db.sync_repository.insert(name=arguments["other"], apitype="stick", **columns({}, own))
    for name in arguments["tables"]:
        db.sync_task.insert(repository_id=key, resource_name=name)
else:
    key = row.id
db.commit()
introduce(site, key)
db.commit()
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(key, output)
