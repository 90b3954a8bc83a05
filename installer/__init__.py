"""Puts Eden Sync into the application of a living Sahana Eden, keeps it up to date there, and takes it out again.

Knows only the standard library: it runs from a checkout (``./eden-sync``) and from the archive that ``tools.archive``
builds, on a server without network. What has to be done in the Eden's database is asked of a process of that Eden's own
Python (``asking``).
"""

__all__ = ["command"]
