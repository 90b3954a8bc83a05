"""A site's web application for any WSGI server. Workers run beside it (eden-worker@.service).

    EDEN_HOME=/var/lib/eden gunicorn --chdir /opt/eden-sync/deploy --workers 4 wsgi:application

Prepare the instance folder once with ``./run --instance /var/lib/eden --exit``. The server must run in a Python
that has the packages of requirements.txt, e.g. the one in ``.venv``. Several web processes need a database
server: PostgreSQL or MariaDB.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def load_application(home: str) -> Any:
    """Return web2py's WSGI application with an instance folder as its home.

    Args:
        home: the instance folder. It becomes the process's working directory, as web2py requires.

    Raises:
        SystemExit: the folder has not been prepared.
    """
    if not os.path.isfile(os.path.join(home, "VERSION")):
        sys.exit(f"{home} is no instance folder yet. Prepare it: ./run --instance {home} --exit")
    os.chdir(home)
    sys.path[:] = [home, *(path for path in sys.path if path != home)]
    # gluon reads its home from this variable when it is imported.
    os.environ["web2py_path"] = home  # noqa: SIM112
    from gluon.settings import global_settings

    global_settings.web2py_runtime_handler = True
    from gluon.main import wsgibase

    return wsgibase


if "EDEN_HOME" not in os.environ:
    sys.exit("Set EDEN_HOME to the instance folder of the site.")
application = load_application(os.path.abspath(os.environ["EDEN_HOME"]))
