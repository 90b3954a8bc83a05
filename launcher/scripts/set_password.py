"""Runs inside the application: gives a user another password. Address and password are in the environment."""

import json
import os

from applications.eden.modules.s3db.setup import set_password

try:
    if set_password(globals(), os.environ["EDEN_EMAIL"], os.environ["EDEN_PASSWORD"]):
        found = {"email": os.environ["EDEN_EMAIL"]}
    else:
        found = {
            "error": f"There is no user {os.environ['EDEN_EMAIL']}.",
            "remedy": "Users log in with their e-mail address: check how it is written.",
        }
except ValueError as refused:
    found = {"error": str(refused), "remedy": "Take a longer one, or let one be made up."}
db.commit()
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(found, output)
