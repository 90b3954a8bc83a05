"""Layer 3, use cases over ports: export, import, and the runs that alternate them.
Knows core and wire, but neither HTTP nor a database.
"""

__all__ = [
    "account_guard",
    "bitset",
    "came",
    "capabilities",
    "deletions",
    "disputes",
    "exporter",
    "importer",
    "line",
    "listening",
    "peer",
    "ports",
    "prescribed",
    "receiving",
    "run",
    "scope",
    "scope_guard",
    "versions",
]
