"""Put the clock of a whole Python process off by the seconds in ``CLOCK_OFF``, as of a computer whose clock is wrong.

Python imports it at its start where this folder is on its path (``webserver.py::WebSite.clock_off``); the site that
runs there knows nothing of it. Files keep the times that the computer gives them.
"""

from __future__ import annotations

import ctypes
import datetime
import gc
import os
import time
from typing import Any

SECONDS = int(os.environ.get("CLOCK_OFF", "0"))
_time, _time_ns = time.time, time.time_ns
_gmtime, _localtime, _strftime = time.gmtime, time.localtime, time.strftime
_now, _utcnow = datetime.datetime.now, datetime.datetime.utcnow
_OFF = datetime.timedelta(seconds=SECONDS)


def now(cls: Any, tz: Any = None) -> Any:
    """Return the time that this computer takes it for."""
    return _now(tz) + _OFF


def utcnow(cls: Any) -> Any:
    """Return the same in UTC."""
    return _utcnow() + _OFF


def put_off() -> None:
    """Let everything that asks for the time get another one."""
    time.time = lambda: _time() + SECONDS
    time.time_ns = lambda: _time_ns() + SECONDS * 10**9
    time.gmtime = lambda seconds=None: _gmtime(time.time() if seconds is None else seconds)  # type: ignore[assignment]
    time.localtime = lambda seconds=None: _localtime(time.time() if seconds is None else seconds)  # type: ignore[assignment]
    time.strftime = lambda form, when=None: _strftime(form, time.localtime() if when is None else when)  # type: ignore[assignment]
    # Many modules have the class under a name of their own: its methods change, not what is called so.
    (methods,) = gc.get_referents(datetime.datetime.__dict__)
    methods.update(now=classmethod(now), utcnow=classmethod(utcnow))
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime.datetime))


if SECONDS:
    put_off()
