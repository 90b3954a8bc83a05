"""Runs inside an Eden that uses what is ours: tells what its callbacks make of records, and undoes that."""

import importlib
import json
import os

site = current.sync_site
told = {"tables": 0, "records": 0, "fields": [], "rows": [], "failed": []}
if site is not None:
    _derived = importlib.import_module(f"applications.{request.application}.modules.s3sync.host.derived")
    site.host.act_for_the_site()
    found = _derived.Finder(db, site.schema, site.store).find()
    told = {
        "tables": found.tables,
        "records": found.records,
        "fields": [[*each, number] for each, number in sorted(found.fields.items())],
        "rows": [[*each, number] for each, number in sorted(found.rows.items())],
        "failed": sorted(found.failed.items()),
    }
db.rollback()
with open(os.environ["EDEN_SYNC_RESULT"], "w", encoding="utf-8") as output:
    json.dump(told, output)
