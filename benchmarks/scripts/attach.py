"""Runs inside the application: makes a document with a file of random bytes, as a form does; or tells what is here.

Returns the number of organisations, and the bytes of the files of all documents that have arrived.
"""

import io
import json
import os
import random
import sys

from gluon import current

arguments = json.loads(sys.argv[-1])
site = current.sync_site
documents = site.host.table("doc_document")
if arguments.get("size"):
    content = random.Random(1).randbytes(arguments["size"])
    stored = documents.file.store(io.BytesIO(content), "map.bin")
    documents.insert(name="Map", file=stored)
    db.commit()
paths = [site.files.path("doc_document", "file", row.file) for row in db(documents).select(documents.file)]
here = {
    "records": db(site.host.table("org_organisation")).count(),
    "files": sum(path.stat().st_size for path in paths if path.is_file()),
}
with open(os.environ["EDEN_RESULT"], "w", encoding="utf-8") as output:
    json.dump(here, output)
