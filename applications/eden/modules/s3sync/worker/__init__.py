"""Layer 9, what the scheduler's worker does.
Knows all lower layers.
"""

__all__ = ["cleanup", "listening", "notices", "on_change", "summaries", "synchronise"]
