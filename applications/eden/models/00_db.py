"""Database, data model and users, for all models that follow."""

import logging
import os
from pathlib import Path

from s3.users.auth import S3Auth
from s3.users.client_address import client_address
from s3.database.connect import connect
from s3.data_model.datamodel import S3DataModel
from s3.pages.form_keeper import FormKeeper
from s3db import load
from s3.database.schema_gate import SchemaGate
from s3sync.ui.program_requests import is_watch

_uri = settings.get_database_uri()
schema_gate = SchemaGate(request.folder, _uri, settings.modules)
_migrate = schema_gate.open()

try:
    db = current.db = connect(
        _uri,
        os.path.join(request.folder, "databases"),
        pool_size=settings.get_database_pool_size(),
        migrate=_migrate,
        **({"attempts": 1} if is_watch(request) else {}),
    )
except Exception:
    schema_gate.abandon()
    if is_watch(request):
        # Whoever watches asks again and again: that leaves no report each time.
        raise HTTP(503, "The database does not answer.\n", **{"Content-Type": "text/plain"}) from None
    raise
schema_gate.connected(db)

s3db = current.s3db = S3DataModel(db, settings, translate=T)
load(s3db, "auth")
request.client = client_address(request.env, settings.get_trusted_proxies()) or request.client
auth = current.auth = S3Auth(db, settings)
auth.define_tables(username=False, signature=False)
auth.s3_check_session()
s3db.user_id = lambda: auth.user_id
current.form_keeper = FormKeeper(Path(request.folder, "private"), lambda: auth.user_id)

current.T = T
current.log = logging.getLogger("eden")

session.samesite("Lax")
if request.is_https:
    session.secure()
response.headers["X-Content-Type-Options"] = "nosniff"
response.headers["X-Frame-Options"] = "DENY"
response.headers["Referrer-Policy"] = "same-origin"
response.headers["Content-Security-Policy"] = (
    "default-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
