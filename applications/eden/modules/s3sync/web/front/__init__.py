"""The WSGI layer in front of web2py: limits before anything is parsed, and turns where more is asked than can be done.

It stands behind any WSGI server: the one of ``./run``, gunicorn (``deploy/wsgi.py``), or another one.
"""

__all__ = [
    "addresses",
    "answers",
    "application",
    "cookies",
    "forms",
    "limits",
    "listeners",
    "ranges",
    "turns",
]
