"""Runs inside the application: fills an empty table with records of this site's own, as an import by hand would."""

import io
import json
import os
import sys

from benchmarks.documents import elements
from gluon import current

from applications.eden.modules.s3sync.document import Document
from applications.eden.modules.s3sync.policy import Terms

arguments = json.loads(sys.argv[-1])
site = current.sync_site
made, step = 0, 5000
while made < arguments["count"]:
    count = min(step, arguments["count"] - made)
    text = "".join(elements(arguments["table"], count, arguments.get("first", 0) + made))
    source = io.BytesIO(f"<s3xml>{text}</s3xml>".encode())
    with Document(source, site.schema, arguments["table"]) as document, site.store.transaction():
        report = site.importer.import_page(document, Terms(), site.context(None, None))
    if report.failures:
        raise ValueError(report.failures[0][1].reason)
    made += count
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(made, output)
