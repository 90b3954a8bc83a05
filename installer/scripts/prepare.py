"""Runs inside an Eden once our modules lie there: adds what its database lacks. It can be done again."""

import importlib
import json
import os

_package = f"applications.{request.application}.modules.s3sync"
_open_store = importlib.import_module(f"{_package}.database.store").open_store
_over_eden = importlib.import_module(f"{_package}.administration.over_eden")


def indices():
    """Return (table, index) of all indices of Eden's other tables."""
    store = _open_store(db)
    found = {(str(row[0]), str(row[1])) for row in store.rows(store.INDEX_COLUMNS)}
    return {each for each in found if not each[0].startswith("sync_")}


former = indices()
made = dict(_over_eden.prepare(db, s3db, settings, auth, request))
made["index_names"] = sorted(f"{table}/{name}" for table, name in indices() - former)
db.commit()
with open(os.environ["EDEN_SYNC_RESULT"], "w", encoding="utf-8") as output:
    json.dump(made, output)
