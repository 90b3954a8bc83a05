"""Runs inside the application: what the worker does once a day."""

import json
import os

scheduler.tasks["sync_tidy"]()
db.commit()
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump({}, output)
