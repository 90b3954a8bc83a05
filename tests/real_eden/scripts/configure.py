"""Runs inside a plain Eden: makes a repository with a task, a filter, a job and a log, as its administrator would."""

import datetime

table = s3db.table("sync_repository")
key = table.insert(
    name="Headquarters", apitype="eden", url=asked["url"], username=asked["email"], password=asked["password"]
)
table.insert(name="Drop", apitype="ftp", url="ftp://example.org", password="of another type")
task = s3db.table("sync_task").insert(repository_id=key, resource_name="org_organisation", mode=3)
s3db.table("sync_resource_filter").insert(
    task_id=task, tablename="org_organisation", filter_string="~.name__like=A*"
)
s3db.table("sync_log").insert(repository_id=key, message="an old entry", result="success")
# Eden's scheduler keeps the time of its server.
now = datetime.datetime.now()
job = current.s3task.schedule_task(
    "sync_synchronize",
    args=[key],
    vars={"user_id": asked["account"], "manual": False},
    start_time=now,
    period=3600,
    timeout=600,
    repeats=0,
)
job = getattr(job, "id", job)
s3db.table("sync_job").insert(repository_id=key, scheduler_task_id=job)
organisations = s3db.table("org_organisation")
for name in asked["organisations"]:
    s3db.update_super(organisations, {"id": organisations.insert(name=name)})
db.commit()
config = s3db.table("sync_config")
identifier = db(config.id > 0).select(config.uuid, limitby=(0, 1)).first().uuid
answer({"repository": key, "job": job, "uuid": identifier})
