"""Runs inside an Eden with Eden Sync, as a job: synchronises a repository once, and tells what was moved."""

import traceback

failed = ""
try:
    sync_synchronize(asked["key"], None, True)
except Exception as error:
    failed = "".join(traceback.format_exception_only(type(error), error))
db.commit()
run = db(db.sync_run).select(orderby=~db.sync_run.id, limitby=(0, 1)).first()
counts = ("created", "updated", "deleted", "merged", "conflicts", "rejected", "unchanged", "sent")
told = {each: run[each] or 0 for each in counts}
details = run.details or {}
lines = [
    [each.resource_name, each.result, each.message]
    for each in db((db.sync_log.run_id == run.id) & (db.sync_log.result != "success")).select()
]
kept = [
    [each.kind, each.tablename, each.uuid, each.reason] for each in db(db.sync_kept.state == "open").select()
]
there = [
    [each.kind, each.tablename, each.uuid, each.reason, each.records]
    for each in db(db.sync_open_there).select()
]
db.commit()
answer({"failed": failed, "counts": told, "details": details, "log": lines, "kept": kept, "there": there})
