"""Runs inside an Eden: writes the rows of its sync_ tables into a file, as JSON."""

import datetime
import json
import os

folder = json.loads(os.environ["EDEN_SYNC_ARGUMENTS"])["folder"]
now = datetime.datetime.now(datetime.timezone.utc)
path = os.path.join(folder, f"sync-tables-{now:%Y%m%dT%H%M%SZ}.json")
postgres = db._adapter.dbengine == "postgres"
schema, quote = ("current_schema()", '"') if postgres else ("DATABASE()", "`")
names = db.executesql(f"SELECT table_name FROM information_schema.tables WHERE table_schema = {schema}")
saved = {
    name: db.executesql(f"SELECT * FROM {quote}{name}{quote}", as_dict=True)
    for (name,) in sorted(names)
    if name.startswith("sync_")
}
db.rollback()
handle = os.open(f"{path}.part", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
with os.fdopen(handle, "w", encoding="utf-8") as output:
    json.dump(saved, output, default=str)
os.replace(f"{path}.part", path)
with open(os.environ["EDEN_SYNC_RESULT"], "w", encoding="utf-8") as output:
    json.dump({"file": path, "rows": sum(map(len, saved.values()))}, output)
