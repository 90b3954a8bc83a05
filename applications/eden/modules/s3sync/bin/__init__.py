"""Layer 8, the bin: what was deleted, its way back, and its end.
Knows all lower layers, but no other folder of its own layer.
"""

__all__ = ["emptying", "entries", "restore"]
