"""Runs inside an Eden: tells how the runs of a task of its scheduler ended, and which organisations there are."""

table = s3db.table("org_organisation")
runs = db(db.scheduler_run.task_id == asked["job"]).select()
names = [row.name for row in db(table.deleted == False).select(table.name)]  # noqa: E712
answer({"runs": [[each.status, each.traceback or ""] for each in runs], "organisations": names})
