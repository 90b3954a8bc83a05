"""Runs in the Python of a site: copies its database into another one. Told and asked by variables and lines of JSON."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from launcher.moves.copying import Copy, CopyFailed
from launcher.moves.ends import open_end

asked = json.loads(os.environ["EDEN_COPY"])


def tell(table, done, of):
    print(json.dumps({"news": {"table": table, "done": done, "of": of}}), flush=True)


try:
    source = open_end(asked["source"], Path(asked["databases"]))
    target = open_end(asked["target"], Path(asked["new_databases"]))
    result = Copy(source, target, Path(asked["notes"]), tell).run()
    for each in (source, target):
        each.connection.commit()
        each.connection.close()
except CopyFailed as failed:
    result = {"error": str(failed)}
print(json.dumps({"result": result}), flush=True)
