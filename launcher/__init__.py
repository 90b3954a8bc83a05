"""Prepares, starts and supervises sites: Python environment, instance folder, web server, worker, demo.

Everything here runs before the environment exists, so it needs only the standard library. The exceptions run
inside web2py and say so: ``worker`` and the files in ``scripts``.
"""
