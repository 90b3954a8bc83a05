"""Runs inside the application: writes the demo data of one side, once. Argument: the side."""

import json
import os
import sys

from applications.eden.modules.s3db.demo import populate

first_time = db(s3db["org_organisation"].id > 0).isempty()
if first_time:
    populate(globals(), sys.argv[1])
    db.commit()
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump({"populated": first_time}, output)
