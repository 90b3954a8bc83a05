"""Layer 8, what this site begins: registration, preview, and its side of a run.
Knows everything below, none of its neighbours.
"""

__all__ = ["local_site", "preview", "registration"]
