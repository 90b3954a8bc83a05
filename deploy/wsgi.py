"""A site's web application for any WSGI server. Workers run beside it (eden-worker@.service).

    EDEN_HOME=/var/lib/eden gunicorn --config /opt/eden-sync/deploy/gunicorn.conf.py

Prepare the instance folder once with ``./run --instance /var/lib/eden --exit``. The server must run in a Python
that has the packages of requirements.txt, e.g. the one in ``.venv``. Several web processes need a database
server: PostgreSQL or MariaDB.

Limits of requests and turns come with the application (``s3sync.web.front``), whatever the server; what a server takes
before it calls the application is its own matter, so put one in front of it that buffers (nginx.conf).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if "EDEN_HOME" not in os.environ:
    sys.exit("Set EDEN_HOME to the instance folder of the site.")

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from launcher.web.application import load_application

application = load_application(Path(os.environ["EDEN_HOME"]).resolve())
