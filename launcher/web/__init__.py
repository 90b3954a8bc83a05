"""The web server of a site: waitress, with limits of ours, below ``./run`` and below gunicorn.

Started in the environment's Python; the rest of the launcher runs in any Python and does not import it.
"""
