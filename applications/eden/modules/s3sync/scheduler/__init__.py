"""Layer 7, web2py's scheduler as synchronisation uses it: queue, jobs, lease, run record.
Knows everything below.
"""

__all__ = ["jobs", "lease", "queue", "run_record"]
