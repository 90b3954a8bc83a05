"""gunicorn with several processes of the web server of ``./run``; needs PostgreSQL or MariaDB.

    EDEN_HOME=/var/lib/eden gunicorn --config /opt/eden-sync/deploy/gunicorn.conf.py

Each process has the limits, the threads and the turns of ``./run``. gunicorn's own workers (sync, gthread) give a
connection a process or a thread while its request arrives, so a few slow clients stop them.
"""

import os
import sys

_DEPLOY = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [_DEPLOY, os.path.dirname(_DEPLOY)]

wsgi_app = "wsgi:application"
worker_class = "launcher.web.gunicorn_worker.FrontWorker"
bind = "127.0.0.1:8000"
# One for each core that the database leaves.
workers = 4
backlog = 1024
# A process that does not even come back to its loop is replaced; a long import does not count for that.
timeout = 120
graceful_timeout = 20
# What it writes is for its own user alone.
umask = 0o077
