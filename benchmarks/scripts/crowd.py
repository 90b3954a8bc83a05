"""Runs inside the application: a headquarters after a year, with many repositories, tasks, runs, entries, conflicts.

The kept versions belong to the site's own organisations; at least ``conflicts`` of them must exist. Returns the
ids that the addresses of the screens need.
"""

import json
import os
import sys
from datetime import timedelta

from gluon import current

from applications.eden.modules.s3sync.scheduler import jobs
from applications.eden.modules.s3sync.core.kept import Kept

arguments = json.loads(sys.argv[-1])
site = current.sync_site
now = site.clock.now()
resources = [table.name for table in site.schema if not table.is_super][: arguments["tasks_each"]]
repositories = []
for number in range(arguments["repositories"]):
    key = db.sync_repository.insert(
        name=f"Field office {number:03}",
        url=f"http://127.0.0.1:9/office{number}",
        uuid=f"urn:uuid:office-{number}",
        peer_version="0.1.0",
        last_connected=now - timedelta(minutes=number),
    )
    repositories.append(key)
    for name in resources:
        db.sync_task.insert(
            repository_id=key,
            resource_name=name,
            last_pull=now - timedelta(minutes=number),
            last_push=now - timedelta(minutes=number),
        )
    jobs.add_job(site, key, None, period=900, timeout=3600)
db.commit()

states = ("completed", "completed", "completed", "failed")
runs = [
    {
        "repository_id": repositories[number % len(repositories)],
        "started_on": now - timedelta(minutes=15 * (number // len(repositories)), seconds=40),
        "finished_on": now - timedelta(minutes=15 * (number // len(repositories)), seconds=10),
        "state": states[number % len(states)],
        "stage": "finished",
        "created": number % 90,
        "updated": number % 50,
        "sent": number % 70,
        "bytes_received": 1000 * (number % 90),
        "message": "The other site cannot be reached."
        if number % 4 == 3
        else "Received: 12 created. Sent: 3.",
    }
    for number in range(arguments["runs"])
]
db.sync_run.bulk_insert(runs)
first_run = db(db.sync_run).select(db.sync_run.id, orderby=db.sync_run.id, limitby=(0, 1)).first().id
results = ("success", "success", "success", "warning", "error")
for start in range(0, arguments["entries"], 10_000):
    db.sync_log.bulk_insert(
        [
            {
                "timestmp": now - timedelta(seconds=20 * number),
                "repository_id": repositories[number % len(repositories)],
                "resource_name": resources[number % len(resources)],
                "mode": ("pull/outgoing", "push/outgoing")[number % 2],
                "action": "send",
                "result": results[number % len(results)],
                "message": f"{number % 900} records exchanged.",
                "run_id": first_run + number % arguments["runs"],
            }
            for number in range(start, min(start + 10_000, arguments["entries"]))
        ]
    )
table = site.schema.table("org_organisation")
rows = s3db["org_organisation"]
keys = [row.id for row in db(rows.id > 0).select(rows.id, limitby=(0, arguments["conflicts"]))]
with site.store.transaction():
    for start in range(0, len(keys), 1000):
        texts = site.exporter.snapshot(table, keys[start : start + 1000])
        uuids = {
            row.id: row.uuid
            for row in db(rows.id.belongs(keys[start : start + 1000])).select(rows.id, rows.uuid)
        }
        site.kept_versions.keep(
            [
                Kept(
                    kind=("conflict", "conflict", "rejected")[key % 3],
                    table=table.name,
                    uuid=uuids[key],
                    key=key,
                    repository_id=repositories[key % len(repositories)],
                    winner="ours",
                    reason="Both sites changed the record; ours is newer.",
                    modified_on=now,
                    fingerprint=f"crowd {key}",
                    ours=text,
                    theirs=text.replace("</data>", " (changed)</data>", 1),
                )
                for key, text in texts.items()
            ]
        )
db.commit()
busiest = repositories[0]
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(
        {
            "repository": busiest,
            "task": db(db.sync_task.repository_id == busiest).select().first().id,
            "job": db(db.sync_job.repository_id == busiest).select().first().id,
            "kept": db(db.sync_kept.kind == "conflict").select(limitby=(0, 1)).first().id,
            "entry": db(db.sync_log).select(limitby=(0, 1)).first().id,
            "conflicts": db(db.sync_kept).count(),
            "entries": db(db.sync_log).count(),
            "tasks": db(db.sync_task).count(),
        },
        output,
    )
