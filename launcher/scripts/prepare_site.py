"""Runs inside the application: brings the schema up to date and creates the first administrator."""

import json
import os

from applications.eden.modules.s3db.setup import prepare

result = prepare(globals(), os.environ["EDEN_ADMIN_EMAIL"], os.environ["EDEN_ADMIN_PASSWORD"])
db.commit()
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(result, output)
