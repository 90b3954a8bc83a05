"""Layer 7, web2py's scheduler as synchronisation uses it: queue, jobs, lease, run record.
Knows all lower layers.
"""

__all__ = ["jobs", "lease", "listening", "queue", "retries", "run_record", "schedule"]
