"""Layer 4, the ports of the exchange on a database: store, journal, checkpoints, kept versions, log.
Knows core to exchange, and from outside pydal and the database drivers.
"""

__all__ = [
    "accounts",
    "changes",
    "checkpoints",
    "deletions",
    "files",
    "journal",
    "journal_hooks",
    "kept_versions",
    "log",
    "open_there",
    "open_versions",
    "own_rows",
    "paging",
    "pending_references",
    "record_counts",
    "runs",
    "store",
    "tables",
    "thinning",
    "traffic",
    "twins",
]
