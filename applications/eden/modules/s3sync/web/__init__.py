"""Layer 10, the requests of other sites, and the pages for people.
Knows all other layers.
"""

__all__ = ["bodies", "documents", "interface", "plain_resources", "screens", "watch"]
