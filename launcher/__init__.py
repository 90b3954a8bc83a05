"""Starts and supervises sites: Python environment, instance folder, web server, worker, demonstration.

Everything here runs before the environment exists, so it needs the standard library only. The two modules that
run inside web2py, ``worker`` and the files in ``scripts``, say so.
"""
