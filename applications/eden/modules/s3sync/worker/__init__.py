"""Layer 9, what the scheduler's worker is asked to do.
Knows everything below.
"""

__all__ = ["cleanup", "synchronise"]
