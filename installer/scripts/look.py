"""Runs inside an Eden: what its database is and what its synchronisation holds. It only reads."""

import datetime
import json
import os

engine = db._adapter.dbengine
facts = {
    "engine": engine,
    "migrate": bool(settings.get_base_migrate()),
    "module": bool(settings.has_module("sync")),
    "web2py": str(request.env.web2py_version or ""),
    "sqlite": None,
    "bytes": None,
    "journal_mode": None,
    "indices": [],
    "tables": {},
    "types": {},
    "running": None,
    "workers": 0,
}


def rows(query):
    """Return the rows of a query, None where a table or column is not there."""
    try:
        return db.executesql(query)
    except Exception:
        db.rollback()
        return None


if engine == "sqlite":
    path = db._uri.partition("://")[2]
    path = path if os.path.isabs(path) else os.path.join(db._adapter.folder, path)
    facts["sqlite"] = os.path.abspath(path)
    facts["bytes"] = os.path.getsize(path)
    facts["journal_mode"] = db.executesql("PRAGMA journal_mode")[0][0]
else:
    size = {
        "postgres": "SELECT pg_database_size(current_database())",
        "mysql": "SELECT SUM(data_length + index_length) FROM information_schema.tables "
        "WHERE table_schema = DATABASE()",
    }.get(engine)
    found = rows(size) if size else None
    facts["bytes"] = int(found[0][0] or 0) if found else None

listed = {
    "sqlite": "SELECT tbl_name, name FROM sqlite_master WHERE type = 'index'",
    "postgres": "SELECT tablename, indexname FROM pg_indexes WHERE schemaname = current_schema()",
    "mysql": "SELECT DISTINCT table_name, index_name FROM information_schema.statistics "
    "WHERE table_schema = DATABASE()",
}.get(engine)
found = rows(listed) if listed else None
facts["indices"] = sorted(f"{table}/{name}" for table, name in found or () if not table.startswith("sync_"))

for name in ("repository", "task", "resource_filter", "job", "log"):
    found = rows(f"SELECT COUNT(*) FROM sync_{name} WHERE COALESCE(deleted, 'F') <> 'T'")
    facts["tables"][name] = int(found[0][0]) if found else None
for kind, count in (
    rows("SELECT apitype, COUNT(*) FROM sync_repository WHERE COALESCE(deleted, 'F') <> 'T' GROUP BY apitype")
    or ()
):
    facts["types"][str(kind)] = int(count)
for running, since in rows("SELECT running, timestmp FROM sync_status") or ():
    if running in ("T", True, 1):
        facts["running"] = str(since or "")[:19]
# Eden's scheduler keeps the time of its server.
alive = datetime.datetime.now() - datetime.timedelta(minutes=2)
for (beat,) in rows("SELECT last_heartbeat FROM scheduler_worker") or ():
    if str(beat)[:19] >= alive.strftime("%Y-%m-%d %H:%M:%S"):
        facts["workers"] += 1
db.rollback()

with open(os.environ["EDEN_SYNC_RESULT"], "w", encoding="utf-8") as output:
    json.dump(facts, output)
