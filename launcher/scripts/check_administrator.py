"""Runs inside the application: says whether an administrator has the address and the password that were given."""

import json
import os

from applications.eden.modules.s3db.setup import is_administrator

fits = is_administrator(globals(), os.environ["EDEN_ADMIN_EMAIL"], os.environ["EDEN_ADMIN_PASSWORD"])
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump({"fits": fits}, output)
