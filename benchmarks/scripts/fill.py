"""Runs inside the application: imports documents as by hand, so that the records are this site's own."""

import json
import os
import sys

from gluon import current

from applications.eden.modules.s3sync.wire.s3xml.document import Document
from applications.eden.modules.s3sync.core.policy import Terms

arguments = json.loads(sys.argv[-1])
site = current.sync_site
made = 0
for path in arguments["documents"]:
    with (
        open(path, "rb") as source,
        Document(source, site.schema, arguments["table"]) as document,
        site.store.transaction(),
    ):
        report = site.importer.import_page(document, Terms(), site.context(None, None))
    if report.failures:
        raise ValueError(report.failures[0][1].reason)
    made += sum(report.main.values())
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(made, output)
