"""Runs inside an Eden once our modules lie there: adds what its database lacks. It can be done again."""

import importlib
import json
import os

_package = f"applications.{request.application}.modules.s3sync"
_over_eden = importlib.import_module(f"{_package}.administration.over_eden")
_own_tables = importlib.import_module(f"{_package}.administration.own_tables")

asked = json.loads(os.environ["EDEN_SYNC_ARGUMENTS"])
former = _own_tables.indices_here(db) if asked["indices"] is None else set(asked["indices"])
made = dict(_over_eden.prepare(db, s3db, settings, auth, request))
made["index_names"] = sorted(_own_tables.indices_here(db) - former)
db.commit()
with open(os.environ["EDEN_SYNC_RESULT"], "w", encoding="utf-8") as output:
    json.dump(made, output)
