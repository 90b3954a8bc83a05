"""Parameters and replies of the protocol, for both ends; a file for each section of docs/PROTOCOL.md.

It contains everything that an Eden sends and understands, and our extensions: cursors and pages, files, outcomes.
An Eden ignores what it does not know, and so do we.
"""

__all__ = [
    "dry_run",
    "file_address",
    "invitation",
    "listening",
    "names",
    "news",
    "offer",
    "prescription",
    "pull",
    "push",
    "pushes",
    "registration",
    "replies",
    "standing",
    "times",
    "variables",
]
