"""Runs inside the application: brings the schema up to date and creates the first administrator.

A site whose records are in another database gets no administrator in an empty one: it would begin anew unnoticed.
"""

import json
import os

from applications.eden.modules.s3db.setup import has_administrator, prepare

if os.environ.get("EDEN_DATABASE_IN_USE") and not has_administrator(globals()):
    result = {"created_admin": False, "is_empty": True}
else:
    result = prepare(globals(), os.environ["EDEN_ADMIN_EMAIL"], os.environ["EDEN_ADMIN_PASSWORD"])
db.commit()
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(result, output)
