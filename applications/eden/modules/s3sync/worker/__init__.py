"""Layer 9, the functions that the scheduler's worker calls.
Knows everything below.
"""

__all__ = ["cleanup", "synchronise"]
