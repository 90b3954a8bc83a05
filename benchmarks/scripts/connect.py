"""Runs inside the application: adds the other site as a repository with tasks; returns the repository's id."""

import json
import os
import sys

from gluon import current

arguments = json.loads(sys.argv[-1])
site = current.sync_site
key = db.sync_repository.insert(
    name="Headquarters",
    url=arguments["url"],
    username=arguments["email"],
    password=site.vault.seal(arguments["password"]),
)
db.commit()
repository = site.repository(key)
with repository.peer() as peer:
    registration = peer.register()
repository.update(uuid=registration.uuid, capabilities=sorted(registration.capabilities))
for name in arguments["tables"]:
    db.sync_task.insert(repository_id=key, resource_name=name, mode=arguments["mode"])
db.commit()
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(key, output)
