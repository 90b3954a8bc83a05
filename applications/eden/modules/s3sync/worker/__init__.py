"""Layer 9, the functions that the scheduler's worker calls.
Knows all lower layers.
"""

__all__ = ["cleanup", "synchronise"]
