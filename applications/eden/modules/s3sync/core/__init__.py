"""Layer 1, terms and rules: errors, records, policies, cursors, states.
Knows the standard library, and nothing else of this package.
"""

__all__ = [
    "atomic_write",
    "clock",
    "cursor",
    "errors",
    "fields",
    "gc_pause",
    "kept",
    "limits",
    "messages",
    "plurals",
    "policy",
    "records",
    "recurrence",
    "repository_state",
    "retry",
    "schema",
    "task",
    "text",
    "throughput",
    "write_order",
]
