"""Runs inside the application: sites that begin all exchange themselves, each with five resources and five exchanges.

Of ten sites six are in step, two behind, one never fetched anything, and one has records that it did not take.
"""

import json
import os
import sys
from datetime import timedelta

from gluon import current

from applications.eden.modules.s3sync.core.cursor import Checkpoint, Handed
from applications.eden.modules.s3sync.core.kept import OpenKind
from applications.eden.modules.s3sync.site.exchange_state import Standing

arguments = json.loads(sys.argv[-1])
site = current.sync_site
now = site.clock.now()
head = site.journal.head()
resources = [table.name for table in site.schema if not table.is_super][:5]
first = db(db.sync_repository).count()
for number in range(first, arguments["sites"]):
    with site.store.transaction():
        key = db.sync_repository.insert(
            name=f"Field office {number:05}",
            uuid=f"urn:uuid:served-{number}",
            peer_version="0.3.0",
            capabilities=["cursor"],
            last_connected=now - timedelta(minutes=number % 900),
        )
        kind = number % 10
        if kind == 9:
            continue
        states = site.repository(key).states
        seen = head - (kind - 5) * 100 if kind in (6, 7) else head
        for name in resources:
            states.save_served(name, Checkpoint(seen, (Handed(seen, "benchmark-token"),)))
        states.save_standing(
            Standing(
                journal=f"journal-{number}", number=1, complete=True, fetches=list(resources), changed={}
            )
        )
        if kind == 8:
            db.sync_open_there.insert(
                repository_id=key, kind=OpenKind.CONFLICT.value, tablename=resources[0], uuid=f"u{number}"
            )
        for turn in range(5):
            moment = now - timedelta(minutes=number % 900, hours=5 - turn)
            served = db.sync_served.insert(
                repository_id=key, started_on=moment, finished_on=moment, state="completed", moved=True
            )
            db.sync_served_table.insert(
                served_id=served, repository_id=key, tablename=resources[0], sent=turn + number % 40
            )
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump({"repository": key, "last": (arguments["sites"] + 24) // 25}, output)
