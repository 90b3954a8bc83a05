"""Layer 8, monitoring: states of repositories, pending changes, the log, notices to people.
Knows all lower layers, but no other folder of its own layer.
"""

__all__ = [
    "failure_mail",
    "figures",
    "flows",
    "health",
    "log_view",
    "notices",
    "open_records",
    "pending_changes",
    "status",
    "summary",
    "troubles",
]
