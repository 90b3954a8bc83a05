"""Runs inside the application: returns the names of all resources that this site offers."""

import json
import os

from gluon import current

from applications.eden.modules.s3sync.passive import offer

names = [each.name for each in offer.offer(current.sync_site, None).resources]
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(names, output)
