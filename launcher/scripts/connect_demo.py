"""Runs inside the application: adds another site as a repository, registers there, and schedules the job.

Arguments: the other site's name, its URL, the seconds between two runs, then the tables to exchange. The
account to use there is in the environment. What exists already stays.
"""

import json
import os
import sys

from applications.eden.modules.s3sync.active.registration import introduce
from applications.eden.modules.s3sync.scheduler import jobs, queue

name, url, period = sys.argv[1], sys.argv[2], int(sys.argv[3])
site = current.sync_site
repositories, tasks = db.sync_repository, db.sync_task

repository = db((repositories.name == name) & (repositories.deleted == False)).select().first()  # noqa: E712
if repository is None:
    repository = repositories[repositories.insert(name=name)]
repository.update_record(
    url=url,
    username=os.environ["EDEN_PEER_EMAIL"],
    password=site.vault.seal(os.environ["EDEN_PEER_PASSWORD"]),
)
db.commit()

introduction = introduce(site, repository.id)
if introduction.same_as is not None:
    # Both sites are of our own making.
    introduction = introduce(site, repository.id, join=introduction.same_as)
if introduction.error is not None:
    raise introduction.error
repository = repositories[introduction.repository_id]
for tablename in sys.argv[4:]:
    if db((tasks.repository_id == repository.id) & (tasks.resource_name == tablename)).isempty():
        tasks.insert(repository_id=repository.id, resource_name=tablename)

runs = db.sync_run
last_run = db(runs.repository_id == repository.id).select(runs.id.max()).first()[runs.id.max()] or 0
for known in jobs.jobs_of(db, repository.id):
    jobs.remove_job(db, known.sync_job.id)
administrator = db(db.auth_user.email == os.environ["EDEN_PEER_EMAIL"]).select().first()
jobs.add_job(
    site,
    repository.id,
    administrator.id,
    period=period,
    timeout=site.host.settings.get_sync_task_timeout(),
)
queue.wake_workers(db)
db.commit()
answer = {"repository_id": repository.id, "last_run": last_run, "message": introduction.registration.message}
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(answer, output)
