"""What the types that exchange by files share: documents of anybody (``documents``), the carried exchange of two of
ours (``carried``, ``carried_place``), and either of them at a server (``at_server``).
"""

__all__ = ["at_server", "carried", "carried_place", "documents"]
