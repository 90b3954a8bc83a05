"""Runs inside an Eden that uses what is ours: seals passwords, and asks for pages as a web server does."""

import importlib
import io
import json
import os
import sys

_package = f"applications.{request.application}.modules.s3sync"
_passwords = importlib.import_module(f"{_package}.administration.passwords")

site = current.sync_site
told = {"switched_on": site is not None, "sealed": 0, "pages": {}}
if site is not None:
    told["sealed"] = _passwords.seal(db, site.vault)
    db.commit()
    told["journaled"] = len(list(site.schema))
    told["at_once"] = [[each.table, each.reason.value, each.functions] for each in site.host.at_once()]
db.commit()


def page(path):
    """Return the status with which the application answers somebody who is not logged in, and what it says."""
    from gluon.main import wsgibase

    answered = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "HTTP_HOST": "127.0.0.1:8000",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": True,
        "wsgi.version": (1, 0),
    }
    body = wsgibase(environ, lambda status, headers, *more: answered.append(status))
    text = b"".join(each if isinstance(each, bytes) else each.encode() for each in body)
    return [answered[-1] if answered else "no answer", text[:200].decode("utf-8", "replace")]


application = request.application
for name in ("sync/offer.json", "sync/index"):
    told["pages"][name] = page(f"/{application}/{name}")
with open(os.environ["EDEN_SYNC_RESULT"], "w", encoding="utf-8") as output:
    json.dump(told, output)
