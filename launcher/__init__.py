"""Starts and supervises sites: Python environment, instance folder, web server, worker, demonstration.

Everything here runs before the environment exists, so it needs the standard library only. What runs inside
web2py, ``worker`` and the files in ``scripts``, says so.
"""
