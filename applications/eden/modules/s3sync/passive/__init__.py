"""Layer 8, the answers to requests of other sites: a file for each kind of request.
Knows all lower layers, but no other folder of its own layer.
"""

__all__ = [
    "begun",
    "contact",
    "dry_run",
    "files",
    "joining",
    "listening",
    "news",
    "offer",
    "parts",
    "pull",
    "pull_by_eden",
    "push",
    "pushes",
    "registration",
    "scoped",
    "served",
    "standing",
]
