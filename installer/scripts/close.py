"""Runs inside an Eden that no longer uses what is ours: lets its database be as before (``purge``: without ours)."""

import contextlib
import importlib
import json
import os
from importlib import metadata

asked = json.loads(os.environ["EDEN_SYNC_ARGUMENTS"])
_package = f"applications.{request.application}.modules.s3sync"
told = {"tables": [], "columns": [], "failed": [], "framework": ""}
with contextlib.suppress(metadata.PackageNotFoundError):
    # With this package our pages have copied their style sheets to static/bootstrap themselves.
    told["framework"] = metadata.version("django-bootstrap-static")
if asked["purge"]:
    _own_tables = importlib.import_module(f"{_package}.administration.own_tables")
    ours = asked["indices"]
    if ours is None:
        ours = sorted(_own_tables.indices_here(db) - set(asked["indices_before"] or ()))
    told.update(_own_tables.drop(db, s3db, ours))
db.commit()
if db._adapter.dbengine == "sqlite" and asked["journal_mode"] and asked["journal_mode"] != "wal":
    try:
        mode = db.executesql(f"PRAGMA journal_mode = {asked['journal_mode']}")[0][0]
        if mode != asked["journal_mode"]:
            told["failed"].append("the database stays in WAL mode, which is harmless: it is in use")
    except Exception as error:
        told["failed"].append(f"the database stays in WAL mode, which is harmless: {error}")
with open(os.environ["EDEN_SYNC_RESULT"], "w", encoding="utf-8") as output:
    json.dump(told, output)
