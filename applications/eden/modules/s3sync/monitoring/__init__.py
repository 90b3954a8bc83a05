"""Layer 8, monitoring: states of repositories, pending changes, the log, mail about failures.
Knows everything below, none of its neighbours.
"""

__all__ = ["failure_mail", "log_view", "pending_changes", "status"]
